"""Numbers as annotations hold them, and the boxes around marks of other shapes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from skillbank.datasets.formats.numbers import number

__all__ = ["Corners", "around", "around_ellipse", "around_turned", "numbers", "pixels"]

Corners = tuple[float, float, float, float]
"""Left, top, right and bottom."""


_LARGEST = 1e9
"""Pixels that no picture has; what is larger is no number of pixels."""


def numbers(values: Iterable[object]) -> list[float] | None:
    """Return numbers, None where one of them is none or is too large for any picture."""
    found = []
    for value in values:
        if (one := number(value)) is None or not -_LARGEST <= one <= _LARGEST:
            return None
        found.append(one)
    return found


def pixels(value: object) -> int | None:
    """Return a side of a picture, at least 1; None for anything else, also for the 0 of some tools."""
    found = number(value)
    return int(found) if found is not None and 1 <= found <= _LARGEST else None


def around(points: Sequence[tuple[float, float]]) -> Corners:
    """Return the box around points, of which there is at least one."""
    return (
        min(x for x, _ in points),
        min(y for _, y in points),
        max(x for x, _ in points),
        max(y for _, y in points),
    )


def around_turned(corners: Corners, degrees: float, pivot: tuple[float, float] | None = None) -> Corners:
    """Return the box around a box that is turned clockwise, in degrees, about a point or its centre."""
    x1, y1, x2, y2 = corners
    px, py = pivot if pivot is not None else ((x1 + x2) / 2, (y1 + y2) / 2)
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    return around(
        [
            (px + (x - px) * cos - (y - py) * sin, py + (x - px) * sin + (y - py) * cos)
            for x, y in ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
        ]
    )


def around_ellipse(cx: float, cy: float, rx: float, ry: float, degrees: float = 0.0) -> Corners:
    """Return the box around an ellipse, turned by degrees about its centre."""
    angle = math.radians(degrees)
    half_width = math.hypot(rx * math.cos(angle), ry * math.sin(angle))
    half_height = math.hypot(rx * math.sin(angle), ry * math.cos(angle))
    return cx - half_width, cy - half_height, cx + half_width, cy + half_height
