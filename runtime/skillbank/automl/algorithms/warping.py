"""Losses on a scale on which they spread like a bell, as a Gaussian process takes them to do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_POWERS = np.linspace(-2.0, 1.0, 25)
"""A power above 1 would draw the best losses together, which are those to tell apart."""
_FAR = 1e30
"""Middle spreads away from the median; what is farther counts as just as far."""


def warped(losses: Array) -> Array:
    """Return losses, shape ``(n,)``, in the same order on a scale of their own.

    The transform is that of Yeo and Johnson, "A New Family of Power Transformations to Improve Normality or
    Symmetry", Biometrika 87 (2000), with the most likely power up to 1; after Cowen-Rivers et al., "HEBO:
    Pushing the Limits of Sample-Efficient Hyper-parameter Optimisation", JAIR 74 (2022). Of trials that went
    astray by orders of magnitude it leaves that they are bad, and keeps the others apart.
    """
    low, middle, high = np.quantile(losses, [0.25, 0.5, 0.75])
    spread = float(high - low) or float(losses.std())
    if spread <= 0.0:
        return losses
    with np.errstate(over="ignore"):
        y = np.clip((losses - middle) / spread, -_FAR, _FAR)
    bend = float((np.sign(y) * np.log1p(np.abs(y))).sum())
    found = [_powered(y, float(power)) for power in _POWERS]
    likely = [
        (power - 1.0) * bend - 0.5 * len(y) * np.log(max(float(z.var()), 1e-300))
        for power, z in zip(_POWERS, found, strict=True)
    ]
    return found[int(np.argmax(likely))]


def _powered(y: Array, power: float) -> Array:
    size = np.log1p(np.abs(y))
    up = size if power == 0.0 else np.expm1(power * size) / power
    down = np.expm1((2.0 - power) * size) / (2.0 - power)
    return np.asarray(np.where(y >= 0.0, up, -down))
