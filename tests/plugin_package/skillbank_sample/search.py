"""A search that goes through the space by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from skillbank.automl.algorithms import FullTraining, Slot

__all__ = ["SampleSearch"]


class SampleSearch(FullTraining):
    """Draws at random; a function of the seed and the trial's number, as every algorithm is."""

    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, Any], str]:
        return self.fresh(rng), "by the sample search"
