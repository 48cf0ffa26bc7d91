"""What boxes look like, roughly: the colours of their middles, from the small copy of a picture in its set.

The copies are there to find near-duplicates (`skillbank.datasets.looks`): 32 x 32 in grey, 8 x 8 in colours.
So no picture is read again, and of an object that is much smaller than a cell they say what is about it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from skillbank.datasets.looks import COLOURS, EDGE, SMALL

__all__ = ["COUNT", "tints"]

_Numbers = npt.NDArray[np.float64]
COUNT = 6
"""Numbers that say what a box looks like."""
_CELLS = 4
"""Cells along each edge of a box; those at its rim show what is behind a round thing too."""
_GREY = np.array([0.299, 0.587, 0.114])
_SPREAD = 4.0
"""So that the numbers of most boxes lie within one of 0."""


def _finer() -> _Numbers:
    """Return how much each of `EDGE` fine cells has of the two coarse ones between which it lies."""
    places = np.clip((np.arange(EDGE) + 0.5) * (COLOURS / EDGE) - 0.5, 0, COLOURS - 1)
    found: _Numbers = np.maximum(1 - np.abs(places[:, None] - np.arange(COLOURS)), 0.0)
    return found


_FINER = _finer()


def tints(small: bytes, corners: _Numbers, width: int, height: int) -> _Numbers:
    """Return what boxes of a picture look like.

    Parameters
    ----------
    small
        As `skillbank.datasets.looks.Look.small`; of another length nothing is known, and all numbers are 0.
    corners
        In pixels of the picture, shape (boxes, 4).

    Returns
    -------
    ndarray
        Red, green and blue of the middle, from -2 to 2, and how much each differs within the box; shape
        (boxes, `COUNT`).
    """
    if len(small) != SMALL or not len(corners):
        return np.zeros((len(corners), COUNT))
    cells = _cells(_copy(small), corners * (EDGE / np.array([width, height, width, height])))
    middle = cells[:, 1:-1, 1:-1].mean(axis=(1, 2)) - 0.5
    return np.concatenate([middle, cells.std(axis=(1, 2))], axis=1) * _SPREAD


def _copy(small: bytes) -> _Numbers:
    """Return the copy, its grey coloured coarsely, from 0 to 1 and a little beyond; shape (EDGE, EDGE, 3)."""
    numbers = np.frombuffer(small, np.uint8).astype(float) / 255
    grey = numbers[: EDGE * EDGE].reshape(EDGE, EDGE)
    coarse = numbers[EDGE * EDGE : EDGE * EDGE + 3 * COLOURS * COLOURS].reshape(COLOURS, COLOURS, 3)
    fine = (_FINER @ (_FINER @ coarse.reshape(COLOURS, -1)).reshape(EDGE, COLOURS, 3)).reshape(EDGE, EDGE, 3)
    found: _Numbers = fine + (grey - fine @ _GREY)[..., None]
    return found


def _cells(copy: _Numbers, corners: _Numbers) -> _Numbers:
    """Return the mean colours of each box's cells, shape (boxes, _CELLS, _CELLS, 3).

    Parameters
    ----------
    corners
        In cells of the copy, shape (boxes, 4).
    """
    sums = np.zeros((EDGE + 1, EDGE + 1, 3))
    sums[1:, 1:] = copy.cumsum(axis=0).cumsum(axis=1)
    steps = np.arange(_CELLS + 1) / _CELLS
    low = np.clip(corners[:, :2], 0, EDGE - 1e-3)
    sides = np.maximum(np.clip(corners[:, 2:], 0, EDGE) - low, 1e-3)
    x = np.minimum(low[:, 0, None] + sides[:, 0, None] * steps, EDGE)
    y = np.minimum(low[:, 1, None] + sides[:, 1, None] * steps, EDGE)
    left, top = np.minimum(x.astype(int), EDGE - 1), np.minimum(y.astype(int), EDGE - 1)
    across, down = (x - left)[:, None, :, None], (y - top)[:, :, None, None]
    rows, columns = top[:, :, None], left[:, None, :]
    upper = sums[rows, columns] * (1 - across) + sums[rows, columns + 1] * across
    lower = sums[rows + 1, columns] * (1 - across) + sums[rows + 1, columns + 1] * across
    total = upper * (1 - down) + lower * down
    areas = (sides.prod(axis=1) / _CELLS**2)[:, None, None, None]
    found: _Numbers = np.diff(np.diff(total, axis=1), axis=2) / areas
    return found
