"""The kernel of the Gaussian process, main effects beside interactions, and its hyperparameters' posterior.

Much of what a score owes to its settings are effects of single ones, which few trials tell apart when each
setting has its own say; what remains are interactions, and of these a trial tells in its neighbourhood alone.
The kernel is the sum of both, and the trials say in which shares: Duvenaud, Nickisch and Rasmussen, "Additive
Gaussian Processes", NeurIPS 2011. Each part is a Matérn 5/2: Rasmussen and Williams, "Gaussian Processes for
Machine Learning" (2006), chapters 4 and 5. Distances between points grow with the root of the number of
features, and so do the length scales of interactions by the prior: Hvarfner, Hellsten and Nardi, "Vanilla
Bayesian Optimization Performs Great in High Dimensions", ICML 2024.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

JITTER = 1e-8
"""Added to the noise, so that a covariance can be inverted."""
_ROWS = 64
"""Of a covariance that are computed at a time, so that they stay in the processor's cache."""
_ROOT5 = math.sqrt(5.0)
_NOISE_MEAN, _NOISE_SD = -9.0, 1.5
"""Of the logarithm of the noise's variance: a hundredth of the data's spread, give or take."""
_MIXTURE_SD = 2.0
"""Of the logit of the share of main effects, and of the logarithm of the stretch of interactions."""


@dataclass(frozen=True)
class Kernel:
    """A covariance of points.

    Attributes
    ----------
    scales
        Length scales of the main effects, shape ``(features,)``.
    stretch
        By what those of the interactions are longer.
    share
        Of the variance that is main effects, between 0 and 1.
    signal, noise
        Variances of the function and of its observations, in units of standardised targets.
    """

    scales: Array
    stretch: float
    share: float
    signal: float
    noise: float

    @classmethod
    def of(cls, theta: Array) -> Kernel:
        """Return the kernel of hyperparameters ``(features + 4,)``: logarithms, and the share's logit."""
        scales, (signal, noise, share, stretch) = np.exp(theta[:-4]), theta[-4:].tolist()
        longer = math.exp(stretch) * math.sqrt(len(scales))
        return cls(scales, longer, 1.0 / (1.0 + math.exp(-share)), math.exp(signal), math.exp(noise))

    @staticmethod
    def start(features: int, rng: np.random.Generator) -> Array:
        """Draw hyperparameters ``(features + 4,)`` about as they are likely before there is a trial."""
        middle = np.r_[np.zeros(features + 1), _NOISE_MEAN, 0.0, 0.0]
        spread = np.r_[np.full(features, 0.5), 0.0, _NOISE_SD, 1.0, 1.0]
        return np.asarray(middle + spread * rng.normal(size=features + 4))

    def __call__(self, a: Array, b: Array) -> Array:
        """Return the covariances, shape ``(m, n)``, of points ``(m, features)`` and ``(n, features)``."""
        a, b = a * (_ROOT5 / self.scales), b * (_ROOT5 / self.scales)
        return np.vstack([self._block(a[i : i + _ROWS], b) for i in range(0, max(len(a), 1), _ROWS)])

    def _block(self, a: Array, b: Array) -> Array:
        squares, effects = np.zeros((2, len(a), len(b)))
        t, square, decay = np.empty((3, len(a), len(b)))
        for one, other in zip(np.ascontiguousarray(a.T), np.ascontiguousarray(b.T), strict=True):
            np.abs(np.subtract(one[:, None], other, out=t), out=t)
            squares += np.multiply(t, t, out=square)
            np.exp(np.negative(t, out=decay), out=decay)
            square *= 1.0 / 3.0
            square += t
            square += 1.0
            square *= decay
            effects += square
        together = _matern(np.sqrt(squares) / self.stretch)
        share = self.share / len(self.scales)
        return np.asarray(self.signal * ((1.0 - self.share) * together + share * effects))

    def covariance(self, points: Array) -> Array:
        """Return the covariances of noisy observations at points ``(n, features)``, shape ``(n, n)``."""
        found = self(points, points)
        found.flat[:: len(points) + 1] = self.signal + self.noise + JITTER
        return found


