"""Five functions of the BBOB suite, turned upward: shifted, rotated and bent anew for each seed.

Hansen, Finck, Ros and Auger, "Real-Parameter Black-Box Optimization Benchmarking 2009: Noiseless Functions
Definitions" (INRIA RR-6829): numbers 3, 8, 15, 17 and 21, without the boundary penalty, since nothing outside
of [-5, 5] is tried. They are held out: an algorithm is tried on them when it is done.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from benchmarks.automl.functions import Function
from benchmarks.automl.objectives import Objective

Array = npt.NDArray[np.float64]
DIMENSIONS = {"bbob-3": 8, "bbob-8": 10, "bbob-15": 6, "bbob-17": 12, "bbob-21": 5}
"""By the name of a function."""


def objective(name: str, seed: int) -> Objective:
    """Return the instance of a function that belongs to a seed, as an objective."""
    d, number = DIMENSIONS[name], int(name.removeprefix("bbob-"))
    value = _MADE[number](d, np.random.default_rng((seed, number)))
    return Function(d, -5.0, 5.0, value).objective(name, seed)


def _rotation(d: int, rng: np.random.Generator) -> Array:
    q, r = np.linalg.qr(rng.normal(size=(d, d)))
    return np.asarray(q * np.sign(np.diag(r)))


def _oscillated(x: Array) -> Array:
    size = np.log(np.where(x == 0.0, 1.0, np.abs(x)))
    first, second = np.where(x > 0, 10.0, 5.5), np.where(x > 0, 7.9, 3.1)
    bent = np.exp(size + 0.049 * (np.sin(first * size) + np.sin(second * size)))
    return np.asarray(np.sign(x) * bent)


def _skewed(x: Array, beta: float) -> Array:
    grade = np.linspace(0.0, 1.0, len(x))
    up = np.maximum(x, 0.0)
    return np.asarray(np.where(x > 0, up ** (1.0 + beta * grade * np.sqrt(up)), x))


def _conditioned(d: int, alpha: float) -> Array:
    return np.asarray(alpha ** (0.5 * np.linspace(0.0, 1.0, d)))


def _waves(z: Array) -> float:
    return -float(10.0 * (len(z) - np.cos(2.0 * np.pi * z).sum()) + (z**2).sum())


def _rastrigin(d: int, rng: np.random.Generator) -> Callable[[Array], float]:
    at, scales = rng.uniform(-4.0, 4.0, d), _conditioned(d, 10.0)
    return lambda x: _waves(scales * _skewed(_oscillated(x - at), 0.2))


def _rosenbrock(d: int, rng: np.random.Generator) -> Callable[[Array], float]:
    at, factor = rng.uniform(-3.0, 3.0, d), max(1.0, d**0.5 / 8.0)

    def value(x: Array) -> float:
        z = factor * (x - at) + 1.0
        return -float((100.0 * (z[:-1] ** 2 - z[1:]) ** 2 + (z[:-1] - 1.0) ** 2).sum())

    return value


def _rotated_rastrigin(d: int, rng: np.random.Generator) -> Callable[[Array], float]:
    at, scales = rng.uniform(-4.0, 4.0, d), _conditioned(d, 10.0)
    first, second = _rotation(d, rng), _rotation(d, rng)
    return lambda x: _waves(first @ (scales * (second @ _skewed(_oscillated(first @ (x - at)), 0.2))))


def _schaffers(d: int, rng: np.random.Generator) -> Callable[[Array], float]:
    at, scales = rng.uniform(-4.0, 4.0, d), _conditioned(d, 10.0)
    first, second = _rotation(d, rng), _rotation(d, rng)

    def value(x: Array) -> float:
        z = scales * (second @ _skewed(first @ (x - at), 0.5))
        s = np.sqrt(z[:-1] ** 2 + z[1:] ** 2)
        return -float((np.sqrt(s) * (1.0 + np.sin(50.0 * s**0.2) ** 2)).mean() ** 2)

    return value


def _gallagher(d: int, rng: np.random.Generator) -> Callable[[Array], float]:
    peaks = 101
    turn = _rotation(d, rng)
    centres = rng.uniform(-5.0, 5.0, (peaks, d))
    centres[0] = rng.uniform(-4.0, 4.0, d)
    heights = np.r_[10.0, np.linspace(1.1, 9.1, peaks - 1)]
    alphas = np.r_[1000.0, rng.permutation(1000.0 ** (2.0 * np.linspace(0.0, 1.0, peaks - 1)))]
    shapes = np.stack([rng.permutation(_conditioned(d, a) ** 2 / a**0.25) for a in alphas])

    def value(x: Array) -> float:
        away = ((x - centres) @ turn.T) ** 2
        highest = float((heights * np.exp(-(shapes * away).sum(1) / (2.0 * d))).max())
        return -(float(_oscillated(np.asarray([10.0 - highest]))[0]) ** 2)

    return value


_MADE = {3: _rastrigin, 8: _rosenbrock, 15: _rotated_rastrigin, 17: _schaffers, 21: _gallagher}
