"""Masks in COCO's run lengths: the box around one, without drawing it."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.datasets.formats.coordinates import Corners
from skillbank.datasets.formats.numbers import side, whole

__all__ = ["around_runs", "runs_of"]

_SMALLEST, _LARGEST = 48, 111
"""Numbers of the letters that stand for six bits each."""


def around_runs(mask: object) -> Corners | None:
    """Return the box around a mask ``{"counts": ..., "size": [height, width]}``; None where it is none.

    Parameters
    ----------
    mask
        Its counts are lengths of runs down the columns, beginning with a run outside of the object: a list,
        or a text in the letters of COCO.
    """
    if not isinstance(mask, dict) or not isinstance(mask.get("size"), list) or len(mask["size"]) != 2:
        return None
    height, width = (side(each) for each in mask["size"])
    counts = mask.get("counts")
    runs = _listed(counts) if isinstance(counts, list) else _spelled(counts)
    if height is None or width is None or runs is None or sum(runs) > height * width:
        return None
    corners: Corners | None = None
    for start, end in _inside(runs):
        left, right = start // height, (end - 1) // height
        # A run that goes on in the next column has the foot of one and the head of the other.
        top, bottom = (start % height, (end - 1) % height) if left == right else (0, height - 1)
        box = float(left), float(top), float(right + 1), float(bottom + 1)
        corners = box if corners is None else _both(corners, box)
    return corners


def runs_of(mask: object) -> list[int] | None:
    """Return the lengths of a mask's runs, the first outside of the object; None where it is none."""
    if not isinstance(mask, dict) or not isinstance(mask.get("size"), list):
        return None
    counts = mask.get("counts")
    return _listed(counts) if isinstance(counts, list) else _spelled(counts)


def _inside(runs: list[int]) -> Iterator[tuple[int, int]]:
    at = 0
    for position, run in enumerate(runs):
        if position % 2 and run:
            yield at, at + run
        at += run


def _both(one: Corners, other: Corners) -> Corners:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _listed(counts: list[object]) -> list[int] | None:
    found = [whole(each) for each in counts]
    return [each for each in found if each is not None] if _are_runs(found) else None


def _spelled(counts: object) -> list[int] | None:
    """Decode COCO's letters: six bits each, the lowest first; from the third run on differences."""
    if not isinstance(counts, str):
        return None
    runs: list[int] = []
    value = shift = 0
    for letter in counts.encode("utf-8", "replace"):
        if not _SMALLEST <= letter <= _LARGEST:
            return None
        bits = letter - _SMALLEST
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    return runs if not shift and _are_runs(runs) else None


def _are_runs(runs: list[int] | list[int | None]) -> bool:
    return bool(runs) and all(each is not None and each >= 0 for each in runs)
