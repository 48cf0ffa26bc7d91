"""Counts over boxes are those that a person would count, one box after the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.datasets.box_orders import PERCENT, PIXELS, SHARES, Order, Reading, Written
from skillbank.datasets.box_statistics import BoxStatistics, Fit
from skillbank.datasets.document import Box

Four = tuple[float, float, float, float]
Size = tuple[float, float]
Row = tuple[Four, Size | None]

WRITTEN = [
    Written((Order.CORNERS,)),
    Written((Order.SIZED,)),
    Written((Order.CENTRED,), SHARES),
    Written((Order.SIZED,), PERCENT),
    Written((Order.CENTRED, Order.CORNERS, Order.SIZED)),
]


def fits(box: Four, size: Size, by: float) -> bool:
    x1, y1, x2, y2 = box
    return x1 <= x2 and y1 <= y2 and min(x1, y1) >= -by and x2 <= size[0] + by and y2 <= size[1] + by


def reach(size: Size) -> float:
    return max(2.0, 0.01 * max(size))


def fit_of(boxes: Iterable[tuple[Four, Size]]) -> Fit:
    found = Fit()
    for box, size in boxes:
        found.fits += fits(box, size, reach(size))
        found.exact += fits(box, size, 0.51)
        found.whole += all(abs(value - round(value)) <= 0.06 for value in box)
    return found


@dataclass
class Counted:
    """The same counts, in plain Python."""

    rows: Sequence[Row]
    sized: list[tuple[Four, Size]] = field(init=False)

    def __post_init__(self) -> None:
        self.sized = [(box, size) for box, size in self.rows if size is not None]

    def counts(self) -> dict[str, int]:
        boxes = [box for box, _ in self.rows]
        shares = [box for box in boxes if all(0 <= value <= 1 for value in box)]
        right = [
            max(x1, x2) > size[0] + reach(size) or max(y1, y2) > size[1] + reach(size)
            for (x1, y1, x2, y2), size in self.sized
        ]
        left = [min(box) < -reach(size) for box, size in self.sized]
        return {
            "boxes": len(boxes),
            "sized": len(self.sized),
            "reversed": sum(x2 < x1 or y2 < y1 for x1, y1, x2, y2 in boxes),
            "fractions": len(shares),
            "broken_fractions": sum(any(value not in (0, 1) for value in box) for box in shares),
            "outside": sum(right),
            "about": sum(one or other for one, other in zip(right, left, strict=True)),
            "upper_left": sum(
                fits((x1, y1, x1 + x2, y1 + y2), size, reach(size)) for (x1, y1, x2, y2), size in self.sized
            ),
            "near_first": sum(
                x1 < (x2 - x1) / 2 - reach(size) or y1 < (y2 - y1) / 2 - reach(size)
                for (x1, y1, x2, y2), size in self.sized
            ),
            "near_last": sum(
                size[0] - x2 < (x2 - x1) / 2 - reach(size) or size[1] - y2 < (y2 - y1) / 2 - reach(size)
                for (x1, y1, x2, y2), size in self.sized
            ),
        }

    def axis(self, number: int) -> list[tuple[float, float, float, float]]:
        """Return first and second corner along an axis, the picture's side, and what rounding explains."""
        return [(box[number], box[number + 2], size[number], reach(size)) for box, size in self.sized]

    def expected(self) -> float:
        total = 0.0
        for axis in (0, 1):
            for one, two, side, by in self.axis(axis):
                size = min(max(two - one, 0), side)
                total += min(max(max(size / 2 - by, 0) / max(side - size, 1), 0), 1)
        return total

    def together(self) -> float:
        count = len(self.sized)
        found: list[float] = []
        for axis in (0, 1):
            pairs = [(one / side, two / side) for one, two, side, _ in self.axis(axis)]
            first, second = (sum(values) / count for values in zip(*pairs, strict=True))
            product = sum(one * two for one, two in pairs) / count
            ones, twos = (sum(each[i] ** 2 for each in pairs) / count for i in (0, 1))
            spread = math.sqrt(max((ones - first**2) * (twos - second**2), 1e-18))
            found.append((product - first * second) / spread)
        return max(found)


NUMBER = st.one_of(
    st.sampled_from([-2.5, -2.0, -0.51, 0, 0.06, 0.25, 1, 1.06, 2, 8, 48.5, 100, 100.51, 101, 102, 103]),
    st.integers(-10, 420).map(lambda value: value / 4),
)
SIZE = st.sampled_from([None, (100.0, 50.0), (100.0, 80.0), (400.0, 300.0), (64.0, 64.0)])
ROWS = st.lists(st.tuples(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), SIZE), min_size=1, max_size=8)


WIDE, LARGE = (100.0, 50.0), (400.0, 300.0)


@pytest.mark.parametrize("written", WRITTEN, ids=lambda each: f"{each.orders[0].name}-{each.unit:g}")
@pytest.mark.parametrize(
    "rows",
    [
        [((0, 0, 1, 1), WIDE), ((0.25, 0.5, 1, 1), None), ((0, 0, 1, 1.25), WIDE), ((0, -0.25, 1, 1), WIDE)],
        [((-2, 1, 102, 51), WIDE), ((-4.5, 0, 404, 304.5), LARGE), ((-4, 0, 404, 304), LARGE)],
        [((-0.51, 0, 100.51, 50), WIDE), ((0.06, 1, 1.06, 3), WIDE), ((1.07, 1, 9, 9), WIDE)],
        [((9, 9, 4, 12), WIDE), ((4, 12, 9, 9), WIDE), ((30, 30, 30, 30), WIDE), ((0, 60, 5, 70), WIDE)],
        [((2, 10, 90, 40), WIDE), ((2, 10, 90, 40), WIDE), ((50, 2, 60, 48), (64.0, 64.0))],
        [((1, 2, 3, 4), None)],
    ],
)
def test_counts_are_those_of_each_box_alone(written: Written, rows: list[Row]) -> None:
    same(written, rows)


