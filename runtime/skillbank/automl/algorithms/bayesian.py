"""Bayesian optimisation: a Gaussian process of the losses, and the trial that promises most."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from skillbank.automl.algorithms.acquisition import log_expected_improvement, maximise
from skillbank.automl.algorithms.base import FullTraining
from skillbank.automl.algorithms.gaussian_process import GaussianProcess, single_threaded
from skillbank.automl.algorithms.trial import Slot, Trial
from skillbank.automl.algorithms.warping import warped

Array = npt.NDArray[np.float64]


class Bayesian(FullTraining):
    """Gaussian process of main effects and interactions, warped losses, expected improvement.

    Jones, Schonlau and Welch, "Efficient Global Optimization of Expensive Black-Box Functions", Journal of
    Global Optimization 13 (1998); Snoek, Larochelle and Adams, "Practical Bayesian Optimization of Machine
    Learning Algorithms", NeurIPS 2012. What the process takes for alike is told in `kernel`, on which scale
    it sees losses in `warping`. The first trials spread evenly over the space. Trials that still run count
    with the value that the model expects of them (Ginsbourger's kriging believer), failed ones with a
    middling loss. Of several objectives each trial improves another random mixture: Knowles, "ParEGO", IEEE
    Transactions on Evolutionary Computation 10 (2006).
    """

    startup = 10
    """Trials before the model is asked, the default configuration among them."""
    candidates, rounds = 1000, 40
    """How long the best place for a trial is searched for, see `maximise`."""
    reason = "expected improvement"

    def _suggest(self, slot: Slot, rng: np.random.Generator) -> tuple[dict[str, object], str]:
        number = len(self.trials)
        if len(self.finished()) < 2 or number < self.startup:
            return self.spread(number, rng), "evenly spread start"
        with single_threaded():
            found = self.modelled(rng)
        return (self.fresh(rng), "random") if found is None else (found, self.reason)

    def modelled(self, rng: np.random.Generator) -> dict[str, object] | None:
        """Return the configuration that promises most, or None when all have been tried."""
        known = self.finished()
        losses = scaled_losses(known, rng)
        process = self.fitted(known, losses, rng)
        best = float(process.predict(self.space.features([t.asked.values for t in known]))[0].min())
        best = max(best, float(losses.min()))
        process = process.believing(self.running_features(process))

        def score(features: Array) -> Array:
            return log_expected_improvement(*process.predict(features), best)

        return self.highest(score, known, losses, rng)

    def highest(
        self,
        score: Callable[[Array], Array],
        known: list[Trial],
        losses: Array,
        rng: np.random.Generator,
    ) -> dict[str, object] | None:
        """Return the untried configuration of highest score, looking around the best trials too."""
        best = [known[i].asked.values for i in np.argsort(losses, kind="stable")[:4]]
        taken = [t.asked.values for t in self.trials.values()]
        seeds = [self.space.encode(v) for v in best]
        return maximise(self.space, score, seeds, taken, rng, self.candidates, self.rounds)

    def running_features(self, process: GaussianProcess) -> Array:
        """Return the features of the trials that still run, shape ``(running, features)``."""
        features = self.space.features([t.asked.values for t in self.running()])
        return features.reshape(-1, process.points.shape[1])

    def fitted(self, known: list[Trial], losses: Array, rng: np.random.Generator) -> GaussianProcess:
        """Return the process of all ended trials."""
        failed = [t for t in self.trials.values() if t.outcome is not None and t.outcome.is_failure]
        features = self.space.features([t.asked.values for t in [*known, *failed]])
        targets = np.r_[losses, np.full(len(failed), np.median(losses))]
        return GaussianProcess.fit(features, targets, rng)

    def spread(self, number: int, rng: np.random.Generator) -> dict[str, object]:
        """Return one point of a Latin hypercube with as many strata as there are trials before the model.

        McKay, Beckman and Conover, "A Comparison of Three Methods for Selecting Values of Input Variables",
        Technometrics 21 (1979).
        """
        start = np.random.default_rng((self.settings.seed, 2**31))
        columns = [
            (start.permutation(self.startup) + start.random(self.startup)) / self.startup
            for _ in range(self.space.dimensions)
        ]
        values = self.space.decode([column[number % self.startup] for column in columns])
        taken = [t.asked.values for t in self.trials.values()]
        return self.fresh(rng) if values in taken else values


def scaled_losses(known: list[Trial], rng: np.random.Generator) -> Array:
    """Return one loss for each finished trial, shape ``(trials,)``, warped; several are mixed at random."""
    losses = np.asarray([t.losses for t in known], dtype=float)
    if losses.shape[1] == 1:
        return warped(losses[:, 0])
    low, high = losses.min(0), losses.max(0)
    scaled = (losses - low) / np.where(high > low, high - low, 1.0)
    weights = rng.dirichlet(np.ones(losses.shape[1]))
    weighted = scaled * weights
    return warped(weighted.max(1) + 0.05 * weighted.sum(1))
