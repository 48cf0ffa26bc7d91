"""What stands with the word of a step and so is said of that step alone: "train it, then export in fp16"."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.steps import Step
from skillbank.plan.reader.tokens import Claim

__all__ = ["is_bound", "without_others"]


def is_bound(text: Text, step: Step, claim: Claim) -> bool:
    """Whether a claim of a step stands with its word, with no mark and no other step between them.

    Brackets around nothing else are no mark: "export it (fp16)".
    """
    mentions = (c for c in text.ledger.of("action") if c.value.action == step.action)
    at = max((c.first for c in mentions if c.first < claim.first), default=step.at)
    first, last = sorted((at, claim.first))
    bracketed = text.word(last - 1) == "(" and text.word(claim.last + 1) == ")"
    return not any(_ends(text, step, k) for k in range(first + 1, last - bracketed))


@contextmanager
def without_others(text: Text, steps: list[Step], step: Step) -> Iterator[None]:
    """Keep what stands with the words of other steps from being read as words of this one."""
    own = {s.at for s in steps if s.group == step.group or (s.skill, s.action) == (step.skill, step.action)}
    others = {s.at: s for s in steps if s.at not in own}
    free = [i for each in others.values() for i in text.unclaimed(range(each.at + 1, _end(text, each)))]
    held = text.ledger.claim("elsewhere", free) if free else None
    try:
        yield
    finally:
        if held is not None:
            text.ledger.withdraw(held)


def _end(text: Text, step: Step) -> int:
    """Return where what stands with the word of a step ends."""
    whole = len(text.tokens)
    return next((k for k in range(step.at + 1, whole) if _ends(text, step, k)), whole)


def _ends(text: Text, step: Step, i: int) -> bool:
    """Whether a token is a mark, or the word of another step than one ("run inference" is of one)."""
    owner = text.ledger.owner.get(i)
    if owner is not None and owner.kind == "find":
        return step.action != "inference"
    if owner is not None and owner.kind == "action":
        return bool(step.action != owner.value.action)
    return text.tokens[i].kind == "mark"
