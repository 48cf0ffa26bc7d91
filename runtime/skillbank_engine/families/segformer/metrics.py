"""What masks that were found are worth beside those that are true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from skillbank_engine.families.segformer.config.dataset import IGNORED

if TYPE_CHECKING:
    from skillbank_engine.data.pixels import Array


def confusion(truth: Array, found: Array, count: int) -> Array:
    """Count pixels by their true class and the class that was found.

    Parameters
    ----------
    truth, found : ndarray
        Classes of the same pixels; where the truth is :data:`IGNORED` they do not count.
    count : int
        Number of classes.

    Returns
    -------
    ndarray
        ``(count, count)`` int64, a row for each true class.
    """
    counted = truth != IGNORED
    pairs = truth[counted].astype(np.int64) * count + found[counted]
    return np.bincount(pairs.ravel(), minlength=count * count).reshape(count, count)


@dataclass(frozen=True)
class SegmentationMetrics:
    """The numbers of a confusion matrix.

    Attributes
    ----------
    miou : float
        Mean over classes of the intersection by the union.
    accuracy : float
        Share of pixels that are right.
    mean_accuracy : float
        Mean over classes of the share of their pixels that are right.
    per_class : dict
        Name to ``iou``, ``accuracy``, ``precision`` and ``pixels``, of classes that have a true pixel.
    absent : tuple of str
        Classes without a true pixel: no mean counts them.
    """

    miou: float
    accuracy: float
    mean_accuracy: float
    per_class: dict[str, dict[str, float]]
    absent: tuple[str, ...]

    @classmethod
    def of(cls, matrix: Array, names: Sequence[str]) -> SegmentationMetrics:
        """Compute them.

        Parameters
        ----------
        matrix : ndarray
            From :func:`confusion`, added up.
        names : sequence of str
            Of the classes.
        """
        right, true, found = matrix.diagonal(), matrix.sum(1), matrix.sum(0)
        per_class = {
            name: {
                "iou": float(right[place] / (true[place] + found[place] - right[place])),
                "accuracy": float(right[place] / true[place]),
                "precision": float(right[place] / found[place]) if found[place] else 0.0,
                "pixels": float(true[place]),
            }
            for place, name in enumerate(names)
            if true[place]
        }
        absent = tuple(name for place, name in enumerate(names) if not true[place])
        if not per_class:
            return cls(0.0, 0.0, 0.0, {}, absent)
        return cls(
            float(np.mean([numbers["iou"] for numbers in per_class.values()])),
            float(right.sum() / true.sum()),
            float(np.mean([numbers["accuracy"] for numbers in per_class.values()])),
            per_class,
            absent,
        )
