"""Places that stand beside the data of a step and are none of it: where to, what to compare with, what else.

"Find cars in A to B" does not search B, and "merge A into B and train on it" does not write to B. What they
are for, the plan asks.
"""

from __future__ import annotations

from skillbank.plan.reader.coordination import ADDING
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.place_limits import leave_place
from skillbank.plan.reader.tokens import Claim

__all__ = ["mark_places_beside"]

_SEARCHED = (None, "inference_dataset")
_JOINTS = ADDING | {"also", "or", "\n", ":", ";", "both", "additionally", "then"}
_PASSED = ("places.data.nouns", "grammar.group.det", "grammar.free.adjective", "grammar.group.prep")
_WITH = frozenset({"with", "using", "by", "via", "through", "into"})
_LEADING_TO = frozenset({"to", "as", "against"})


def mark_places_beside(text: Text) -> None:
    """Leave such places unread, and what is said of them."""
    bare = text.unread()
    for match in bare.phrases("unread.put_together"):
        leave_place(text, match.tokens("what"))
    if {c.value.action for c in text.ledger.of("action")} <= {"inference"}:
        _mark_second(text)


def _mark_second(text: Text) -> None:
    """Leave a second place unread that nothing joins to the one where things are to be found."""
    if not text.ledger.of("find", "captions", "action"):
        return
    searched = [c for c in text.ledger.of("place") if c.value.role in _SEARCHED and not c.value.told]
    for claim in searched[1:]:
        if not _is_joined(text, claim):
            leave_place(text, list(claim.tokens))


def _is_joined(text: Text, claim: Claim) -> bool:
    """Whether a place goes on with the places before it: "A and B", "A, also in B", "A B"."""
    k = next(i for i in claim.tokens if text.kind(i) == "place") - 1
    if text.kind(k) == "place":
        return True
    while text.within(k, *_PASSED) and text.word(k) not in _LEADING_TO:
        if text.word(k) in _WITH:
            return True  # a model, or where to
        k -= 1
    return (
        k < 0
        or text.word(k) in _JOINTS
        or text.kind(k) == "name"
        or (text.word(k), text.word(k - 1)) == ("as", "well")
    )
