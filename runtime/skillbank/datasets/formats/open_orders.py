"""Whether four numbers are corners or corner and size, where nothing that a format says tells which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from skillbank.datasets.formats.coordinates import numbers

__all__ = ["LOOKED_AT", "are_corners", "order_note"]

LOOKED_AT = 200
_FEWEST = 3
_EDGE = 1.0
"""Pixels that a box may reach out by rounding."""

Sample = tuple[Sequence[object], tuple[int, int] | None]
"""Four numbers, and width and height of their picture in pixels."""


def are_corners(samples: Iterable[Sample]) -> bool:
    """Whether all boxes fit as corners, and some reach out of their picture as upper left and size."""
    fits, reaching = 0, 0
    for said, size in samples:
        found = numbers(said)
        if found is None or len(found) != 4 or size is None:
            continue
        x, y, c, d = found
        if c <= x or d <= y or c > size[0] + _EDGE or d > size[1] + _EDGE:
            return False
        fits += 1
        reaching += x + c > size[0] + _EDGE or y + d > size[1] + _EDGE
    return fits >= _FEWEST and reaching > 0


def order_note(*, corners: bool) -> str:
    """Return how boxes are taken, for a note."""
    if corners:
        return "two corners, since some reach out of their pictures as x, y, width and height"
    return "x, y, width and height"
