"""Random search and grid search."""

from __future__ import annotations

from typing import Any

import numpy as np

from skillbank.automl.algorithms.base import FullTraining, Slot


class Random(FullTraining):
    """Independent draws from the search space, each range on its own scale.

    Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 13 (2012).
    """

    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, Any], str]:
        return self.fresh(rng), "random"
