"""The questions of plans in one sentence, for whoever refuses to start a plan that asks something."""

from __future__ import annotations

from collections.abc import Sequence

from skillbank.plan.model import Question
from skillbank.visible import named
from skillbank.ways import Sentence

__all__ = ["open_points"]

_MOST = 20
_LONGEST = 600
"""Characters of a question; ours are shorter, and what they quote of others may not flood a door."""


def open_points(questions: Sequence[Question]) -> Sentence:
    """Return what is asked: the keys, and why; of many questions the first, and how many more there are."""
    asked = [Sentence(f"{named(q.key)}: {Sentence(q.why).short(_LONGEST).marked}") for q in questions[:_MOST]]
    if len(questions) > _MOST:
        asked.append(Sentence(f"and {len(questions) - _MOST} more"))
    return Sentence("; ".join(each.marked for each in asked))
