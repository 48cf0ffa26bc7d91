"""How boxes overlap: one with many others, where a picture has thousands."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


class Boxes:
    """Boxes ``xyxy``, each with a number, that another one is compared with, all at once.

    Parameters
    ----------
    most : int
        How many there will be.
    """

    def __init__(self, most: int) -> None:
        self._corners = np.empty((4, most))
        self._numbers = np.empty(most)
        self._count = 0

    def add(self, box: Sequence[float], number: float) -> None:
        """Add a box."""
        self._corners[:, self._count] = box
        self._numbers[self._count] = number
        self._count += 1

    @property
    def numbers(self) -> Numbers:
        """Those of the boxes, shape ``(count,)``."""
        return self._numbers[: self._count]

    @property
    def areas(self) -> Numbers:
        """Their areas, shape ``(count,)``."""
        left, top, right, bottom = self._corners[:, : self._count]
        areas: Numbers = (right - left) * (bottom - top)
        return areas

    def shared(self, box: Sequence[float]) -> Numbers:
        """Return the area that a box has in common with each, shape ``(count,)``."""
        left, top, right, bottom = self._corners[:, : self._count]
        width = np.minimum(right, box[2]) - np.maximum(left, box[0])
        height = np.minimum(bottom, box[3]) - np.maximum(top, box[1])
        shared: Numbers = np.maximum(width, 0.0) * np.maximum(height, 0.0)
        return shared

    def overlap(self, box: Sequence[float]) -> Numbers:
        """Return the intersection over union of a box with each, shape ``(count,)``."""
        shared = self.shared(box)
        union = self.areas + area(box) - shared
        overlap: Numbers = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
        return overlap


def area(box: Sequence[float]) -> float:
    """Area of a box ``xyxy``."""
    return (box[2] - box[0]) * (box[3] - box[1])


def by_phrase(phrases: Iterable[int]) -> dict[int, Boxes]:
    """Return room for boxes by phrase; each phrase stands as often as it has boxes."""
    return {phrase: Boxes(count) for phrase, count in Counter(phrases).items()}
