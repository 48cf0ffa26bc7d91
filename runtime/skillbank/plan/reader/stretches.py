"""What stands with the word of a step and so is said of that step alone: "train it, then export in fp16"."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.steps import Step
from skillbank.plan.reader.tokens import Claim

__all__ = ["is_bound", "without_others"]


def is_bound(text: Text, step: Step, claim: Claim) -> bool:
    """Whether a claim of a step stands with its word, with no mark and no other step between them."""
    first, last = sorted((step.at, claim.first))
    return not any(_ends(text, k) for k in range(first + 1, last))


@contextmanager
def without_others(text: Text, steps: list[Step], step: Step) -> Iterator[None]:
    """Keep what stands with the words of other steps from being read as words of this one."""
    own = {s.at for s in steps if s.group == step.group or (s.skill, s.action) == (step.skill, step.action)}
    others = {s.at for s in steps} - own
    free = [i for at in others for i in text.unclaimed(range(at + 1, _end(text, at)))]
    held = text.ledger.claim("elsewhere", free) if free else None
    yield
    if held is not None:
        text.ledger.withdraw(held)


def _end(text: Text, at: int) -> int:
    """Return where what stands with the word of a step ends."""
    return next((k for k in range(at + 1, len(text.tokens)) if _ends(text, k)), len(text.tokens))


def _ends(text: Text, i: int) -> bool:
    """Whether a token is a mark, or the word of a step."""
    return text.tokens[i].kind == "mark" or text.owner(i) in ("action", "find")