class Posterior:
    """Negative logarithm of the posterior of hyperparameters, and its gradient, given standardised targets.

    Parameters
    ----------
    points, targets
        Shapes ``(n, features)`` and ``(n,)``.
    """

    def __init__(self, points: Array, targets: Array) -> None:
        self._targets = targets
        self._pairs = np.triu_indices(len(points), 1)
        rows, columns = self._pairs
        self._away = np.ascontiguousarray(_ROOT5 * np.abs(points[rows] - points[columns]).T)

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """Return the value at hyperparameters ``(features + 4,)``, and the gradient there."""
        kernel, (features, pairs), n = Kernel.of(theta), self._away.shape, len(self._targets)
        squares, bends = np.empty((2, features, pairs))
        effects = np.zeros(pairs)
        # One feature after the other, so that its pairs stay in the processor's cache.
        for i, (away, scale) in enumerate(zip(self._away, kernel.scales, strict=True)):
            t = away / scale
            decay = np.exp(-t)
            np.multiply(t, t, out=squares[i])
            steep = (1.0 + t) * decay
            np.multiply(squares[i], steep, out=bends[i])
            effects += steep + squares[i] * decay / 3.0
        effects /= features
        r = np.sqrt(squares.sum(0)) / kernel.stretch
        decay = np.exp(-r)
        steep = (1.0 + r) * decay
        together = steep + r * r * decay / 3.0
        alike = (1.0 - kernel.share) * together + kernel.share * effects
        covariance = np.empty((n, n))
        covariance[self._pairs] = covariance[self._pairs[::-1]] = kernel.signal * alike
        covariance.flat[:: n + 1] = kernel.signal + kernel.noise + JITTER
        try:
            factor = np.linalg.cholesky(covariance)
        except np.linalg.LinAlgError:
            return math.inf, np.zeros_like(theta)
        inverse = np.linalg.inv(covariance)
        alpha = inverse @ self._targets
        pull = np.outer(alpha, alpha) - inverse
        weights, trace = kernel.signal * pull[self._pairs], float(np.trace(pull))
        apart = (1.0 - kernel.share) / 3.0 * weights * steep
        likelihood = 0.5 * float(self._targets @ alpha) + float(np.log(np.diag(factor)).sum())
        gradient = -np.r_[
            squares @ apart / kernel.stretch**2 + bends @ weights * (kernel.share / (3.0 * features)),
            float(weights @ alike) + 0.5 * kernel.signal * trace,
            0.5 * kernel.noise * trace,
            kernel.share * (1.0 - kernel.share) * float(weights @ (effects - together)),
            float((r * r) @ apart),
        ]
        prior, slope = _prior(theta)
        return likelihood + prior, gradient + slope


def _matern(t: Array) -> Array:
    return np.asarray((1.0 + t * (1.0 + t / 3.0)) * np.exp(-t))


def _prior(theta: Array) -> tuple[float, Array]:
    """Return the negative log prior of hyperparameters and its gradient.

    Length scales near 1, between about 0.3 and 3, and a signal like the data's, as Optuna's sampler has them;
    little noise; main effects and interactions in equal shares, but for what the trials say.
    """
    scales, signal = np.exp(2.0 * theta[:-4]), math.exp(theta[-4])
    loudness, mixture = (theta[-3] - _NOISE_MEAN) / _NOISE_SD, theta[-2:] / _MIXTURE_SD
    energy = 0.1 * float((scales + 1.0 / scales).sum()) + signal - theta[-4]
    energy += 0.5 * (loudness**2 + float(mixture @ mixture))
    slope = np.r_[0.2 * (scales - 1.0 / scales), signal - 1.0, loudness / _NOISE_SD, mixture / _MIXTURE_SD]
    return float(energy), slope