@settings(max_examples=60)
@given(written=st.sampled_from(WRITTEN), rows=ROWS)
def test_counts_of_any_boxes_are_those_of_each_alone(written: Written, rows: list[Row]) -> None:
    same(written, rows)


def same(written: Written, rows: list[Row]) -> None:
    statistics = BoxStatistics(written)
    for box, size in rows:
        statistics.add(Box(*box, 0), size)
    statistics.count()
    counted = Counted(rows)
    counts = counted.counts()
    assert {name: getattr(statistics, name) for name in counts} == counts
    assert statistics.read == fit_of(counted.sized)
    assert statistics.expected == pytest.approx(counted.expected())
    assert statistics.example == ", ".join(f"{value:g}" for value in rows[0][0])
    if not counted.sized:
        assert (statistics.largest_side, statistics.smallest_side) == (0.0, math.inf)
        return
    assert statistics.together == pytest.approx(counted.together(), abs=1e-6)
    sides = [side for _, size in counted.sized for side in size]
    assert (statistics.smallest_side, statistics.largest_side) == (min(sides), max(sides))
    for axis in (0, 1):
        along = counted.axis(axis)
        assert statistics.farthest[axis] == max(0, max((one + two) / side for one, two, side, _ in along))
        unit = written.unit
        told = max(two * unit / side if unit else two for _, two, side, _ in along)
        assert statistics.widest[axis] == pytest.approx(max(0.0, told))


def test_the_first_that_reaches_out_is_the_example() -> None:
    statistics = BoxStatistics(WRITTEN[0])
    for right in (9, 102, 102.5, 200):
        statistics.add(Box(1, 1, right, 9, 0), (100, 50))
    statistics.count()
    assert statistics.example_about == "1, 1, 102.5, 9 in a picture of 100 x 50 pixels"


@pytest.mark.parametrize("unit", [PIXELS, SHARES, PERCENT])
def test_only_percent_are_taken_for_pixels_too(unit: float) -> None:
    statistics = BoxStatistics(Written((Order.SIZED,), unit))
    statistics.add(Box(20, 5, 80, 10, 0), (200, 50))
    statistics.count()
    as_pixels = fit_of([((10, 10, 40, 20), (200, 50))])
    assert statistics.as_pixels == (as_pixels if unit == PERCENT else Fit())


def test_what_lies_nowhere_is_not_counted_and_portions_are_counted_as_they_come() -> None:
    statistics = BoxStatistics(WRITTEN[0])
    for far in (1e12, -1e12, math.nan, math.inf):
        statistics.add(Box(far, 1, 2, 3, 0), (10, 10))
    for _ in range(4092):
        assert not statistics.boxes
        statistics.add(Box(1, 1, 2, 2, 0), (10, 10))
    assert statistics.boxes == statistics.sized == statistics.read.fits == 4092
    statistics.count()
    assert statistics.boxes == 4092


@pytest.mark.parametrize(
    ("meant", "order", "exchanged", "unit", "read", "corners"),
    [
        (Order.CORNERS, Order.CORNERS, True, PIXELS, (1, 2, 5, 9), (2, 1, 9, 5)),
        (Order.CORNERS, Order.SIZED, False, PIXELS, (1, 2, 5, 9), (1, 2, 6, 11)),
        (Order.CORNERS, Order.CENTRED, False, PIXELS, (10, 20, 4, 8), (8, 16, 12, 24)),
        (Order.CORNERS, Order.SPANS, False, PIXELS, (1, 5, 2, 9), (1, 2, 5, 9)),
        (Order.CORNERS, Order.SPANS, False, SHARES, (20, 25, 40, 45), (20, 20, 50, 45)),
        (Order.CORNERS, Order.CORNERS, True, SHARES, (20, 10, 40, 30), (20, 10, 60, 20)),
        (Order.SIZED, Order.CORNERS, False, PIXELS, (1, 2, 10, 12), (1, 2, 9, 10)),
        (Order.SIZED, Order.SIZED, True, PIXELS, (1, 2, 6, 11), (2, 1, 11, 6)),
        (Order.CENTRED, Order.SIZED, False, PIXELS, (8, 16, 12, 24), (10, 20, 14, 28)),
        (Order.CENTRED, Order.CENTRED, True, PIXELS, (8, 16, 12, 24), (16, 8, 24, 12)),
    ],
)
def test_the_same_numbers_in_another_reading(
    meant: Order, order: Order, exchanged: bool, unit: float, read: Four, corners: Four
) -> None:
    """Shares of a picture of 100 x 50 pixels change with the side that they are of."""
    one = tuple(np.array([float(value)]) for value in read)
    reading = Reading(meant, order, exchanged)
    found = reading.corners(one, np.array([100.0]), np.array([50.0]), unit)  # type: ignore[arg-type]
    assert tuple(float(value[0]) for value in found) == corners
