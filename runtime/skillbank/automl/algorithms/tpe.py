"""The tree-structured Parzen estimator, by Optuna."""

from __future__ import annotations

import numpy as np

from skillbank.automl.algorithms.base import FullTraining
from skillbank.automl.algorithms.trial import Slot
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.automl.algorithms import parzen  # with optuna

_TRIES = 5


class TPE(FullTraining):
    """Models the good and the bad trials apart, and suggests what is likely among the good ones.

    Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011; with
    joint densities over parameters as in Falkner et al. (2018). Several objectives: Ozaki et al.,
    "Multiobjective Tree-Structured Parzen Estimator", JAIR 73 (2022).
    """

    startup = 10
    """Trials drawn at random before the model is asked, the default configuration among them."""

    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, object], str]:
        if len(self.trials) < self.startup or len(self.finished()) < 2:
            return self.fresh(rng), "random start"

        taken = [t.asked.values for t in self.trials.values()]
        for _ in range(_TRIES):
            seed = int(rng.integers(2**31))
            values = parzen.parzen_suggestion(self.space, self.finished(), self.running(), seed)
            if values not in taken:
                return values, "Parzen estimator"
        return self.fresh(rng), "random: the estimator only repeated itself"
