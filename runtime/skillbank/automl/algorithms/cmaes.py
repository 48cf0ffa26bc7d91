"""Covariance matrix adaptation, by the cmaes library."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from skillbank.automl.algorithms.base import FullTraining
from skillbank.automl.algorithms.trial import Slot, Trial
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    import cmaes

if TYPE_CHECKING:
    from skillbank.automl.settings import AutoMLSettings
    from skillbank.automl.space import SearchSpace


class CMAES(FullTraining):
    """An evolution strategy that learns the shape of the landscape around its mean.

    Hansen and Ostermeier, "Completely Derandomized Self-Adaptation in Evolution Strategies", Evolutionary
    Computation 9 (2001); Nomura and Shibata, "cmaes: A Simple yet Practical Python Library for CMA-ES"
    (2024). It starts at the default configuration and works on positions, in which categories are
    intervals; a failed trial ranks last in its generation. While a generation is incomplete, further trials
    come from the same distribution, so that no slot waits.
    """

    several_objectives = False

    def __init__(self, space: SearchSpace, settings: AutoMLSettings, defaults: Mapping[str, object]) -> None:
        super().__init__(space, settings, defaults)
        with warnings.catch_warnings():
            # cmaes warns of experimental parts that are not used here.
            warnings.simplefilter("ignore")
            kind = cmaes.CMA
        d = self.space.dimensions
        # The library works in two dimensions or more; a single parameter gets an idle companion.
        self._extra = 1 if d == 1 else 0
        self._strategy = kind(
            mean=np.r_[self.space.encode(self.defaults), np.full(self._extra, 0.5)],
            sigma=0.25,
            bounds=np.tile([0.0, 1.0], (d + self._extra, 1)),
            seed=self.settings.seed,
        )
        self._generation: dict[int, int] = {}
        self._results: list[tuple[npt.NDArray[np.float64], float | None]] = []

    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, object], str]:
        taken = [t.asked.values for t in self.trials.values()]
        self._strategy.reseed_rng(int(rng.integers(2**31)))
        for _ in range(10):
            values = self.space.decode(self._strategy.ask()[: self.space.dimensions])
            if values not in taken:
                return values, f"generation {self._strategy.generation}"
        return self.fresh(rng), "random: the distribution only repeated itself"

    def _started(self, trial: Trial, slot: Slot) -> None:
        self._generation[trial.number] = self._strategy.generation

    def _ended(self, trial: Trial) -> None:
        if self._generation[trial.number] != self._strategy.generation:
            return
        # The point is that of the values, so that a replay of the values tells the same.
        point = np.r_[self.space.encode(trial.asked.values), np.full(self._extra, 0.5)]
        self._results.append((point, trial.losses[0] if trial.losses else None))
        if len(self._results) < self._strategy.population_size:
            return
        known = [loss for _, loss in self._results if loss is not None]
        if known:
            last = max(known) + 1.0
            self._strategy.tell([(p, last if loss is None else loss) for p, loss in self._results])
        self._results.clear()
