"""A Gaussian process over configurations, in numpy alone: Matérn 5/2, a length scale for each feature.

Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), chapters 2, 4 and 5. Hyperparameters
maximise the posterior, under priors as Optuna's sampler has them for scales and signal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Array = npt.NDArray[np.float64]

_ROOT5 = math.sqrt(5.0)
_JITTER = 1e-8
_NOISE_MEAN, _NOISE_SD = -9.0, 1.5
"""Of the logarithm of the noise's variance: a hundredth of the data's spread, give or take."""
_LOWEST, _HIGHEST = -12.0, 7.0
"""Where the logarithms of the hyperparameters stay; beyond, only the arithmetic suffers."""


@dataclass(frozen=True)
class GaussianProcess:
    """A fitted process.

    Attributes
    ----------
    points
        Observed features, shape ``(n, d)``.
    scales
        Length scales, shape ``(d,)``.
    signal, noise
        Variances of the function and of its observations, in units of standardised targets.
    """

    points: Array
    scales: Array
    signal: float
    noise: float
    _alpha: Array
    _inverse: Array
    _shift: float
    _stretch: float

    @classmethod
    def fit(cls, points: Array, targets: Array, steps: int = 60) -> GaussianProcess:
        """Fit a process to observations.

        Parameters
        ----------
        points
            Features, shape ``(n, d)``, roughly in [0, 1].
        targets
            Observed values, shape ``(n,)``, at least one.
        steps
            Iterations of the optimiser of the hyperparameters.
        """
        shift, stretch = float(targets.mean()), float(targets.std())
        stretch = stretch if stretch > 1e-12 else 1.0
        y = (targets - shift) / stretch
        d = points.shape[1]
        start = np.r_[np.zeros(d), 0.0, _NOISE_MEAN]
        theta = _minimise(lambda t: _energy(t, points, y), start, steps)[1]
        scales, signal, noise = np.exp(theta[:d]), math.exp(theta[d]), math.exp(theta[d + 1])
        covariance = signal * _matern(points / scales, points / scales) + (noise + _JITTER) * np.eye(len(y))
        inverse = np.asarray(np.linalg.inv(covariance), dtype=np.float64)
        return cls(points, scales, signal, noise, np.asarray(inverse @ y), inverse, shift, stretch)

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Return the function's mean and standard deviation, each ``(m,)``, at points ``(m, d)``."""
        cross = self.signal * _matern(points / self.scales, self.points / self.scales)
        mean = cross @ self._alpha
        variance = self.signal - ((cross @ self._inverse) * cross).sum(1)
        return mean * self._stretch + self._shift, np.sqrt(np.maximum(variance, 1e-12)) * self._stretch

    def believing(self, points: Array) -> GaussianProcess:
        """Return the process as if its own mean had been observed at more points, hyperparameters kept."""
        if not len(points):
            return self
        y = (self.predict(points)[0] - self._shift) / self._stretch
        mine = np.linalg.solve(self._inverse, self._alpha)
        return self._with(np.vstack([self.points, points]), np.r_[mine, y])

    def _with(self, points: Array, y: Array) -> GaussianProcess:
        scaled = points / self.scales
        covariance = self.signal * _matern(scaled, scaled) + (self.noise + _JITTER) * np.eye(len(y))
        inverse = np.asarray(np.linalg.inv(covariance), dtype=np.float64)
        return GaussianProcess(
            points,
            self.scales,
            self.signal,
            self.noise,
            np.asarray(inverse @ y),
            inverse,
            self._shift,
            self._stretch,
        )


def single_threaded() -> AbstractContextManager[Any]:
    """Hold linear algebra to one thread meanwhile.

    The matrices are small: threads cost more than they give, ten times more on a busy machine, and one thread
    always rounds alike.
    """
    limit: AbstractContextManager[Any] = _threads().limit(limits=1, user_api="blas")
    return limit


@cache
def _threads() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _squares(a: Array, b: Array) -> Array:
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2.0 * a @ b.T
    return np.asarray(np.maximum(squares, 0.0))


def _matern(a: Array, b: Array) -> Array:
    squares = _squares(a, b)
    r = _ROOT5 * np.sqrt(squares)
    return np.asarray((1.0 + r + (5.0 / 3.0) * squares) * np.exp(-r))


def _prior(theta: Array) -> tuple[float, Array]:
    """Return the negative log prior of hyperparameters (logarithms) and its gradient.

    Length scales near 1 and between about 0.3 and 3, a signal like the data's, and little noise.
    """
    scales, signal = np.exp(2.0 * theta[:-2]), math.exp(theta[-2])
    loudness = (theta[-1] - _NOISE_MEAN) / _NOISE_SD
    energy = 0.1 * float((scales + 1.0 / scales).sum()) + signal - theta[-2] + 0.5 * loudness**2
    pull = np.r_[0.2 * (scales - 1.0 / scales), signal - 1.0, loudness / _NOISE_SD]
    return float(energy), pull


def _energy(theta: Array, points: Array, y: Array) -> tuple[float, Array]:
    """Return the negative log posterior of hyperparameters (logarithms) and its gradient."""
    d, n = points.shape[1], len(y)
    scaled = points / np.exp(theta[:d])
    signal, noise = math.exp(theta[d]), math.exp(theta[d + 1])
    squares = _squares(scaled, scaled)
    r = _ROOT5 * np.sqrt(squares)
    decay = np.exp(-r)
    kernel = signal * (1.0 + r + (5.0 / 3.0) * squares) * decay
    covariance = kernel + (noise + _JITTER) * np.eye(n)
    try:
        factor = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        return math.inf, np.zeros_like(theta)
    inverse = np.linalg.inv(covariance)
    alpha = inverse @ y
    prior, pull = _prior(theta)
    energy = 0.5 * float(y @ alpha) + float(np.log(np.diag(factor)).sum()) + prior
    weights = np.outer(alpha, alpha) - inverse
    slopes = weights * (signal * (5.0 / 3.0) * (1.0 + r) * decay)
    # sum_ab S_ab (x_a - x_b)^2 for every feature at once, without an (n, n, d) array.
    by_scale = 2.0 * ((scaled**2).T @ slopes.sum(1)) - 2.0 * np.einsum("ai,ai->i", scaled, slopes @ scaled)
    gradient = np.r_[
        -0.5 * by_scale, -0.5 * float((weights * kernel).sum()), -0.5 * noise * float(np.trace(weights))
    ]
    return energy, gradient + pull


def _minimise(function: object, start: Array, steps: int) -> tuple[float, Array]:
    """Minimise a smooth function of few variables by BFGS with backtracking."""
    assert callable(function)
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
        if gained < 1e-4 or float(np.abs(gradient).max()) < 1e-3:
            break
    return float(value), x
