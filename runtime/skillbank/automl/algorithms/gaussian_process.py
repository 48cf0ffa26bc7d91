"""A Gaussian process over configurations, in numpy alone.

Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), chapters 2 and 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from skillbank.automl.algorithms.kernel import Kernel, Posterior
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    import threadpoolctl

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Array = npt.NDArray[np.float64]

_LOWEST, _HIGHEST = -12.0, 7.0
"""Where the logarithms of the hyperparameters stay; beyond, only the arithmetic suffers."""
_TELLING = 100
"""From how many observations at most the hyperparameters are learned; the cost grows with their square."""


@dataclass(frozen=True)
class GaussianProcess:
    """A fitted process.

    Attributes
    ----------
    points
        Observed features, shape ``(n, d)``.
    kernel
        With its hyperparameters.
    """

    points: Array
    kernel: Kernel
    _alpha: Array
    _inverse: Array
    _shift: float
    _stretch: float

    @classmethod
    def fit(cls, points: Array, targets: Array, rng: np.random.Generator, steps: int = 60) -> GaussianProcess:
        """Fit a process to observations.

        Hyperparameters are at a maximum of their posterior. With few trials it has several; which one is
        found depends on the start, and the starts are drawn, so that a search does not keep to one reading.

        Parameters
        ----------
        points
            Features, shape ``(n, d)``, roughly in [0, 1].
        targets
            Observed values, shape ``(n,)``, at least one.
        rng
            Where the optimiser of the hyperparameters starts.
        steps
            Its iterations.
        """
        shift, stretch = float(targets.mean()), float(targets.std())
        stretch = stretch if stretch > 1e-12 else 1.0
        y = (targets - shift) / stretch
        telling = _telling(y)
        posterior = Posterior(points[telling], y[telling])
        theta = _minimise(posterior, Kernel.start(points.shape[1], rng), steps)[1]
        return cls._of(points, y, Kernel.of(theta), shift, stretch)

    @classmethod
    def _of(cls, points: Array, y: Array, kernel: Kernel, shift: float, stretch: float) -> GaussianProcess:
        inverse = np.asarray(np.linalg.inv(kernel.covariance(points)), dtype=np.float64)
        return cls(points, kernel, np.asarray(inverse @ y), inverse, shift, stretch)

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Return the function's mean and standard deviation, each ``(m,)``, at points ``(m, d)``."""
        cross = self.kernel(points, self.points)
        mean = cross @ self._alpha
        variance = self.kernel.signal - ((cross @ self._inverse) * cross).sum(1)
        return mean * self._stretch + self._shift, np.sqrt(np.maximum(variance, 1e-12)) * self._stretch

    def believing(self, points: Array) -> GaussianProcess:
        """Return the process as if its own mean had been observed at more points, hyperparameters kept."""
        if not len(points):
            return self
        y = (self.predict(points)[0] - self._shift) / self._stretch
        mine = np.linalg.solve(self._inverse, self._alpha)
        more = np.vstack([self.points, points])
        return self._of(more, np.r_[mine, y], self.kernel, self._shift, self._stretch)


def _telling(y: Array) -> npt.NDArray[np.intp]:
    """Return places of the lowest observations and of an even sample of the others: `_TELLING` at most."""
    order = np.argsort(y, kind="stable")
    if len(y) <= _TELLING:
        return order
    half = _TELLING // 2
    others = np.linspace(half, len(y) - 1, _TELLING - half).astype(np.intp)
    return np.concatenate([order[:half], order[others]])


def single_threaded() -> AbstractContextManager[object]:
    """Hold linear algebra to one thread meanwhile.

    The matrices are small: threads cost more than they give, ten times more on a busy machine, and one thread
    always rounds alike.
    """
    limit: AbstractContextManager[object] = _threads().limit(limits=1, user_api="blas")
    return limit


@cache
def _threads() -> Any:
    return threadpoolctl.ThreadpoolController()


def _minimise(
    function: Callable[[Array], tuple[float, Array]], start: Array, steps: int
) -> tuple[float, Array]:
    """Minimise a smooth function of few variables by BFGS with backtracking."""
    x = start
    value, gradient = function(x)
    metric = np.eye(len(x)) * (1.0 / max(1.0, float(np.abs(gradient).max())))
    for _ in range(steps):
        direction = -metric @ gradient
        slope = float(direction @ gradient)
        if slope >= 0:
            metric = np.eye(len(x)) * (1.0 / max(1.0, float(np.abs(gradient).max())))
            direction = -metric @ gradient
            slope = float(direction @ gradient)
        reach = float(np.abs(direction).max())
        pace = min(1.0, 2.0 / reach) if reach > 0 else 1.0
        for _ in range(20):
            candidate = np.clip(x + pace * direction, _LOWEST, _HIGHEST)
            new_value, new_gradient = function(candidate)
            if new_value <= value + 1e-4 * pace * slope:
                break
            pace *= 0.5
        else:
            break
        step, bend = candidate - x, new_gradient - gradient
        gained = value - new_value
        x, value, gradient = candidate, new_value, new_gradient
        curvature = float(step @ bend)
        if curvature > 1e-10:
            left = np.eye(len(x)) - np.outer(step, bend) / curvature
            metric = left @ metric @ left.T + np.outer(step, step) / curvature
        if gained < 1e-3 or float(np.abs(gradient).max()) < 1e-3:
            break
    return float(value), x
