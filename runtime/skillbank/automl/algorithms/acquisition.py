"""What to try next: expected improvement, and the search for the point where it is highest."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from skillbank.automl.space_features import features_of

if TYPE_CHECKING:
    from skillbank.automl.space import SearchSpace

Array = npt.NDArray[np.float64]
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_PARENTS, _BROOD = 6, 20
_erfc = np.frompyfunc(math.erfc, 1, 1)


def log_expected_improvement(mean: Array, deviation: Array, best: float) -> Array:
    """Return the logarithm of the expected improvement below the best loss.

    In logarithms it keeps a slope where the improvement itself underflows: Ament et al., "Unexpected
    Improvements to Expected Improvement for Bayesian Optimization" (NeurIPS 2023).
    """
    z = (best - mean) / deviation
    near = np.maximum(z, -30.0)
    density = np.exp(-0.5 * near**2 - _HALF_LOG_2PI)
    mass = 0.5 * np.asarray(_erfc(-near / math.sqrt(2.0)), dtype=float)
    inside = np.log(np.maximum(density + near * mass, 1e-300))
    # Far below, phi(z) + z Phi(z) tends to phi(z) / z^2.
    far = np.minimum(z, -30.0)
    outside = -0.5 * far**2 - _HALF_LOG_2PI - 2.0 * np.log(-far)
    return np.asarray(np.where(z > -30.0, inside, outside) + np.log(deviation))


def maximise(
    space: SearchSpace,
    score: Callable[[Array], Array],
    seeds: Sequence[Array],
    taken: Sequence[dict[str, object]],
    rng: np.random.Generator,
    candidates: int,
    rounds: int,
) -> dict[str, object] | None:
    """Return the valid configuration of highest score that has not been taken.

    Random points show where the score is high; from the best of them and from the seeds a local search goes
    on with mutations whose size shrinks. Only decoded points are scored, so whatever wins is valid.

    Parameters
    ----------
    score
        Of features, shape ``(m, features)``, gives scores of shape ``(m,)``.
    seeds
        Points to search around, e.g. those of the best trials.
    candidates, rounds
        Random points at first, and rounds of mutations after them.
    """
    d = space.dimensions
    points = rng.random((candidates, d))
    scores = score(features_of(space, points))
    top = np.argsort(-scores, kind="stable")[:_PARENTS]
    parents = np.vstack([points[top], np.asarray(seeds).reshape(-1, d)])
    heights = score(features_of(space, parents))
    for round_ in range(rounds):
        young = _mutated(np.repeat(parents, _BROOD, axis=0), 0.25 * 0.9**round_, rng)
        found = score(features_of(space, young)).reshape(len(parents), _BROOD)
        best = np.argmax(found, axis=1)
        rows = np.arange(len(parents))
        better = found[rows, best] > heights
        parents = np.where(better[:, None], young[rows * _BROOD + best], parents)
        heights = np.where(better, found[rows, best], heights)
    for pool, order in ((parents, heights), (points, scores)):
        for i in np.argsort(-order, kind="stable"):
            values = space.decode(pool[i])
            if values not in taken:
                return values
    return None


def _mutated(points: Array, size: float, rng: np.random.Generator) -> Array:
    """Return points of which some coordinates have moved by about `size`, or anywhere; at least one has."""
    m, d = points.shape
    dice = rng.random((m, d))
    rate = np.where(rng.random((m, 1)) < 0.5, 1.5 / d, 0.5)
    rows, one = np.arange(m), rng.integers(0, d, m)
    anywhere = dice < 0.1 * rate
    anywhere[rows, one] = dice[rows, one] < 0.1
    moves = dice < rate
    moves[rows, one] = True
    stepped = np.abs(points + rng.normal(0.0, size, (m, d)))
    stepped = np.where(stepped > 1.0, np.maximum(2.0 - stepped, 0.0), stepped)
    return np.where(moves, np.where(anywhere, rng.random((m, d)), stepped), points)
