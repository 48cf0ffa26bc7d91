"""What is wrong with a box; `box_verdicts` says what is wrong with all of a split at once."""

from __future__ import annotations

import math
from dataclasses import replace

from skillbank.datasets.document import Box

__all__ = ["DROPPED", "ROUNDING", "box_fault", "inside", "reach"]

DROPPED = ("box-not-finite", "box-reversed", "box-empty", "box-beyond")
"""Kinds of boxes that no repair saves."""
ROUNDING = 2.0, 0.01
"""Annotation tools round: by so many pixels, or this share of the longer side, a box may stick out."""
_TINY = 2.0


def reach(width: float, height: float) -> float:
    """Return by how many pixels a box may stick out of its picture and is still cut to it."""
    pixels, share = ROUNDING
    return max(pixels, share * max(width, height))


def inside(box: Box, size: tuple[float, float]) -> bool:
    """Whether a box lies in a picture of a size, but for what rounding explains; corners in any order."""
    by = reach(*size)
    return (
        min(box.x1, box.y1, box.x2, box.y2) >= -by
        and max(box.x1, box.x2) <= size[0] + by
        and max(box.y1, box.y2) <= size[1] + by
    )


def _shown(box: Box) -> str:
    """Return the corners as text."""
    return ", ".join(f"{value:g}" for value in (box.x1, box.y1, box.x2, box.y2))


def box_fault(box: Box, size: tuple[float, float] | None) -> tuple[str, str] | None:
    """Return what is wrong with a box: a kind of `skillbank.datasets.faults.KINDS`, and half a sentence."""
    x1, y1, x2, y2 = box.x1, box.y1, box.x2, box.y2
    large = 0 <= x1 <= x2 - _TINY and 0 <= y1 <= y2 - _TINY
    if large and size is not None and x2 <= size[0] and y2 <= size[1]:
        return None  # most are sound
    return _fault(box, size)


def _fault(box: Box, size: tuple[float, float] | None) -> tuple[str, str] | None:
    x1, y1, x2, y2 = box.x1, box.y1, box.x2, box.y2
    if not all(map(math.isfinite, (x1, y1, x2, y2))):
        return "box-not-finite", f"its corners are {_shown(box)}"
    if x2 < x1 or y2 < y1:
        return "box-reversed", f"its corners are {_shown(box)}{_hint(box, size)}"
    if x2 == x1 or y2 == y1:
        side = "width" if x2 == x1 else "height"
        return "box-empty", f"its {side} is 0 ({_shown(box)})"
    if size is not None and (outside := _outside(box, *size)) is not None:
        return outside
    if min(x2 - x1, y2 - y1) < _TINY:
        return "box-tiny", f"it is {x2 - x1:g} x {y2 - y1:g} pixels"
    return None


def _hint(box: Box, size: tuple[float, float] | None) -> str:
    """Say of a reversed box that its numbers may be a corner and a size; empty where they cannot be."""
    sized = replace(box, x2=box.x1 + box.x2, y2=box.y1 + box.y2)
    fits = size is not None and min(box.x2, box.y2) > 0 and inside(sized, size)
    return "; as x, y, width, height it would fit" if fits else ""


def _outside(box: Box, width: float, height: float) -> tuple[str, str] | None:
    if box.x1 >= 0 and box.y1 >= 0 and box.x2 <= width and box.y2 <= height:
        return None
    told = f"{_shown(box)} in a picture of {width:g} x {height:g} pixels"
    if box.x2 <= 0 or box.y2 <= 0 or box.x1 >= width or box.y1 >= height:
        return "box-beyond", told
    by = reach(width, height)
    inside = box.x1 >= -by and box.y1 >= -by and box.x2 <= width + by and box.y2 <= height + by
    return "box-rounded" if inside else "box-outside", told
