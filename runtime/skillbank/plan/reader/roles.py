"""What data is for, as it is said: "training data in X", "X for validation", "the first for training"."""

from __future__ import annotations

from dataclasses import replace

from skillbank.plan.reader.coordination import ADDING
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.place import (
    AFTER,
    BARE,
    DOING,
    LINK,
    LIST,
    NOUN,
    OF,
    OPEN,
    SOURCES,
    WORDS,
    Place,
    brackets,
    bridges,
    claim_place,
    listed_with,
    place_at,
    role_said,
    roles_of,
)  # fmt: skip
from skillbank.plan.reader.value import Value

__all__ = ["take_references", "take_roles"]

_SAID = (
    f"group.prep? group.det+ {WORDS} role={NOUN} {LINK}* {LIST}",
    f"group.prep? group.det+ role={NOUN} ', 'which|'that {LINK}* {LIST}",
    f"group.prep? group.det* n=@number? free.adjective|'more|'for* role={NOUN} {OF}* {LINK}* {LIST}",
    (
        f"group.prep? group.det* n=@number? free.adjective* role={NOUN} {OF}* places.data.link* n=@number? "
        f"places.data.nouns* ',|': {LIST}"
    ),
    f"group.prep? group.det? role={BARE} ':|'=|'is|'are|'-|group.det|{OPEN}* {LIST}",
    f"group.prep group.det? role={BARE} {LINK}* {LIST}",
    f"group.det? role={BARE} 'one|'ones+ {LINK}* {LIST}",
    f"group.det? role={BARE} places.data.link|places.data.happens|'with|'using|'over* {LIST}",
)
_PAIRS = (
    (
        f"group.prep? group.det* one={NOUN}|{BARE} 'and|'/|'&|'plus group.det* two={NOUN}|{BARE} {LINK}* "
        "a=@place ')? ',|'and|'/|'& 'in|'on|'at? b=@place"
    ),
    (
        f"a=@place ',|'and|'/|'& b=@place 'are|'as|'for|'=|':|'( group.det* one={NOUN}|{BARE} "
        f"'and|'/|'&|', group.det* two={NOUN}|{BARE}"
    ),
)
_ORDINALS = {
    "first": 0,
    "former": 0,
    "1st": 0,
    "second": 1,
    "latter": -1,
    "2nd": 1,
    "third": 2,
    "other": 1,
    "last": -1,
}


def take_roles(text: Text, *, training: bool) -> None:
    """Account for places with their roles, in the order in which words tell most.

    Parameters
    ----------
    training
        Whether the text speaks of a training: "validate on X" then says where its validation data lies.
    """
    for claim in text.ledger.of("place"):
        if text.tokens[claim.last].kind == "pair" and claim.value.role in SOURCES:
            listed_with(text, claim.last + 1, claim.value)
    _respectively(text)
    _said(text, _SAID[:3], bare=False)
    what = roles_of("done")
    link = "@name|group.it|free.glue|'should|'must*"
    for match in text.find(
        f"{LIST} 'is|'are 'what|'where|'which|'the|'data|'one+ {link} role={what} 'on|'with|'against|'from"
    ):
        role = role_said(text, match.tokens("role"))
        claim_place(text, match, role)
    kept = "'there|'meant|'intended|'reserved|'kept|'used|'ready|'available|'here"
    between = f"')|'>? {OPEN}|',|'then|'=? 'which|'that? 'is|'are|'has|'holds|'contains? {kept}|group.det*"
    for match in text.find(f"{LIST} {between} role={AFTER}|{NOUN}|{BARE}"):
        _after(text, match)
    _said(text, _SAID[3:], bare=True)
    _validated(text, training=training)


def _respectively(text: Text) -> None:
    """Read "training and validation data in A and B"."""
    for source in _PAIRS:
        for match in text.find(source):
            for place, role in (("a", "one"), ("b", "two")):
                [i] = match.tokens(place)
                text.ledger.claim("place", [i], place_at(text, i, role_said(text, match.tokens(role))))
            text.ledger.claim("order", [i for i in match.tokens() if text.tokens[i].kind != "name"])


