"""Several names for one object: the surest is shown, the others are kept, so that people see them compete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from skillbank.sets.geometry import overlap
from skillbank.sets.model import Corners

__all__ = ["Bid", "Named", "named"]

_SAME_PLACE = 0.5
"""Share of two boxes from which they are about one object."""
_MANY = 24
"""Boxes of a picture from which they are compared as arrays."""
_ROWS = 256
_Near: TypeAlias = Sequence[tuple[int, float]]
"""Places of bids, and how much each shares."""


class Bid(NamedTuple):
    """What a box says: its class and place, how sure its run is of it; None and None for a person's."""

    class_number: int | None
    corners: Corners
    score: float | None = None
    run: int | None = None


class _Surer(NamedTuple):
    """A bid that comes before another and is not hidden, and the share of the places of both."""

    bid: Bid
    shared: float
    is_decided: bool


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
    ranked = [proposals[n] for n in order]
    bounds = [1.0 if bid.run is None else across(bid.run) for bid in ranked]
    every = [*decided, *ranked]
    ahead = len(decided)
    is_hidden = [False] * len(every)
    shown: list[int] = []
    clashes = 0
    for place, near in enumerate(_meeting(every, ahead, [min(_SAME_PLACE, most) for most in bounds])):
        bid = ranked[place]
        surer = [
            _Surer(every[other], shared, other < ahead) for other, shared in near if not is_hidden[other]
        ]
        hidden = any(_hides(other, bid, bounds[place]) for other in surer)
        names = [other for other in surer if other.bid.class_number != bid.class_number]
        clashes += sum(each.shared >= _SAME_PLACE and not (hidden and each.is_decided) for each in names)
        is_hidden[ahead + place] = hidden
        if not hidden:
            shown.append(order[place])
    return Named(frozenset(shown), clashes)


def _hides(other: _Surer, bid: Bid, most: float) -> bool:
    """Whether a proposal is not shown for what is surer, where ``most`` is its run's bound."""
    if other.shared <= most:
        return False
    if other.bid.class_number == bid.class_number:
        return True
    return most < 1 and (other.is_decided or other.bid.run == bid.run)


def _meeting(every: Sequence[Bid], ahead: int, least: Sequence[float]) -> Iterator[_Near]:
    """Yield for each proposal the bids before it that share some of its place, and how much.

    Those are the decided ones, and of the proposals those of another class.

    Parameters
    ----------
    every
        What is decided, and behind the first ``ahead`` the proposals, the surest first.
    least
        For each proposal the share from which a bid is wanted.
    """
    return (_meeting_of_many if len(every) >= _MANY else _meeting_of_few)(every, ahead, least)


def _meeting_of_few(every: Sequence[Bid], ahead: int, least: Sequence[float]) -> Iterator[_Near]:
    for place, bid in enumerate(every[ahead:]):
        left, top, right, bottom = bid.corners
        near = []
        for number in range(ahead + place):
            other = every[number]
            x1, y1, x2, y2 = other.corners
            if (
                (number >= ahead and other.class_number == bid.class_number)
                or x1 >= right
                or x2 <= left
                or y1 >= bottom
                or y2 <= top
            ):
                continue
            shared = overlap(other.corners, bid.corners)
            if shared >= least[place]:
                near.append((number, shared))
        yield near


def _meeting_of_many(every: Sequence[Bid], ahead: int, least: Sequence[float]) -> Iterator[_Near]:
    """Do the same in the same arithmetic, for many boxes of a picture at once."""
    x1, y1, x2, y2 = np.array([bid.corners for bid in every], np.float64).T
    area = (x2 - x1) * (y2 - y1)
    classes = np.array([-1 if bid.class_number is None else bid.class_number for bid in every])
    bounds = np.array(least)
    for start in range(ahead, len(every), _ROWS):
        stop = min(start + _ROWS, len(every))
        width = np.minimum(x2[start:stop, None], x2[:stop]) - np.maximum(x1[start:stop, None], x1[:stop])
        height = np.minimum(y2[start:stop, None], y2[:stop]) - np.maximum(y1[start:stop, None], y1[:stop])
        near = (width > 0) & (height > 0)
        near &= (classes[start:stop, None] != classes[:stop]) | (np.arange(stop) < ahead)
        near &= np.arange(stop) < np.arange(start, stop)[:, None]
        mine, theirs = np.nonzero(near)
        common = width[mine, theirs] * height[mine, theirs]
        union = area[theirs] + area[mine + start] - common
        shared = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
        wanted = shared >= bounds[mine + start - ahead]
        found: list[list[tuple[int, float]]] = [[] for _ in range(start, stop)]
        for row, other, share in zip(
            mine[wanted].tolist(), theirs[wanted].tolist(), shared[wanted].tolist(), strict=True
        ):
            found[row].append((other, share))
        yield from found


def _sureness(mark: Bid) -> float:
    return 1.0 if mark.score is None else mark.score
