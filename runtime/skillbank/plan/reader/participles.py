"""Participles that ask ("it should be exported") and those that only tell ("it was exported")."""

from __future__ import annotations

from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS
from skillbank.plan.reader.refusals import THING

__all__ = ["SHOULD", "joins", "wish_of"]


def joins(text: Text, clauses: Clauses, i: int) -> bool:
    """Whether a participle goes on with what should be done: "should be exported and turned into X"."""
    first = clauses.sentence(i).start
    return text.tokens[i - 1].text in ("and", ",", "then") and any(
        text.match(SHOULD[0], k, i) for k in range(first, i)
    )


_PAST = tuple(f"actions.{a}.past" for a in ACTIONS)


_ABLE = "'could|'can|'would|'may|'might"
SHOULD = (
    "wish=mode.should free.adverb* wish=operator.not? free.adverb* wish='be|'get free.adverb*",
    f"wish=mode.wish {THING}|~word* wish='to? wish='be? free.adverb*",
    f"'to|'please|'would|'let|^courtesy wish='have {THING}+",
    f"^courtesy {THING}+ wish='to? wish='be?",
    f"wish={_ABLE}|'will|'should|'shall|'must {THING}|~word+ wish='be|'get free.adverb*",
    f"^courtesy {THING}|~word+ wish={_ABLE}|'was|'were wish='be? free.adverb*",
)


def wish_of(text: Text, clauses: Clauses, i: int) -> list[int] | None:
    """Return the words by which a participle asks ("should be", "need it"); None where it only tells."""
    after = text.tokens[i + 1].kind if i + 1 < len(text.tokens) else ""
    led = text.ledger.owner.get(i - 2) if i > 1 else None
    if text.tokens[i - 1].text == "you" and led is not None and led.kind == "courtesy":
        return []  # "I would love it if you trained X"
    done = clauses.of(i).mode is Mode.ORDER and i > 0 and text.tokens[i - 1].text in ("have", "has", "been")
    if not done and (
        after == "name"
        or text.within(i + 1, "grammar.group.model", "places.weights.before", "places.data.nouns")
    ):
        return None
    first = clauses.sentence(i).start
    if (
        i
        and clauses.of(i).mode is not Mode.ORDER
        and text.tokens[i - 1].text
        in ("i", "we", "you", "he", "she", "they", "was", "were", "which", "been", "had")
    ):
        return None
    for start in range(i - 1, max(first, i - 12) - 1, -1):
        for source in SHOULD:
            match = text.match(source, start, i)
            if match is not None and match.end == i:
                return [k for k in match.tokens("wish") if text.ledger.free(k)]
    k = i - 1
    while k >= first and (
        text.within(k, "grammar.free.adverb")
        or text.tokens[k].text in ("then", "also", "afterwards", "finally")
    ):
        k -= 1
    joined = k >= first and text.tokens[k].text in ("and", ",", "then", ")", "plus", "/", "&", "or")
    if joined and any(first <= c.first < i and text.within(c.last, *_PAST) for c in text.ledger.of("action")):
        return []
    clause = clauses.of(i)
    # "once it has been trained on X": what is said of it tells that it is still to be done.
    if clause.mode is Mode.ORDER and any(
        text.tokens[k].kind in ("place", "number") for k in range(i, clause.end)
    ):
        return []
    return None
