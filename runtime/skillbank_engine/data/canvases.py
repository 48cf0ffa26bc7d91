"""Batches of pictures of like shape, and the few shapes that they are padded to.

A batch is as high as its highest picture and as wide as its widest.  Drawn at random, batches of pictures
between 480 and 1333 pixels are two fifths padding.  What size a picture will have is known before it is
decoded, so that pictures which come soon after each other in the shuffled order are exchanged until those of
a batch are alike.  Every picture keeps its views: only the company in which it is seen changes.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

Shape = tuple[int, int]
"""Height and width in pixels."""

WINDOW = 64
"""Steps among which pictures are exchanged.  With 64 some 7 % of a batch is padding, with 16 it is 15 %."""
MOST_SHAPES = 24
"""Shapes of a run.  With 24 some 12 % of a batch is padding, with 8 it is 22 %."""
RECORDED_SHAPES = 16
"""Shapes where each is recorded apart, which takes some steps' time."""
FEW_SHAPES = 8
"""Shapes where each is compiled apart, which takes a minute."""

_STEP = 32  # the stride of most backbones
_COARSE = 128


def grouped(shapes: Sequence[Shape], size: int) -> list[list[int]]:
    """Put like shapes together.

    Parameters
    ----------
    shapes : sequence of (int, int)
        Heights and widths, as many as make up full batches.
    size : int
        Shapes of a batch.

    Returns
    -------
    list of list of int
        Batches of positions in ``shapes``; among equal shapes they keep their order.
    """
    return _divided(list(range(len(shapes))), shapes, size)


def _divided(places: list[int], shapes: Sequence[Shape], size: int) -> list[list[int]]:
    """Divide along the side that differs more, in the middle, until a batch is left."""
    spreads = [_spread([shapes[place][side] for place in places]) for side in (0, 1)]
    if len(places) <= size or max(spreads) == 0:
        return [places[start : start + size] for start in range(0, len(places), size)]
    side = 0 if spreads[0] >= spreads[1] else 1
    ordered = sorted(places, key=lambda place: shapes[place][side])
    middle = max(1, len(places) // size // 2) * size
    return _divided(ordered[:middle], shapes, size) + _divided(ordered[middle:], shapes, size)


def _spread(sides: Sequence[int]) -> float:
    return math.log(max(sides) / min(sides))


def need(shapes: Iterable[Shape]) -> Shape:
    """Height and width that hold all shapes of a batch."""
    heights, widths = zip(*shapes, strict=True)
    return max(heights), max(widths)


@dataclass(frozen=True)
class Canvases:
    """The shapes that batches are padded to.

    Attributes
    ----------
    shapes : tuple of (int, int)
        Heights and widths.
    """

    shapes: tuple[Shape, ...]

    def holding(self, wanted: Shape) -> Shape:
        """The smallest that holds a shape; for the rare one that none holds, the next multiple of 128."""
        fitting = [shape for shape in self.shapes if shape[0] >= wanted[0] and shape[1] >= wanted[1]]
        if fitting:
            return min(fitting, key=_area)
        return _rounded(wanted, _COARSE)


def choose_canvases(needs: Sequence[Shape], most: int) -> Canvases:
    """Choose shapes for batches.

    Few needs are taken as they are.  Of many, rounded up, those two become one again and again that cost the
    least further padding.

    Parameters
    ----------
    needs : sequence of (int, int)
        What some batches need.
    most : int
        How many shapes there may be.
    """
    if len(set(needs)) <= most:
        return Canvases(tuple(sorted(set(needs))))
    counted = Counter(_rounded(wanted, _STEP) for wanted in needs)
    shapes = np.array(list(counted), dtype=np.int64)
    counts = np.array(list(counted.values()), dtype=np.int64)
    while len(shapes) > most:
        both = np.maximum(shapes[:, None], shapes[None])
        extra = counts[:, None] * (both.prod(-1) - shapes.prod(-1)[:, None])
        cost = (extra + extra.T).astype(np.float64)
        np.fill_diagonal(cost, np.inf)
        one, other = (int(place) for place in np.unravel_index(cost.argmin(), cost.shape))
        shapes[one], counts[one] = both[one, other], counts[one] + counts[other]
        shapes, counts = np.delete(shapes, other, 0), np.delete(counts, other)
    return Canvases(tuple(sorted({(int(height), int(width)) for height, width in shapes})))


def padding(batches: Iterable[Sequence[Shape]], canvases: Canvases) -> float:
    """Share of the pixels of some batches that belongs to no picture."""
    pictures = pixels = 0
    for shapes in batches:
        pictures += sum(map(_area, shapes))
        pixels += len(shapes) * _area(canvases.holding(need(shapes)))
    return 1 - pictures / pixels if pixels else 0.0


def _area(shape: Shape) -> int:
    return shape[0] * shape[1]


def _rounded(shape: Shape, step: int) -> Shape:
    height, width = (-(-side // step) * step for side in shape)
    return height, width
