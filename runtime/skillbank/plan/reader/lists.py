"""Lists of things to be found: where one goes on, and where the words lead to something else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from skillbank.plan.reader.lexer import ALONE
from skillbank.plan.reader.matching import Text

__all__ = ["FIND", "List", "continues", "goes_on", "listed", "read_list"]

_ARTICLE = re.compile(r"^(?:all of the|all the|an?|the|all|any|every|each|some)\s+(?=\S)", re.IGNORECASE)
_ENDS = frozenset(".!?;():\n<>[]")
_QUALIFYING = frozenset({
    "without", "with", "wearing", "holding", "carrying", "say", "namely", "but", "except"
})  # fmt: skip
_JOINS = frozenset({",", "/", "&", "+", "and", "or", "plus", "n"})
FIND = "actions.words.find"
_DATA = "places.data.nouns|free.noun"
_ON = "'in|'on|'from|'at|'inside|'within|'across|'over|'through|'under|'of|'throughout|'among"
_WITH = "'with|'using|'by|'via|'through|'from|'on|'in|'of|'at|'use|'take|'and|'above|'over|'below"
_AWAY = (
    f"{_ON} group.det|free.adjective* @place",
    "'with|'at|'above|'over|'below|'having group.det|free.adjective|~word* slots.threshold.nouns",
    (
        f"{_ON} group.det|free.adjective|~word|@number|^unread* {_DATA}+ "
        f"places.data.link|group.prep|group.det|free.adjective|{_DATA}* @place"
    ),
    f"{_ON} group.det|free.adjective* group.it|{_DATA} 'above|'below|'there? !~word",
    "'for 'me|'us|'my|'our|'them|'him|'her",
    f"{_WITH} group.det|free.adjective|places.weights.before|places.data.link|group.prep|{_DATA}"
    "|actions.words.engine* "
    "@name|@job|^job|^name|^value|^engine|^platform|^policy|actions.words.engine",
    (
        f"{_WITH} group.det|free.adjective|places.data.link|free.noun* "
        "places.weights.before|places.results.before"
    ),
)
"""What leads away from a phrase of things to be found: to where they lie or with what they are found."""
_OTHER = (
    (
        "places.results.before|places.weights.before|places.labels.before|places.data.nouns"
        "|free.adjective|group.det+ "
        "places.data.link* @place"
    ),
    (
        "group.prep? group.det? places.roles.inference_dataset.before|places.data.nouns "
        "':|'=|'is|'are|'in|'at|'on|'from"
    ),
    "group.det* @name|@job|^job|^name|^value|^platform|^policy|^report",
    (
        "operator.not|operator.only|free.adverb|courtesy.words|mode.fix|mode.reason|mode.condition|mode.order"
        "|mode.directive|free.light"
    ),
    "actions.words.apply|actions.words.convert|actions.words.measure|places.results.verbs",
    "mode.subject free.adverb* mode.copula",
    "'i|'we|'you|'he|'she|'they|'it|'whatever|'etc|'maybe|'perhaps",
    (
        "actions.train.base|actions.evaluate.base|actions.export.base|actions.quantize.base"
        "|actions.inference.base"
    ),
)
"""What begins something else behind a comma or "and"."""


@dataclass(slots=True)
class List:
    """A list that has been read: its tokens, what it holds, and where it ends."""

    used: list[int]
    items: list[str]
    end: int


def listed(said: str, *, quoted: bool) -> list[str]:
    """Divide what was written as one value: at full stops, as models take them, at commas without quotes."""
    parts = re.split(
        r"\s+\.(?:\s+|$)|\.\s+(?=.*\.$)"
        + (r"|(?<!\d),(?=[^\s\d])" if quoted else r"|\s*[,;]\s*(?:and\s+|or\s+)?"),
        said,
    )
    return [p for part in parts if (p := _ARTICLE.sub("", part.strip(" .\"'")))] or [said.strip()]


def goes_on(text: Text, at: int) -> tuple[list[int], list[str]]:
    """Return the tokens and the items of a list that goes on behind its first item."""
    if at >= len(text.tokens) or text.tokens[at].text not in _JOINS or not continues(text, at + 1):
        return [], []
    found = read_list(text, at + 1, marked=False)
    return [at, *found.used], found.items


def read_list(text: Text, at: int, *, marked: bool, until: int | None = None) -> List:
    """Read a list of things to be found; behind a colon (``marked``) a semicolon divides it too."""
    ledger, tokens = text.ledger, text.tokens
    found = List([], [], at)
    part: list[int] = []

    def close() -> None:
        said = _ARTICLE.sub("", f"{ledger.said(part).strip()} ").strip().rstrip(".") if part else ""
        said = re.sub(r"\s+(?:there|here|too|as well|please|now|today)$", "", said, flags=re.IGNORECASE)
        if said and not _ARTICLE.match(f"{said} -"):
            found.items.append(said)
        part.clear()

    i, stop = at, len(tokens) if until is None else until
    while i < stop and ledger.free(i):
        token = tokens[i]
        if token.kind == "quote":
            close()
            found.items += listed(token.value, quoted=True)
        elif token.kind not in ("word", "mark", "number"):
            break
        elif token.text == "," and _qualifies(text, i + 1):
            part.append(i)
        elif token.text in _JOINS or (
            token.text in (ALONE, ";") and (marked or token.text == ALONE) and _is_item(text, i + 1)
        ):
            if not continues(text, i + 1):
                break
            close()
        elif token.text == ALONE and (i + 1 == len(tokens) or _leads_away(text, i + 1, begun=True)):
            found.used.append(i)  # "red circle . blue star ."
            i += 1
            break
        elif (token.kind == "mark" and token.text in {*_ENDS, ALONE}) or _leads_away(
            text, i, begun=bool(part or found.items)
        ):
            break
        else:
            part.append(i)
        found.used.append(i)
        i += 1
    close()
    found.end = i
    return found


def _qualifies(text: Text, i: int) -> bool:
    """Whether a comma stands inside of one description: "a hat, without glasses", "vehicles, e.g. cars"."""
    if i >= len(text.tokens) or text.tokens[i].text not in _QUALIFYING or not text.ledger.free(i):
        return False
    return not _leads_away(text, i, begun=True)


def _is_item(text: Text, i: int) -> bool:
    """Whether nothing but plain words stands up to the next mark."""
    start = i
    while i < len(text.tokens) and not (
        text.tokens[i].kind == "mark" and text.tokens[i].text in {*".;!?\n", ALONE}
    ):
        if not text.ledger.free(i) or (
            text.tokens[i].kind not in ("word", "quote", "number") and text.tokens[i].text != ","
        ):
            return False
        i += 1
    return i > start and continues(text, start)


def continues(text: Text, i: int) -> bool:
    """Whether a list goes on behind a comma or "and": with a noun, and not with something else to do."""
    if i >= len(text.tokens) or not text.ledger.free(i):
        return False
    token = text.tokens[i]
    if token.kind == "quote":
        return True
    if token.text in _JOINS and token.text != "n":
        return continues(text, i + 1)
    if token.kind != "word" or (text.within(i, FIND) and _is_followed(text, i)):
        return False
    if any(text.match(source, i) is not None for source in _AWAY):
        return False
    return _is_thing(text, i) or not any(text.match(source, i) is not None for source in _OTHER)


def _is_thing(text: Text, i: int) -> bool:
    """Whether a word that can be a verb is a thing here ("smoke or fire"): no object follows."""
    if not text.within(i, "actions.words.things"):
        return False
    end = i + 1
    plain = (
        end >= len(text.tokens)
        or text.tokens[end].kind == "mark"
        or text.tokens[end].text in _JOINS
        or text.is_plain(end)
    )
    return plain or any(text.match(source, end) is not None for source in _AWAY)


def _is_followed(text: Text, i: int) -> bool:
    """Whether a verb of finding has an object: "and count the boxes", but not "and count"."""
    end = max(text.ends(i, FIND))
    return (
        end < len(text.tokens)
        and text.tokens[end].kind in ("word", "place", "quote")
        and not text.within(end, "grammar.group.prep")
    )


def _leads_away(text: Text, i: int, *, begun: bool) -> bool:
    """Whether a word leads to where, with what or why things are to be found."""
    word = text.tokens[i].text
    if word in ("please", "then", "but") or text.within(
        i, "grammar.mode.reason", "grammar.mode.fix", "grammar.mode.condition", "grammar.mode.schedule"
    ):  # fmt: skip
        return True
    if any(text.match(source, i) is not None for source in _AWAY):
        return True
    return not begun and word in ("in", "on", "at", "from", "with", "using", "of", "by", "if", "when")