def _said(text: Text, sources: tuple[str, ...], *, bare: bool) -> None:
    for source in sources:
        for match in text.find(source):
            if not bridges(text, match) and not (bare and _asks(text, match)):
                claim_place(text, match, role_said(text, match.tokens("role")))


def _validated(text: Text, *, training: bool) -> None:
    """Read "validate on X" of a training, and "calibrate on X"."""
    for role in ("calibration_dataset", *(("eval_dataset",) if training else ())):
        for match in text.find(
            f"places.roles.{role}.verbs group.it? @name? group.prep? group.det* {OF}* {LINK}* {LIST}"
        ):
            led = text.holds(match.tokens(), "grammar.group.prep")
            if text.word(match.first).startswith("check") and not led:
                text.ledger.claim("unread", [match.first])  # "but check X first" looks at the data
            elif not bridges(text, match):
                claim_place(text, match, role)
    for match in text.find(f"^value on=group.prep on=group.det|places.data.nouns* {LIST}"):
        [place] = match.tokens("list")[:1]
        value = text.ledger.owner[match.first].value
        often = isinstance(value, Value) and value.slot == "validation_interval"
        if training and often and text.ledger.free(place):  # "validate every 2 epochs on X"
            text.ledger.claim("place", [*match.tokens("on"), place], place_at(text, place, "eval_dataset"))


def _asks(text: Text, match: Match) -> bool:
    """Whether the word of a role asks for the action: "train with X", "an evaluation on X"."""
    behind = {text.tokens[i].text for i in match.tokens() if i > match.tokens("role")[-1]}
    if (
        behind & {":", "=", "is", "are", "-", "(", "[", "use", "take", "using"}
        or text.tokens[match.first].text == "for"
    ):
        return False
    first = match.tokens("role")[0]
    base = any(
        text.within(first, f"actions.{a}.base") and not text.within(first, f"actions.{a}.nouns")
        for a in DOING
    )
    return base or (
        bool(behind & {"on", "with", "over", "against", "in"})
        and any(text.within(first, f"actions.{a}.nouns") for a in DOING)
    )


def _after(text: Text, match: Match) -> None:
    """Read "X for validation" and "X (validation)"; what a role leads to another place is not of this one."""
    end, said = match.end, match.tokens("role")
    [place] = match.tokens("list")[:1]
    if not text.ledger.free(place) or not _is_said_of(text, match, place) or _leads_on(text, match, place):
        return
    verbs = [i for i in said if text.word(i - 1) == "to" and text.within(i, *_VERBS)]
    closed = [end] if text.word(end) in (")", "]") else []
    words = [i for i in match.tokens() if i not in verbs]
    role = role_said(text, said)
    made = text.ledger.claim(
        "place", [*words, *closed, *brackets(text, place)], place_at(text, place, role, said)
    )
    also = text.match(f"'and group.det* role={NOUN}|{BARE}|{AFTER}", end)
    if also is not None and text.match(f"{LINK}* @place", also.end) is None:
        text.ledger.claim("order", also.tokens())
        text.ledger.claim("place", [place], place_at(text, place, role_said(text, also.tokens("role"))))
    if text.word(said[0]) == "are" or text.word(place - 1) in ("plus", "+") or _is_taken(text, place):
        _backwards(text, place, made.value)


_SUBJECT = ("grammar.group.prep", "grammar.group.det", "places.data.nouns")
_VERBS = ("actions.train.base", "actions.evaluate.base")
_SAYING = frozenset(["which", "that", "is", "are", "has", "holds", "contains", ",", "the", "our", "my", "a"])
"""What stands between a place and a role that is said of it by the way."""
_CLOSING = frozenset(["", "and", ",", ".", ";", ")", "]", "!", "for"])
"""What stands behind a role that leads to nothing else."""


