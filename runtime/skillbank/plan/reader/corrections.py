"""What a person corrects: of two values or places for one thing the one behind "no wait" counts, or the one not excluded."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.tokens import Claim

__all__ = ["settle"]

_EXCLUDED = "operator.instead|operator.not free.glue|places.data.nouns|free.light|free.noun|places.data.link* ^place|^value|^name"

_SPARED = (
    "'leave ^place 'alone|'untouched|'out|'be|'aside",
    "operator.not 'touch|'use|'write|'take|'read|'overwrite|'change|'modify|'delete|'mix|'to|'in|'into|free.glue+ ^place",
)
"""Places that are not to be used, whatever else is: nothing has to be done for them."""


def settle(text: Text) -> None:
    """Take out what is excluded or corrected; the words that say so are accounted for with it."""
    _excluded(text)
    for match in list(text.find("grammar.mode.fix")):
        _corrected(text, match.first, match.end)


def _excluded(text: Text) -> None:
    """Read "instead of A use B", "not A but B": A goes where there is another for the same."""
    for source in _SPARED:
        for match in list(text.find(source)):
            owner = text.ledger.owner.get(next(i for i in match.tokens() if not text.ledger.free(i)))
            if owner is not None and owner.kind == "place":
                made = text.ledger.replace(owner, "excluded")
                text.ledger.claim("excluded", [*match.tokens(), *made.tokens])
    for match in list(text.find(_EXCLUDED)):
        owner = text.ledger.owner.get(match.end - 1)
        if owner is None or owner.kind not in ("place", "value"):
            continue
        rivals = [c for c in text.ledger.of(owner.kind) if c is not owner and _rivals(owner, c)]
        if rivals:
            made = text.ledger.replace(owner, "excluded")
            text.ledger.claim("excluded", [*match.tokens(), *made.tokens])


def _corrected(text: Text, first: int, end: int) -> None:
    """Read "on A, no wait, on B" and "10 epochs, sorry, 20": the value before goes."""
    after = [c for c in text.ledger.of("place", "value", "job", "platform", "action") if c.first >= end]
    done = False
    for later in after[:3]:
        before = [c for c in text.ledger.of(later.kind) if c.last < first and _rivals(c, later)]
        if before and later.first - end < 12:
            text.ledger.replace(before[-1], "excluded")
            done = True
    if done:
        text.ledger.claim("excluded", [i for i in range(first, end) if text.ledger.free(i)])


def _rivals(one: Claim, other: Claim) -> bool:
    """Whether two claims say the same thing, so that only one of them can hold."""
    if one.kind != other.kind:
        return False
    if one.kind == "place":
        return one.value.role == other.value.role or None in (one.value.role, other.value.role)
    if one.kind == "value":
        return (one.value.slot, one.value.key) == (other.value.slot, other.value.key)
    return True
