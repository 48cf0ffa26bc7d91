"""Of two things for one slot a condition chooses: "bf16 if the card can do it, else fp16".

No plan chooses between them, and neither is meant whatever comes: both are left to the question about words.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.tokens import Claim

__all__ = ["mark_alternatives"]

_CHOSEN = ("value", "policy", "platform")
_ELSE = frozenset({"else", "otherwise"})
_OPEN = frozenset({"", "unread", "context", "order"})


def mark_alternatives(text: Text) -> None:
    """Leave unread what a condition chooses between, with the words from the first to the last of it."""
    if not (text.has("grammar.mode.condition") or any(t.text in _ELSE for t in text.tokens)):
        return
    for claims in list(_rivals(text)):
        said = _said(text, *claims)
        if said is not None:
            for claim in claims:
                text.ledger.withdraw(claim)
            text.ledger.mark("unread", said)


def _rivals(text: Text) -> Iterator[tuple[Claim, Claim]]:
    """Yield what stands beside each other and cannot both hold."""
    for kind in _CHOSEN:
        by_slot: dict[object, list[Claim]] = {}
        for claim in text.ledger.of(kind):
            slot = (claim.value.slot, claim.value.key) if kind == "value" else kind
            by_slot.setdefault(slot, []).append(claim)
        for claims in by_slot.values():
            yield from ((a, b) for a, b in pairwise(claims) if _holds(a) != _holds(b))


def _holds(claim: Claim) -> object:
    return claim.value.value if claim.kind in ("value", "policy") else claim.value


def _said(text: Text, one: Claim, other: Claim) -> range | None:
    """Return the words of two things and of what chooses; None where nothing does."""
    sentence = text.sentence(one.first)
    if other.last not in sentence or "action" in text.owners(range(one.first, other.last + 1)):
        return None
    between = range(one.last + 1, other.first)
    chosen = any(text.word(i) in _ELSE for i in between)
    at = [i for i in sentence if text.owner(i) in _OPEN and text.within(i, "grammar.mode.condition")]
    beside = [i for i in at if i in between or _leads(text, i, one) or i == other.last + 1]
    if not (beside or chosen):
        return None
    first = min([one.first, *beside])
    last = max([other.last, *(_end(text, i, sentence) for i in beside)])
    return range(first, last + 1)


def _leads(text: Text, i: int, one: Claim) -> bool:
    """Whether a condition stands right before the first thing: "if it fits batch size 8, else 4"."""
    return i < one.first and not text.owners(range(i, one.first)) & {"action", "place", "name"}


def _end(text: Text, i: int, sentence: range) -> int:
    """Return the last token of what a condition says: it goes up to a mark."""
    marks = (k for k in range(i, sentence.stop) if text.kind(k) == "mark")
    return next(marks, sentence.stop) - 1
