"""Where a model contradicts labels that somebody has given: how many boxes, and how sure that is.

Labels are what people have decided, and what came in with a data set. A model contradicts one that it has not
found at any score, for which it has another name or another place, and it contradicts a picture's labels as a
whole where it finds what none of them is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

from skillbank.sets.geometry import overlap
from skillbank.sets.model import Corners

__all__ = ["Found", "Mark", "Stand", "against", "apart", "is_among"]

Mark: TypeAlias = tuple[int | None, Corners]
"""A class and a place; no class where it is gone."""
_SAME = 0.7
"""Share of two boxes from which one repeats what a person has decided."""
_FOUND = 0.5
"""Share from which two boxes are about the same object."""
_NEAR = 0.1
"""Share from which a box of the same class may be the same object, badly placed."""
_NOTHING = 0.6
"""How sure it is that a label is wrong where the model sees nothing: models overlook things, too."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a run has found; ``shown`` where it is sure enough to count as an object."""

    class_number: int
    box: Corners
    score: float
    shown: bool

    @property
    def mark(self) -> Mark:
        """Class and place."""
        return self.class_number, self.box


@dataclass(frozen=True, slots=True)
class Stand:
    """What is known of a picture before a run is heard.

    Attributes
    ----------
    labels
        What people have decided to be objects, and what came in with a data set.
    answered
        What people have rejected, or moved and renamed: a model that says it again says nothing new.
    proposed
        Undecided proposals of earlier runs that are shown.
    """

    labels: Sequence[Mark]
    answered: Sequence[Mark]
    proposed: Sequence[Mark]


def is_among(mark: Mark, marks: Sequence[Mark], least: float) -> bool:
    """Whether one of some marks has the same class and at least a share of the place."""
    return any(mark[0] == other[0] and overlap(mark[1], other[1]) >= least for other in marks)


def apart(stand: Stand, found: Sequence[Found]) -> int:
    """Count the boxes by which a run differs from what is known."""
    now = [each.mark for each in _news(stand, found)]
    whole = [each.mark for each in found]
    return (
        sum(not is_among(mark, (*stand.labels, *stand.proposed), _FOUND) for mark in now)
        + sum(not is_among(mark, whole, _FOUND) for mark in stand.labels)
        + sum(not is_among(mark, now, _FOUND) for mark in stand.proposed)
    )


def against(stand: Stand, found: Sequence[Found]) -> float:
    """Return how sure it is that a picture's labels are wrong somewhere, from 0 to 1.

    Every contradiction counts with the score of what contradicts.
    """
    news = [each for each in _news(stand, found) if not is_among(each.mark, stand.labels, _FOUND)]
    doubts: list[float] = []
    explained: set[int] = set()
    for label in stand.labels:
        same = max((each.score for each in found if is_among(each.mark, [label], _FOUND)), default=0.0)
        rivals = [number for number, each in enumerate(news) if _is_rival(each, label)]
        if rivals:
            doubts.append(max(0.0, max(news[number].score for number in rivals) - same))
            explained.update(rivals)
        elif not same:
            doubts.append(_NOTHING)
    doubts += [each.score for number, each in enumerate(news) if number not in explained]
    return 1 - prod(1 - doubt for doubt in doubts)


def _news(stand: Stand, found: Sequence[Found]) -> list[Found]:
    """Return what is shown of a run and was not answered before."""
    return [each for each in found if each.shown and not is_among(each.mark, stand.answered, _SAME)]


def _is_rival(found: Found, label: Mark) -> bool:
    """Whether what was found is another name, or another place, for what a label is about."""
    shared = overlap(found.box, label[1])
    return _NEAR <= shared < _FOUND if found.class_number == label[0] else shared >= _FOUND
