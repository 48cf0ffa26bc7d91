"""How many boxes of a split fit their pictures as they are read, and in every other way to read them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from skillbank.datasets.box_checks import ROUNDING
from skillbank.datasets.box_orders import PERCENT, Corners, Numbers, Order, Reading, Written
from skillbank.datasets.document import Box

__all__ = ["BoxStatistics", "Fit"]

_PORTION = 4096
"""So many boxes are counted at once."""
_WHOLE = 0.06
"""A number so near to a whole one is one that was rounded as a share of a side."""
_OVER = 0.51
"""What reaches out farther is not rounded."""
_FARTHEST = 1e12
"""What lies beyond is no place in any picture, and would take all sums with it."""
_ORDERS = (Order.CORNERS, Order.SIZED, Order.CENTRED)
_Row = tuple[float, float, float, float, float, float]


@dataclass(slots=True)
class Fit:
    """Counts of boxes in one reading.

    Attributes
    ----------
    fits
        Have sides and lie in their picture, but for what rounding explains.
    exact
        Lie in it within half a pixel.
    whole
        Have corners of whole pixels.
    """

    fits: int = 0
    exact: int = 0
    whole: int = 0


@dataclass(slots=True)
class BoxStatistics:
    """Counts over the boxes of a split that tell in which way they are written."""

    written: Written
    boxes: int = 0
    sized: int = 0
    """Of pictures of known size."""
    reversed: int = 0
    about: int = 0
    """Reach out to any side."""
    outside: int = 0
    """Reach out to the right or below."""
    fractions: int = 0
    broken_fractions: int = 0
    """Fractions that are no whole numbers, which cannot be pixels."""
    upper_left: int = 0
    """Lie inside when the second corner is taken for width and height."""
    farthest: Numbers = field(default_factory=lambda: np.zeros(2))
    """The largest x1 + x2 and y1 + y2, in sides of the picture."""
    expected: float = 0.0
    """How many boxes would lie nearer to two edges than half of their size, were they spread evenly."""
    near_first: int = 0
    """Lie nearer to the left or the upper edge than half of their size."""
    near_last: int = 0
    """The same of the right or the lower edge."""
    moments: Numbers = field(default_factory=lambda: np.zeros((2, 3)))
    """Sums for x and for y, in sides of the picture: of both corners' products, and of each one's squares."""
    means: Numbers = field(default_factory=lambda: np.zeros((2, 2)))
    """Sums of the first corner and of the second, for x and for y."""
    read: Fit = field(default_factory=Fit)
    others: dict[Reading, Fit] = field(default_factory=dict)
    as_pixels: Fit = field(default_factory=Fit)
    """What a format of percent has, taken for pixels."""
    widest: tuple[float, float] = 0.0, 0.0
    """The largest x and y, in the unit of the format."""
    smallest_side: float = np.inf
    largest_side: float = 0.0
    """Of all the pictures with boxes."""
    example: str = ""
    example_about: str = ""
    _rows: list[_Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        for meant in self.written.orders:
            for exchanged in (False, True):
                ways = (Reading(meant, order, exchanged) for order in _ORDERS)
                self.others |= {way: Fit() for way in ways if exchanged or way.order is not meant}
            if meant is not Order.CENTRED:
                self.others[Reading(meant, Order.SPANS)] = Fit()

    def add(self, box: Box, size: tuple[float, float] | None) -> None:
        """Count a box of a picture of a size; None where nobody knows it."""
        width, height = size if size is not None else (0.0, 0.0)
        self._rows.append((box.x1, box.y1, box.x2, box.y2, width, height))
        if len(self._rows) >= _PORTION:
            self.count()

    def count(self) -> None:
        """Count the boxes that were added; the numbers above are right after it."""
        if not self._rows:
            return
        table = np.array(self._rows, np.float64)
        self._rows.clear()
        table = table[(np.abs(table) < _FARTHEST).all(1)]
        self._count_all(table)
        self._count_sized(table[table[:, 4] > 0])

    @property
    def together(self) -> float:
        """How much the second corner goes with the first, from -1 to 1: small boxes take both along."""
        (first, second), count = self.means.T / max(self.sized, 1), max(self.sized, 1)
        product, one, two = self.moments.T / count
        spread = np.sqrt(np.maximum((one - first**2) * (two - second**2), 1e-18))
        return float(((product - first * second) / spread).max())

    def _count_all(self, table: Numbers) -> None:
        if not len(table):
            return
        boxes = table[:, :4]
        self.boxes += len(table)
        self.example = self.example or ", ".join(f"{value:g}" for value in boxes[0])
        self.reversed += _count((boxes[:, 2] < boxes[:, 0]) | (boxes[:, 3] < boxes[:, 1]))
        fractions = ((boxes >= 0) & (boxes <= 1)).all(1)
        self.fractions += _count(fractions)
        self.broken_fractions += _count(fractions & (boxes % 1 != 0).any(1))

    def _count_sized(self, table: Numbers) -> None:
        if not len(table):
            return
        x1, y1, x2, y2, width, height = table.T
        unit = self.written.unit
        read: Corners = x1, y1, x2, y2
        self.sized += len(table)
        self.smallest_side = min(self.smallest_side, float(table[:, 4:].min()))
        self.largest_side = max(self.largest_side, float(table[:, 4:].max()))
        across, down = (unit / width, unit / height) if unit else (1.0, 1.0)
        at_most = float((x2 * across).max()), float((y2 * down).max())
        self.widest = max(self.widest[0], at_most[0]), max(self.widest[1], at_most[1])
        by = _reach(width, height)
        right_or_below = (np.maximum(x1, x2) > width + by) | (np.maximum(y1, y2) > height + by)
        about = right_or_below | (np.minimum(np.minimum(x1, x2), np.minimum(y1, y2)) < -by)
        self.about += _count(about)
        self.outside += _count(right_or_below)
        if not self.example_about and about.any():
            *corners, wide, high = table[about][0]
            told = ", ".join(f"{value:g}" for value in corners)
            self.example_about = f"{told} in a picture of {wide:g} x {high:g} pixels"
        self.upper_left += _count(_inside((x1, y1, x1 + x2, y1 + y2), width, height, by))
        half, tall = (x2 - x1) / 2 - by, (y2 - y1) / 2 - by
        self.near_first += _count((x1 < half) | (y1 < tall))
        self.near_last += _count((width - x2 < half) | (height - y2 < tall))
        for axis, (one, two, side) in enumerate(((x1, x2, width), (y1, y2, height))):
            self.farthest[axis] = max(self.farthest[axis], ((one + two) / side).max())
            size = (two - one).clip(0, side)
            near = (size / 2 - by).clip(0) / np.maximum(side - size, 1)
            self.expected += float(near.clip(0, 1).sum())
            first, second = one / side, two / side
            self.moments[axis] += (first @ second, first @ first, second @ second)
            self.means[axis] += (first.sum(), second.sum())
        _add(self.read, read, width, height, by)
        for reading, fit in self.others.items():
            _add(fit, reading.corners(read, width, height, unit), width, height, by)
        if unit == PERCENT:
            as_pixels = x1 * across, y1 * down, x2 * across, y2 * down
            _add(self.as_pixels, as_pixels, width, height, by)


def _count(which: npt.NDArray[np.bool_] | np.bool_) -> int:
    return int(np.count_nonzero(which))


def _reach(width: Numbers, height: Numbers) -> Numbers:
    pixels, share = ROUNDING
    return np.maximum(pixels, share * np.maximum(width, height))


def _inside(box: Corners, width: Numbers, height: Numbers, by: Numbers | float) -> npt.NDArray[np.bool_]:
    x1, y1, x2, y2 = box
    ordered = (x2 >= x1) & (y2 >= y1)
    inner: npt.NDArray[np.bool_] = (
        ordered & (x1 >= -by) & (y1 >= -by) & (x2 <= width + by) & (y2 <= height + by)
    )
    return inner


def _add(fit: Fit, box: Corners, width: Numbers, height: Numbers, by: Numbers) -> None:
    fits = _inside(box, width, height, by)
    fit.fits += _count(fits)
    fit.exact += _count(_inside(box, width, height, _OVER))
    corners = np.stack(box)
    fit.whole += _count((np.abs(corners - np.rint(corners)) <= _WHOLE).all(0))
