"""Corners of boxes: cut to the picture, and how much two of them share."""

from __future__ import annotations

import math

from skillbank.sets.model import Corners

__all__ = ["inside", "overlap"]


def inside(box: Corners, width: int, height: int, least: float = 1e-6) -> Corners | None:
    """Return a box ordered and cut to its picture; None when an edge is shorter than ``least``."""
    if not all(map(math.isfinite, box)):
        return None
    xs, ys = sorted((box[0], box[2])), sorted((box[1], box[3]))
    x1, x2 = (min(max(float(x), 0.0), float(width)) for x in xs)
    y1, y2 = (min(max(float(y), 0.0), float(height)) for y in ys)
    return (x1, y1, x2, y2) if x2 - x1 >= least and y2 - y1 >= least else None


def overlap(one: Corners, other: Corners) -> float:
    """Return the intersection over the union of two boxes, from 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    union = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - shared
    return shared / union if union > 0 else 0.0
