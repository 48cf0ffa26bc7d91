"""Several names for one object: the surest is shown, the others are kept, so that people see them compete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from skillbank.sets.geometry import overlap
from skillbank.sets.model import Corners

__all__ = ["Bid", "Named", "named"]

_SAME_PLACE = 0.5
"""Share of two boxes from which they are about one object."""


class Bid(NamedTuple):
    """What a box says: its class and place, how sure its run is of it; None and None for a person's."""

    class_number: int | None
    corners: Corners
    score: float | None = None
    run: int | None = None


class Named(NamedTuple):
    """Which proposals are shown, by their places in what was given, and how many pairs of names compete."""

    shown: frozenset[int]
    clashes: int


def named(proposals: Sequence[Bid], decided: Sequence[Bid], across: Callable[[int], float]) -> Named:
    """Choose among proposals that are sure enough to be shown.

    Of those that one run calls by different names and that overlap by more than its bound, the surest is
    shown; what a person has decided is surer than any, and hides what gives it the same name again: a box
    that was renamed must not bring up the one that had this name from the start. Two names compete where two
    undecided boxes, or an undecided one that is shown and a decided one, share half of their places.

    Parameters
    ----------
    across
        Most overlap of boxes of different classes, by the number of a run.
    """
    order = sorted(range(len(proposals)), key=lambda n: (-_sureness(proposals[n]), n))
    kept: list[tuple[Bid, bool]] = [(mark, True) for mark in decided]
    shown: list[int] = []
    clashes = 0
    for number in order:
        mark = proposals[number]
        most = 1.0 if mark.run is None else across(mark.run)
        hidden, rivals, settled = False, 0, 0
        left, top, right, bottom = mark.corners
        for other, is_decided in kept:
            x1, y1, x2, y2 = other.corners
            alike = other.class_number == mark.class_number
            if (alike and not is_decided) or x1 >= right or x2 <= left or y1 >= bottom:
                continue
            shared = overlap((x1, y1, x2, y2), (left, top, right, bottom))
            if alike:
                hidden = hidden or shared > most
                continue
            if shared >= _SAME_PLACE:
                rivals += not is_decided
                settled += is_decided
            if most < 1 and shared > most and (is_decided or other.run == mark.run):
                hidden = True
        clashes += rivals if hidden else rivals + settled
        if not hidden:
            kept.append((mark, False))
            shown.append(number)
    return Named(frozenset(shown), clashes)


def _sureness(mark: Bid) -> float:
    return 1.0 if mark.score is None else mark.score
