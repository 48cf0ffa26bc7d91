"""Random search and grid search."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from skillbank.automl.algorithms.base import FullTraining
from skillbank.automl.algorithms.trial import Slot
from skillbank.automl.parameters import Kind, Parameter

if TYPE_CHECKING:
    from skillbank.automl.settings import AutoMLSettings
    from skillbank.automl.space import SearchSpace

_GOLDEN = (math.sqrt(5) - 1) / 2
_LONG = 100_000
"""After this many points of a grid that all were taken, it counts as exhausted."""


class Random(FullTraining):
    """Independent draws from the search space, each range on its own scale.

    Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 13 (2012).
    """

    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, object], str]:
        return self.fresh(rng), "random"


class Grid(FullTraining):
    """Every combination of a few levels of each parameter, in an order that spreads.

    A full factorial design (Fisher, "The Design of Experiments", 1935). A grid of many parameters is far
    larger than any budget, so its points are taken in golden-ratio steps instead of row by row: any
    beginning of the sequence covers all parameters. ``grid_levels`` says how many values a number's range
    gives.
    """

    def __init__(self, space: SearchSpace, settings: AutoMLSettings, defaults: Mapping[str, object]) -> None:
        super().__init__(space, settings, defaults)
        # All points before this one are taken; remembering it saves looking at them again.
        self._first = 0

    def _next_slot(self) -> Slot | None:
        slot = super()._next_slot()
        if slot is None or slot.values is not None:
            return slot
        values = self._next_point()
        return None if values is None else Slot(values=values, note="grid")

    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, object], str]:
        raise AssertionError("a grid's slots come with their values")

    def _next_point(self) -> dict[str, object] | None:
        levels = [_levels(p, self.settings.grid_levels) for p in self.space.parameters]
        total = math.prod(len(positions) for positions in levels)
        stride = max(1, round(total * _GOLDEN))
        while math.gcd(stride, total) > 1:
            stride += 1
        taken = [t.asked.values for t in self.trials.values()]
        for k in range(self._first, min(total, self._first + _LONG)):
            index = (self.settings.seed + k * stride) % total
            point: list[float] = []
            for parameter, positions in zip(self.space.parameters, levels, strict=True):
                index, level = divmod(index, len(positions))
                point += [positions[level]] * parameter.dimensions
            values = self.space.decode(point)
            if values not in taken:
                self._first = k
                return values
        return None


def _levels(parameter: Parameter, levels: int) -> list[float]:
    """Return the positions of a parameter's grid values."""
    if parameter.choices:
        return [parameter.encode(c)[0] for c in parameter.choices]
    count = int(min(levels, parameter.size))
    if count == 1:
        return [0.5]
    if parameter.kind is Kind.INTEGER and count == parameter.size:
        return [(i + 0.5) / count for i in range(count)]
    return [i / (count - 1) for i in range(count)]
