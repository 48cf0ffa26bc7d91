"""Batch-first Bayesian optimisation: many trials at once that keep out of each other's way."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from skillbank.automl.algorithms.bayesian import Bayesian, scaled_losses
from skillbank.automl.algorithms.gaussian_process import GaussianProcess

Array = npt.NDArray[np.float64]
_erfc = np.frompyfunc(math.erfc, 1, 1)


class BFBO(Bayesian):
    """A Gaussian process, its confidence bound, and a penalty around every trial that still runs.

    The bound is that of Srinivas, Krause, Kakade and Seeger, "Gaussian Process Optimization in the Bandit
    Setting", ICML 2010; the penalty that of González, Dai, Hennig and Lawrence, "Batch Bayesian
    Optimization via Local Penalization", AISTATS 2016: a running trial tells how far around it, given how
    fast the function can change, no better value is to be expected. The family knows this pair by the name
    bfbo.
    """

    kappa = 2.0
    """Standard deviations that the bound lies below the mean."""

    reason = "confidence bound"

    def modelled(self, rng: np.random.Generator) -> dict[str, object] | None:
        """Return the configuration with the best bound away from what runs."""
        known = self.finished()
        losses = scaled_losses(known, rng)
        process = self.fitted(known, losses, rng)
        best, scale = float(losses.min()), float(losses.std()) or 1.0
        penalty = _Penalty(process, self.running_features(process), best, rng)

        def score(features: Array) -> Array:
            mean, deviation = process.predict(features)
            gain = (best - mean + self.kappa * deviation) / scale
            # Softplus keeps the gain positive, so that penalties can only lower it.
            return np.asarray(np.log(np.logaddexp(0.0, gain)) + penalty(features))

        return self.highest(score, known, losses, rng)


class _Penalty:
    """Logarithm of how probable it is that a point lies outside of the balls around running trials."""

    def __init__(
        self, process: GaussianProcess, running: Array, best: float, rng: np.random.Generator
    ) -> None:
        self._running = running
        if not len(running):
            return
        self._mean, self._deviation = process.predict(running)
        self._best = best
        probes = np.vstack([process.points, rng.random((200, process.points.shape[1]))])
        self._slope = max(_steepest(process, probes), 1e-6)

    def __call__(self, features: Array) -> Array:
        if not len(self._running):
            return np.zeros(len(features))
        away = np.sqrt(((features[:, None, :] - self._running[None]) ** 2).sum(-1))
        reach = self._slope * away - (self._mean - self._best)
        z = reach / (math.sqrt(2.0) * self._deviation)
        free = 0.5 * np.asarray(_erfc(-z), dtype=float)
        return np.asarray(np.log(np.maximum(free, 1e-300)).sum(1))


def _steepest(process: GaussianProcess, probes: Array) -> float:
    """Return the largest slope of the mean that finite differences find at some points."""
    step = 1e-4
    at = process.predict(probes)[0]
    squares = np.zeros(len(probes))
    for i in range(probes.shape[1]):
        moved = probes.copy()
        moved[:, i] += step
        squares += ((process.predict(moved)[0] - at) / step) ** 2
    return float(np.sqrt(squares.max()))
