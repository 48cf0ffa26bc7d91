"""Numbers as tools write them: whole floats, numbers in quotes, ids of either kind."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

__all__ = ["LARGEST_SHARE", "Four", "four", "key", "number", "side", "whole"]

_LARGEST_SIDE = 2**31
LARGEST_SHARE = 1.5
"""A share of a picture beyond that is a number of pixels. Tools leave boxes that reach out by a bit."""

Four = tuple[float, float, float, float]


_KINDS = (str, float, int)


def number(value: object) -> float | None:
    """Return a finite number that may stand in quotes; None for anything else."""
    if type(value) not in _KINDS:  # a bool is no number, though it is an int
        return None
    try:
        found = float(value)  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return None
    return found if isfinite(found) else None


def whole(value: object) -> int | None:
    """Return a whole number, also of 1.0, "1" and "1.0"; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def side(value: object) -> int | None:
    """Return the width or height of a picture; None for what is none."""
    found = whole(value)
    return found if found is not None and 0 < found <= _LARGEST_SIDE else None


def key(value: object) -> int | str | None:
    """Return an id so that 7, 7.0 and "7" are one; None where there is none."""
    found = whole(value)
    if found is not None:
        return found
    return value if isinstance(value, str) and value else None


def four(value: object) -> Four | None:
    """Return the four numbers of a box; None where they are not four finite numbers."""
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 4:
        return None
    a, b, c, d = (number(each) for each in value)
    if a is None or b is None or c is None or d is None:
        return None
    return a, b, c, d
