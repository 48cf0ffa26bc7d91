"""Which trials are better: by one objective, or by fronts of several."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skillbank.automl.algorithms.trial import Trial


def dominates(first: tuple[float, ...] | None, second: tuple[float, ...] | None) -> bool:
    """Whether losses are nowhere worse and somewhere better than others."""
    if first is None or second is None:
        return False
    return all(a <= b for a, b in zip(first, second, strict=True)) and first != second


def ranked(trials: Iterable[Trial]) -> list[Trial]:
    """Return finished trials, best first: by fronts of non-domination, inside a front the lonely ones first.

    One objective makes this plain sorting. Several are ranked as NSGA-II does (Deb et al., 2002): by front,
    then by crowding distance. Ties go to the earlier trial.
    """
    left = [t for t in trials if t.losses is not None]
    if not left or len(left[0].losses or ()) == 1:
        return sorted(left, key=lambda t: (t.losses or (), t.number))
    order: list[Trial] = []
    while left:
        front = [t for t in left if not any(dominates(o.losses, t.losses) for o in left)]
        crowding = _crowding(front)
        order += sorted(front, key=lambda t: (-crowding[t.number], t.number))
        left = [t for t in left if t not in front]
    return order


def _crowding(front: list[Trial]) -> dict[int, float]:
    distance = {t.number: 0.0 for t in front}
    for i in range(len(front[0].losses or ())):
        line = sorted(front, key=lambda t: ((t.losses or ())[i], t.number))
        values = [(t.losses or ())[i] for t in line]
        width = values[-1] - values[0]
        distance[line[0].number] = distance[line[-1].number] = math.inf
        for k in range(1, len(line) - 1):
            distance[line[k].number] += (values[k + 1] - values[k - 1]) / width if width else 0.0
    return distance
