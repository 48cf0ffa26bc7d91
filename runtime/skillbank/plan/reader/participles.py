"""Participles that ask ("it should be exported") and those that only tell ("it was exported")."""

from __future__ import annotations

from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.coordination import ADDING
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import ACTIONS, phrases
from skillbank.plan.reader.wording import of

__all__ = ["joins", "should", "wish_of"]


def should() -> str:
    """Return the pattern of a duty that a participle may end: "it should be"."""
    return phrases("action.wished")[0]


def joins(text: Text, clauses: Clauses, i: int) -> bool:
    """Whether a participle goes on with what should be done: "should be exported and turned into X"."""
    first = clauses.sentence(i).start
    return text.tokens[i - 1].text in ("and", ",", "then") and any(
        text.match(should(), k, i) for k in range(first, i)
    )


_PAST = tuple(f"actions.{a}.past" for a in ACTIONS)
_BASE = tuple(f"actions.{a}.base" for a in ACTIONS)


_DOERS = frozenset({"i", "we", "you", "he", "she", "they", "was", "were", "which", "been", "had"})
_LONGEST = 5
"""Words of who wishes something."""
_NOUNS = ("grammar.group.model", "places.weights.before", "places.data.nouns")
_JOINS = ADDING | {"then", ")", "/", "or"}
_NEXT = frozenset({"then", "also", "afterwards", "finally"})


def wish_of(text: Text, clauses: Clauses, i: int) -> list[int] | None:
    """Return the words by which a participle asks ("should be", "need it"); None where it only tells."""
    before = text.word(i - 1)
    if before in of("addressed") and "courtesy" in (text.owner(i - 1), text.owner(i - 2)):
        return []  # "I would love it if you trained X"
    clause = clauses.of(i)
    ordered = clause.mode is Mode.ORDER
    if _is_wished_made(text, clauses, i):
        return []
    if _is_told(text, i, before, ordered=ordered):
        return None
    first = clauses.sentence(i).start
    if (match := _wish_before(text, first, i)) is not None:
        return _wished(text, clause.first, match.first, match.tokens("wish"))
    # "once it has been trained on X": what is said of it tells that it is still to be done.
    said = ordered and text.has_kind(range(i, clause.end), "place", "number")
    return [] if said or _goes_on(text, first, i) else None


def _wish_before(text: Text, first: int, i: int) -> Match | None:
    """Return the words up to a participle by which it asks, the nearest first."""
    for start in range(i - 1, max(first, i - 12) - 1, -1):
        opens = text.kind(start - 1) in ("", "mark") or text.word(start - 1) in _JOINS | _NEXT
        for source in (*phrases("action.wished"), *(phrases("action.ordered") if opens else ())):
            match = text.match(source, start, i)
            if match is not None and match.end == i:
                return match
    return None


def _wished(text: Text, first: int, start: int, wish: list[int]) -> list[int]:
    """Return the words of a wish; account for those that say whose it is."""
    if text.word(start - 1) == "nothing":
        return text.unclaimed([start - 1, *wish])  # "nothing should be trained"
    if wish:
        text.ledger.claim("courtesy", _wishing(text, first, wish[0]))
    return text.unclaimed(wish)


def _wishing(text: Text, first: int, wish: int) -> list[int]:
    """Return the words that say whose wish it is, where nothing else stands there: "the director wants"."""
    while first < wish and (text.kind(first) == "mark" or not text.ledger.free(first)):
        first += 1
    subject = range(first, wish - (text.word(wish - 1) == "would"))
    led = text.within(first, "grammar.group.det") and 1 < len(subject) <= _LONGEST
    plain = all(text.ledger.free(i) and (i == first or text.is_plain(i)) for i in subject)
    whole = text.match("'it|'model|'training|'run", subject.stop - 1) is None
    return list(subject) if led and plain and whole else []


def _is_wished_made(text: Text, clauses: Clauses, i: int) -> bool:
    """Whether a participle says what is to be made: "I would like a fine-tuned MODEL from D"."""
    wished = text.owner(i - 2) == "courtesy" or text.within(i - 2, "grammar.mode.wish")
    alone = not text.holds((k for k in clauses.sentence(i) if k != i), *_PAST, *_BASE)
    return text.word(i - 1) in ("a", "an") and text.kind(i + 1) == "name" and wished and alone


def _is_told(text: Text, i: int, before: str, *, ordered: bool) -> bool:
    """Whether a participle describes a noun, or says what somebody has done."""
    named = text.tokens[i + 1 : i + 2] and text.tokens[i + 1].kind == "name"
    described = named or text.within(i + 1, *_NOUNS)
    if described and not (ordered and before in ("have", "has", "been")):
        return True
    return before in _DOERS and not ordered


def _goes_on(text: Text, first: int, i: int) -> bool:
    """Whether a participle is joined to one that asks: "should be trained on X and then exported"."""
    k = i - 1
    while k >= first and (text.within(k, "grammar.free.adverb") or text.tokens[k].text in _NEXT):
        k -= 1
    return (
        k >= first
        and text.tokens[k].text in _JOINS
        and any(first <= c.first < i and text.within(c.last, *_PAST) for c in text.ledger.of("action"))
    )
