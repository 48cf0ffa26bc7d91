"""What is said not to be meant: "anything but X", "A instead of B", "without validation".

Where something else is named that it could have been meant instead of, it goes; else its words are asked
about, or it stays, where they say something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import phrase, phrases
from skillbank.plan.reader.tokens import Claim, are_rivals, is_number

__all__ = [
    "NO_THINGS", "excluding", "is_led", "settle_excluded", "settle_exclusions", "settle_lacking",
]  # fmt: skip

NO_THINGS = (
    "grammar.free.glue", "grammar.free.adverb", "grammar.free.light", "grammar.courtesy.words",
)  # fmt: skip
_NO_NAMES = (
    "told.members", "told.choosing", "places.data.nouns", "grammar.free.adjective", "grammar.free.noun",
)  # fmt: skip


def settle_exclusions(text: Text, *kinds: str) -> None:
    """Take out what "anything but" excludes of some kinds of claims.

    It goes without a word where the exclusion stands apart and something else is named that it could have
    been meant instead of ("train A, anything but B"). Else the words name nothing, and are asked about.
    """
    for first, end in excluding(text.unread()).items():
        for claim in text.ledger.of(*kinds):  # one that has the words itself: "anything but fp16"
            if claim.last >= end and not set(claim.tokens).isdisjoint(range(first, end)):
                _exclude(text, claim, range(first, end))
    held = "|".join(f"^{kind}" for kind in kinds)
    for lead in phrases("exclusions.leads"):
        for match in list(text.find(f"{lead} {phrase('exclusions.led')} &{held}")):
            _exclude(text, text.ledger.owner[match.end], range(match.first, match.end))


def excluding(text: Text) -> dict[int, int]:
    """Return where the words "anything but" begin that no claim has, and where what they exclude begins."""
    return {match.first: match.end for match in text.phrases("exclusions.leads")}


def _exclude(text: Text, owner: Claim, words: range) -> None:
    apart = text.kind(words.start - 1) == "mark"
    if apart and owner.kind == "value" and owner.value.negated:
        return  # "no HPO, anything but fp16" denies as "without fp16" does
    others = [c for c in text.ledger.of(owner.kind) if c.first < owner.first and c is not owner]
    if owner.kind == "place":
        others = [c for c in others if c.value.uri != owner.value.uri]
    _take(text, owner, words, "excluded" if apart and _has_rival(owner, others) else "unread")


def _take(text: Text, owner: Claim, words: Iterable[int], kind: str) -> None:
    """Take a claim out, with the words that say so."""
    text.ledger.claim(kind, [*words, *text.ledger.replace(owner, kind).tokens])


def _has_rival(owner: Claim, others: Iterable[Claim]) -> bool:
    return any(c is not owner and (are_rivals(owner, c) or are_rivals(c, owner)) for c in others)


_BUT = frozenset({"but", "save", "bar"})


def _leave_methods(text: Text) -> None:
    """Leave unread the algorithm that is taken out: "any HPO but bayesian", not "HPO, but bayesian"."""
    for claim in text.ledger.of("value"):
        behind = text.word(claim.first - 1) in _BUT and text.kind(claim.first - 2) == "word"
        if claim.value.slot == "algorithm" and behind:
            _take(text, claim, [claim.first - 1], "unread")


def settle_excluded(text: Text) -> None:
    """Take out what is excluded beside another of its kind: "instead of A use B", "not A but B"."""
    _settle_each(text, "exclusions.busy", _leave_busy)
    for match in text.unread().phrases("exclusions.neither"):
        text.ledger.mark("unread", match.tokens())
    settle_exclusions(text, "place", "value", "job", "platform")
    _leave_methods(text)
    for group, settle in _SETTLED.items():
        _settle_each(text, group, settle)
    _take_earlier(text)


def _take_earlier(text: Text) -> None:
    """Account for the earlier run that had what is excluded: "20 epochs and not 30 like last time"."""
    bare = text.unread()
    for claim in text.ledger.of("excluded", "refused"):
        matches = (bare.match(source, claim.last + 1) for source in phrases("exclusions.earlier"))
        match = next((m for m in matches if m is not None), None)
        jobs = [c for c in text.ledger.of("job") if match is not None and c.first in match.tokens()]
        if match is None or not text.owners(match.tokens()) <= {"", "job"}:
            continue
        if all(str(c.value).startswith("last") and c.last < match.end for c in jobs):
            for job in jobs:
                text.ledger.withdraw(job)
            text.ledger.claim("excluded", match.tokens())


def _settle_each(text: Text, group: str, settle: Callable[[Text, Match], None]) -> None:
    for match in list(text.phrases(group)):
        settle(text, match)


def _leave_busy(text: Text, match: Match) -> None:
    """Exclude a platform that is busy, beside another one."""
    owner = text.ledger.owner[match.first]
    if any(c is not owner for c in text.ledger.of("platform")):
        _take(text, owner, match.tokens(), "excluded")


def _leave_spared(text: Text, match: Match) -> None:
    owner = text.ledger.owner[match.tokens("what")[0]]
    _take(text, owner, match.tokens(), "unread" if _is_part(text, owner) else "excluded")


def _leave_number(text: Text, match: Match) -> None:
    """Exclude a number behind the one that is meant: "30 epochs and not 50"."""
    if is_number(text.ledger.owner[match.first]) and not text.within(match.end, "grammar.free.noun"):
        text.ledger.claim("excluded", match.tokens())


def _leave_denied(text: Text, match: Match) -> None:
    if text.word(match.end - 1) == "not":
        text.ledger.claim("excluded", match.tokens())


def _leave_excluded(text: Text, match: Match) -> None:
    said = text.ledger.owner.get(match.end - 1)
    if said is not None and (kind := _fate(text, match, said)):
        _take(text, said, match.tokens(), kind)


_SETTLED: Mapping[str, Callable[[Text, Match], None]] = {
    "exclusions.spared": _leave_spared,
    "exclusions.number": _leave_number,
    "exclusions.no_not": _leave_denied,
    "exclusions.excluded": _leave_excluded,
}
"""By the phrases that exclude something, in the order in which they count, what they take out."""


def _fate(text: Text, match: Match, owner: Claim) -> str:
    """Return what becomes of something that is excluded: nothing without a rival."""
    if owner.kind == "name" or is_led(text, owner):
        return ""  # "not the holdout, A": A is what is meant
    part = owner.kind == "place" and _is_part(text, owner)
    led = text.match("'instead|'rather|'in", match.first) is not None
    if part and not led:  # "but not A/bad", where "not" alone is an operator of both kinds
        return "unread"
    if not _has_rival(owner, text.ledger.of(owner.kind)):
        return ""
    unclear = text.word(match.first) == "no" and text.kind(match.first - 1) == "place"
    return "unread" if unclear else "excluded"  # "A no B" is either


def is_led(text: Text, claim: Claim) -> bool:
    """Whether words and a mark lead to what a claim holds."""
    return any(text.tokens[i].text in ":,-" for i in claim.tokens)


def _is_part(text: Text, place: Claim) -> bool:
    """Whether a place lies in another one of the text: to leave it out is more than to name the other."""
    others = [c.value.uri for c in text.ledger.of("place") if c is not place and c.value.role != "results"]
    alone = not place.value.uri.startswith((".", "/", "~")) and "/" not in place.value.uri
    a_file = alone and "." in place.value.uri and not any("." in uri.strip("./") for uri in others)
    return any(place.value.uri.startswith(f"{uri.rstrip('/')}/") or a_file for uri in others)


def settle_lacking(text: Text) -> None:
    """Read "without validation" and "no prompts" where none are given: nothing is left out that was said."""
    for match in list(text.phrases("exclusions.history")):
        text.ledger.replace(text.ledger.owner[match.end], "unread")
    if all(c.value.role != "eval_dataset" for c in text.ledger.of("place")):
        for match in list(text.phrases("exclusions.validation")):
            tests = text.word(match.end - 1) == "split" and "test" in text.words(match.tokens())
            text.ledger.claim("refused", match.tokens(), None if tests else "eval_dataset")
    _settle_unwanted(text)


def _settle_unwanted(text: Text) -> None:
    """Read "no prompts" and things that are not wanted beside those that are looked for."""
    looked_for = text.ledger.of("captions", "find")
    for match in list(text.phrases("exclusions.captions")) if not looked_for else ():
        text.ledger.claim("refused", match.tokens())
    wanted = {word for c in looked_for for item in c.value or () for word in item.split()}
    for match in list(text.phrases("exclusions.unwanted")) if wanted else ():
        things = match.tokens("things")  # none of their kind: "the small ones"
        named = not text.holds(things, *NO_THINGS, *_NO_NAMES)
        if named and wanted.isdisjoint(text.words(things)):
            text.ledger.claim("refused", match.tokens()[1:])
