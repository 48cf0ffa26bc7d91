"""What a person corrects: of two things said for one slot that behind "no wait", or what is not excluded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.place import role_of_path
from skillbank.plan.reader.tokens import Claim, is_number

__all__ = ["runs", "settle", "settle_names"]

_EXCLUDED = (
    "operator.instead|operator.not free.glue|places.data.nouns|free.light|free.noun|"
    "places.data.link* ^place|^value|^name|^platform|^job"
)
_NEAR = 2
"""Words between a place and a correction of it where nothing else can be meant."""
_KINDS = ("place", "value", "job", "platform", "action", "captions")


def settle_names(text: Text) -> None:
    """Take back the names that are corrected, restated or only compared with, where another one stays."""
    for match in text.find("operator.not|operator.instead|'unlike|'than free.glue|'mean|'meaning* ^name"):
        _refuse(text, match.tokens(), match.end - 1)
    for match in text.find(
        "'like|'as|'unlike|'when|'where|'last|'time free.glue|free.adverb|',* 'we|'i|'they "
        "free.glue|free.light|~word* ^name"
    ):
        _refuse(text, match.tokens(), match.end - 1)
    for match in text.find("'from first=^name 'to ^name"):  # "we switched from A to B"
        _refuse(text, match.tokens("first"), match.tokens("first")[0])
    for match in text.find("'unlike 'last|'the|'our 'time|'run|'job|'training ',?"):
        text.ledger.claim("refused", match.tokens())
    for match in text.find("^name mode.later|'comes|'follows+"):
        _refuse(text, match.tokens(), match.first)
    for run in list(runs(text, restated=True)):
        lead = text.match("group.det|free.light|free.noun|'with|'for|'on*", run.stop)
        end = lead.end if lead else run.stop
        after = text.ledger.owner.get(end)
        if after is not None and after.kind == "name":
            before = [c for c in text.ledger.of("name") if c.last < run.start]
            if before and before[-1].value.skills != after.value.skills:
                between = range(before[-1].last + 1, end)
                far = any(text.tokens[i].kind in ("place", "number") for i in between)
                _refuse(text, [*run, *range(run.stop, end)] if far else between, before[-1].first)
    for match in text.find("first=^name '(|', group.det? ^name mode.restate ')?"):
        _refuse(text, match.tokens()[1:], match.first)


def _refuse(text: Text, words: list[int] | range, name: int) -> None:
    owner = text.ledger.owner.get(name)
    if owner is not None and any(c.value.skills != owner.value.skills for c in text.ledger.of("name")):
        text.ledger.replace(owner, "refused")
        free = [i for i in words if text.ledger.free(i) and text.tokens[i].kind != "name"]
        if free:
            text.ledger.claim("refused", free)


_SPARED = (
    "'leave ^place 'alone|'untouched|'out|'be|'aside",
    "operator.not 'touch|'use|'write|'take|'read|'overwrite|'change|'modify|'delete|'mix|'to|"
    "'in|'into|free.glue+ ^place",
)
"""Places that are not to be used, whatever else is: nothing has to be done for them."""


def settle(text: Text) -> None:
    """Take out what is excluded or corrected; the words that say so are accounted for with it."""
    for match in list(
        text.find(
            "^platform 'is|'was free.adverb* 'down|'full|'busy|'broken|'slow|'offline|"
            "'unavailable|'occupied|'dead|'overloaded"
        )
    ):
        claim = text.ledger.owner[match.first]
        if any(c is not claim for c in text.ledger.of("platform")):
            text.ledger.replace(claim, "excluded")
            text.ledger.claim("excluded", match.tokens())
    _excluded(text)
    for run in list(runs(text)):
        _corrected(text, run)
    _history(text)
    _lacking(text)


def runs(text: Text, *, restated: bool = False) -> Iterator[range]:
    """Yield the words of each correction, with the marks and sighs around it: ", hmm, actually no,"."""
    i = 0
    sections = ("grammar.mode.fix", "grammar.mode.doubt", *(("grammar.mode.restate",) if restated else ()))
    while i < len(text.tokens):
        end, strong, weak, marks = i, False, 0, 0
        while end < len(text.tokens) and text.ledger.free(end):
            ends = [e for s in sections for e in text.ends(end, s)]
            if ends and all(map(text.ledger.free, range(end, max(ends)))):
                strong = strong or any(
                    max(ends) in text.ends(end, s) for s in sections if not s.endswith("doubt")
                )
                weak += 1
                end = max(ends)
            elif (text.tokens[end].kind == "mark" and text.tokens[end].text in ",.-(:;!\n") or text.tokens[
                end
            ].text == "or":
                marks += 1
                end += 1
            else:
                break
        opened = text.tokens[i].kind == "mark" or text.tokens[i].text == "or" or i == 0
        bare = (
            weak == 1
            and any(text.tokens[k].text == "no" for k in range(i, end))
            and text.tokens[end - 1].kind != "mark"
        )
        if strong or (weak and opened and not bare):
            yield range(i, end)
        i = max(end, i + 1)


def _excluded(text: Text) -> None:
    """Read "instead of A use B", "not A but B": A goes where there is another for the same."""
    for source in _SPARED:
        for match in list(text.find(source)):
            owner = text.ledger.owner.get(next(i for i in match.tokens() if not text.ledger.free(i)))
            if owner is not None and owner.kind == "place":
                kind = "unread" if _is_part(text, owner) else "excluded"
                made = text.ledger.replace(owner, kind)
                text.ledger.claim(kind, [*match.tokens(), *made.tokens])
    for match in list(text.find("'no ',? ^value|^platform|^excluded")):
        if text.tokens[match.end - 1].text == "not":
            text.ledger.claim("excluded", match.tokens())
    for match in list(text.find(_EXCLUDED)):
        owner = text.ledger.owner.get(match.end - 1)
        if owner is None or owner.kind == "name":
            continue
        if (
            owner.kind == "place"
            and _is_part(text, owner)
            and not text.within(match.first, "grammar.operator.instead")
        ):
            made = text.ledger.replace(owner, "unread")
            text.ledger.claim("unread", [*match.tokens(), *made.tokens])
        elif any(
            c is not owner and (_rivals(owner, c) or _rivals(c, owner)) for c in text.ledger.of(owner.kind)
        ):
            said = match.first and text.tokens[match.first].text == "no"
            unclear = said and text.tokens[match.first - 1].kind == "place"  # "A no B" is either
            kind = "unread" if unclear else "excluded"
            made = text.ledger.replace(owner, kind)
            text.ledger.claim(kind, [*match.tokens(), *made.tokens])


def _is_part(text: Text, place: Claim) -> bool:
    """Whether a place lies in another one of the text: to leave it out is more than to name the other."""
    return any(
        place.value.uri.startswith(f"{c.value.uri.rstrip('/')}/")
        for c in text.ledger.of("place")
        if c is not place
    )


def _history(text: Text) -> None:
    """Mark "job 9e2d10 had lr 1e-4": what another run had is not said of this one."""
    source = "^job|^name 'had|'used|'ran|'took free.adverb|free.glue|places.data.nouns* &^value"
    for match in list(text.find(source)):
        claim = text.ledger.owner[match.end]
        text.ledger.replace(claim, "unread")


def _lacking(text: Text) -> None:
    """Read "without validation" and "no prompts" where none are given: nothing is left out that was said."""
    roles = {c.value.role for c in text.ledger.of("place")}
    if "eval_dataset" not in roles:
        for match in list(
            text.find(
                "operator.not group.det* places.roles.eval_dataset.bare|places.roles.eval_dataset.before"
            )
        ):
            text.ledger.claim("refused", match.tokens(), "eval_dataset")
    if not text.ledger.of("captions", "find"):
        for match in list(text.find("operator.not free.light|group.det* slots.captions.nouns")):
            text.ledger.claim("refused", match.tokens())


def _corrected(text: Text, run: range) -> None:
    """Read "on A, no wait, on B" and "10 epochs, sorry, 20": what was said before for the same goes."""
    ledger, end, done = text.ledger, run.stop, False
    if end < len(text.tokens) and text.tokens[end].text in ("and", "also", "plus"):
        return  # "oh, and also B" says more
    for later in (c for c in ledger.of(*_KINDS) if c.first >= end):
        between = [text.tokens[i] for i in range(end, later.first)]
        if any(t.kind == "mark" or t.text == "then" for t in between):
            break
        rivals = [c for c in ledger.of(later.kind) if c.last < run.start and _rivals(later, c)]
        before = _of_one_role(text, run, later, rivals)
        if before is None:
            ledger.replace(later, "unread")
            done = True
        elif before:
            _put(text, before[-1], later)
            done = True
        elif not done:
            break
        end = later.last + 1
    if not done:
        done = _bare(text, run)
    if done:
        free = [i for i in run if ledger.free(i)]
        ledger.claim("excluded", free or [run.start])


def _of_one_role(text: Text, run: range, later: Claim, before: list[Claim]) -> list[Claim] | None:
    """Return those of several places that a further one can correct; None where nothing tells which."""
    roles = {c.value.role for c in before} if later.kind == "place" and later.value.role is None else set()
    if len(roles) < 2:
        return before
    own = role_of_path(text, later.value.uri)
    like = [c for c in before if own is not None and own in (c.value.role, role_of_path(text, c.value.uri))]
    beside = run.start - before[-1].last <= _NEAR
    return like or (before if beside else None)


def _put(text: Text, before: Claim, later: Claim) -> None:
    """Put what is said later in the place of what was said before; it has the same role."""
    text.ledger.replace(before, "excluded")
    if later.kind == "place" and later.value.role is None:
        text.ledger.replace(later, "place", replace(later.value, role=before.value.role))


def _bare(text: Text, run: range) -> bool:
    """Read a number without a noun behind a correction: it takes the slot of the number before."""
    for i in range(run.stop, min(run.stop + 7, len(text.tokens))):
        token = text.tokens[i]
        if token.kind == "mark" or not text.ledger.free(i):
            return False
        ends = (
            i + 1 == len(text.tokens)
            or text.tokens[i + 1].kind == "mark"
            or text.tokens[i + 1].text in ("and", "then", "instead", "please", "on", "with", "for")
        )
        if ends and (token.kind == "number" or token.text == "one"):
            return _takes(text, i, [c for c in text.ledger.of("value") if c.last < run.start])
    return False


def _takes(text: Text, i: int, before: list[Claim]) -> bool:
    """Give a number the slot of the last number said before, which goes."""
    numbers = [c for c in before if is_number(c)]
    if not numbers:
        return False
    text.ledger.replace(numbers[-1], "excluded")
    said = 1 if text.tokens[i].text == "one" else text.tokens[i].value
    text.ledger.claim("value", [i], replace(numbers[-1].value, value=said, negated=False))
    return True


def _rivals(one: Claim, other: Claim) -> bool:
    """Whether two claims say the same thing, so that only one of them can hold."""
    if one.kind == "place":
        return one.value.role == other.value.role or one.value.role is None
    if one.kind == "value":
        return (one.value.slot, one.value.key) == (other.value.slot, other.value.key)
    return True