def _is_said_of(text: Text, match: Match, place: int) -> bool:
    """Whether a role behind a place is said of it: by a phrase, in brackets, or as in "X is the test set"."""
    end, first = match.end, match.tokens("role")[0]
    role = role_said(text, match.tokens("role"))
    between = {text.tokens[i].text for i in range(place + 1, first)}
    if end in text.ends(first, f"places.roles.{role}.after") or between & {"(", "[", "then", "="}:
        return True
    bare = end in text.ends(first, f"places.roles.{role}.bare")
    return text.word(end) in _CLOSING and not bare and between <= _SAYING


def _leads_on(text: Text, match: Match, place: int) -> bool:
    """Whether a role behind a place leads to another: "train on A, to validate it on B"."""
    end, first = match.end, match.tokens("role")[0]
    if text.word(first) == "to" and text.match(f"group.it|@name* group.prep {LINK}* @place", end):
        return True
    close = place + 1 == first and text.word(end) == "on"  # "with V for validation on T"
    closes = text.word(end) in _CLOSING or close
    return not closes and text.match(f"{LINK}* @place", end) is not None


def _is_taken(text: Text, place: int) -> bool:
    """Whether a list of places has one verb or none: "use A and B as training data"."""
    first = place
    while first > 1 and text.word(first - 1) in ADDING:
        before = next(
            (k for k in range(first - 1, max(-1, first - 4), -1) if text.tokens[k].kind == "place"), None
        )
        if before is None:
            break
        first = before
    opens = first
    while opens and text.within(opens - 1, *_SUBJECT):
        opens -= 1  # "everything under A and B is for training"
    alone = (opens == 0 or text.tokens[opens - 1].kind == "mark") and text.word(place - 1) in ADDING - {","}
    return first != place and (
        alone or text.tokens[first - 1].text in ("use", "take", "using", "taking", "both")
    )


def _backwards(text: Text, place: int, like: Place) -> None:
    """Give the places listed before one its role too."""
    while place > 1:
        before = next(
            (k for k in range(place - 1, max(-1, place - 4), -1) if text.tokens[k].kind == "place"), None
        )
        between = [text.tokens[k].text for k in range(before + 1, place)] if before is not None else ["."]
        if before is None or not text.ledger.free(before) or not set(between) <= ADDING | {"both"}:
            return
        text.ledger.claim(
            "place",
            [before, *(k for k in range(before + 1, place) if text.ledger.free(k))],
            replace(like, uri=str(text.tokens[before].value)),
        )
        place = before


def _ordinals(text: Text) -> None:
    """Read "the first for training, the second for validation"."""
    for match in text.find(
        "group.det? nth='first|'former|'second|'latter|'third|'other|'last 'one|places.data.nouns? "
        f"'is|'are|'being|'goes|'serves? role={AFTER}"
    ):
        found = [
            c for c in text.ledger.of("place") if c.value.role in (None, *SOURCES) and c.last < match.first
        ]
        nth = _ORDINALS[text.tokens[match.tokens("nth")[0]].text]
        if len(found) > max(nth, 0) and found[nth].value.role is None:
            made = replace(found[nth].value, role=role_said(text, match.tokens("role")))
            text.ledger.replace(found[nth], "place", made)
            text.ledger.claim("order", match.tokens())


def take_references(text: Text) -> None:
    """Account for words that come back to a place: "and evaluate it on the test set"."""
    _ordinals(text)
    held = [c.value for c in text.ledger.of("place")]
    for match in text.find(f"group.prep group.det* role={NOUN}"):
        role = role_said(text, match.tokens("role"))
        before = range(max(0, match.first - 6), match.first)
        other = role == "train_datasets" and any(
            text.within(k, "actions.evaluate.base", "actions.inference.base", "actions.words.test")
            for k in before
        )
        if not other and any(p.role == role for p in held):
            text.ledger.claim("order", match.tokens())
