"""Ten standard functions of 2 to 20 dimensions, turned upward, over boxes that hold their optimum off centre.

Surjanovic and Bingham, "Virtual Library of Simulation Experiments" (2013), has their formulas; where an
optimum would stand in the middle of the usual box, the box is shifted, as is the custom since Eriksson et
al., "Scalable Global Optimization via Local Bayesian Optimization" (NeurIPS 2019). The default configuration,
which everybody tries first, is another random point for each seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.automl.objectives import Objective, Values, hartmann_value

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Function:
    """A function over a box.

    Attributes
    ----------
    dimensions
        Of a point.
    low, high
        Ends of the box, one for all dimensions or one each.
    value
        Gives the score of a point, shape ``(dimensions,)``; more is better.
    best
        The highest score there is.
    """

    dimensions: int
    low: float | tuple[float, ...]
    high: float | tuple[float, ...]
    value: Callable[[Array], float]
    best: float = 0.0

    def objective(self, name: str, seed: int) -> Objective:
        """Return the function as an objective; the seed says where everybody starts."""
        keys = [f"x{i}" for i in range(self.dimensions)]
        low = np.broadcast_to(np.asarray(self.low, dtype=float), self.dimensions)
        high = np.broadcast_to(np.asarray(self.high, dtype=float), self.dimensions)
        start = low + np.random.default_rng((seed, self.dimensions)).random(self.dimensions) * (high - low)
        spec = dict(zip(keys, start.tolist(), strict=True))
        properties = {
            key: {"type": "float", "minimum": a, "maximum": b, "default": spec[key], "automl_enabled": True}
            for key, a, b in zip(keys, low.tolist(), high.tolist(), strict=True)
        }
        schema = {"type": "object", "properties": properties, "automl_default_parameters": keys}

        def value(values: Values) -> float:
            return self.value(np.asarray([values[key] for key in keys]))

        return Objective(name, schema, spec, value, self.best)


def _levy(x: Array) -> float:
    w = 1.0 + (x - 1.0) / 4.0
    middle = ((w[:-1] - 1.0) ** 2 * (1.0 + 10.0 * np.sin(np.pi * w[:-1] + 1.0) ** 2)).sum()
    last = (w[-1] - 1.0) ** 2 * (1.0 + np.sin(2.0 * np.pi * w[-1]) ** 2)
    return -float(np.sin(np.pi * w[0]) ** 2 + middle + last)


def _styblinski_tang(x: Array) -> float:
    return -float((x**4 - 16.0 * x**2 + 5.0 * x).mean()) / 2.0


def _rastrigin(x: Array) -> float:
    return -float((x**2 - 10.0 * np.cos(2.0 * np.pi * x) + 10.0).sum())


def _schwefel(x: Array) -> float:
    return -float((418.9828872724339 - x * np.sin(np.sqrt(np.abs(x)))).sum())


def _ackley(x: Array) -> float:
    near, wave = math.sqrt(float((x**2).mean())), float(np.cos(2.0 * np.pi * x).mean())
    return 20.0 * math.exp(-0.2 * near) + math.exp(wave) - 20.0 - math.e


def _rosenbrock(x: Array) -> float:
    return -float((100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum())


def _branin(x: Array) -> float:
    valley = x[1] - 5.1 / (4.0 * np.pi**2) * x[0] ** 2 + 5.0 / np.pi * x[0] - 6.0
    return -float(valley**2 + 10.0 * (1.0 - 1.0 / (8.0 * np.pi)) * np.cos(x[0]) + 10.0)


def _michalewicz(x: Array) -> float:
    return float((np.sin(x) * np.sin(np.arange(1, len(x) + 1) * x**2 / np.pi) ** 20).sum())


def _griewank(x: Array) -> float:
    waves = np.cos(x / np.sqrt(np.arange(1, len(x) + 1))).prod()
    return -float((x**2).sum() / 4000.0 - waves + 1.0)


STANDARD: dict[str, Function] = {
    "levy-8": Function(8, -10.0, 10.0, _levy),
    "styblinski-tang-6": Function(6, -5.0, 5.0, _styblinski_tang, 39.1661657),
    "rastrigin-10": Function(10, -3.0, 4.0, _rastrigin),
    "schwefel-5": Function(5, -500.0, 500.0, _schwefel),
    "hartmann-6": Function(6, 0.0, 1.0, lambda x: hartmann_value(x.tolist()), 3.32237),
    "ackley-6": Function(6, -5.0, 10.0, _ackley),
    "rosenbrock-5": Function(5, -5.0, 10.0, _rosenbrock),
    "branin": Function(2, (-5.0, 0.0), (10.0, 15.0), _branin, -0.397887),
    "michalewicz-10": Function(10, 0.0, math.pi, _michalewicz, 9.66015),
    "griewank-20": Function(20, -300.0, 600.0, _griewank),
}
