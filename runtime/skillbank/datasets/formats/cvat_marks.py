"""The marks of CVAT's XML: boxes, and the boxes around everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillbank.datasets.formats.coordinates import (
    Corners,
    around,
    around_ellipse,
    around_turned,
    numbers,
)
from skillbank.datasets.formats.gathering import Gathering
from skillbank.datasets.formats.numbers import number

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["add_mark", "label_of"]

_SIDES = ("xtl", "ytl", "xbr", "ybr")
_CUBOID = tuple(
    f"{axis}{side}{number}" for number in (1, 2) for side in ("tl", "bl", "tr", "br") for axis in "xy"
)
"""Names of the corners of a cuboid: xtl1, ytl1, ..."""
_NO_BOXES = {"tag": "tag", "points": "point", "polyline": "line"}
"""Marks that enclose nothing."""
_WORDS = {"polygon": "a polygon", "ellipse": "an ellipse", "cuboid": "a cuboid"}


def add_mark(here: Gathering, mark: Element, name: str, at: str) -> None:
    """Keep what is marked: its box, or the box around it, or why there is none."""
    if mark.tag in _NO_BOXES:
        here.fault("mark-left-out", f"a {_NO_BOXES[mark.tag]} of {name or 'no class'}", at)
        return
    if mark.tag == "attribute":
        return
    if mark.tag == "skeleton" and len(_points(mark)) == 1:
        here.fault("mark-left-out", f"a skeleton of {name or 'no class'} with one visible point", at)
        return
    corners = _corners(here, mark, at)
    if corners is None:
        here.fault("unreadable-annotation", f"it has no corners that are numbers ({mark.tag})", at)
        return
    here.box(corners, name, at)


def _of_box(here: Gathering, mark: Element, turned: float, at: str) -> Corners | None:
    sides = numbers(mark.get(side) for side in _SIDES)
    if sides is None:
        return None
    straight = sides[0], sides[1], sides[2], sides[3]
    if not turned:
        return straight
    here.fault("mark-as-box", "a turned box", at)
    return around_turned(straight, turned)


def _corners(here: Gathering, mark: Element, at: str) -> Corners | None:
    turned = number(mark.get("rotation", "0")) or 0.0
    if mark.tag == "box":
        return _of_box(here, mark, turned, at)
    here.fault("mark-as-box", _WORDS.get(mark.tag, f"a {mark.tag}"), at)
    if mark.tag == "ellipse":
        sides = numbers(mark.get(side) for side in ("cx", "cy", "rx", "ry"))
        return None if sides is None else around_ellipse(sides[0], sides[1], sides[2], sides[3], turned)
    if mark.tag == "mask":
        sides = numbers(mark.get(side) for side in ("left", "top", "width", "height"))
        return None if sides is None else (sides[0], sides[1], sides[0] + sides[2], sides[1] + sides[3])
    points = _points(mark)
    return around(points) if points else None


def _pairs(mark: Element) -> list[list[str]]:
    """Return the points as they are written."""
    if mark.tag == "cuboid":
        texts = [mark.get(each, "") for each in _CUBOID]
        return [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)]
    if mark.tag == "skeleton":
        visible = [each for each in mark if each.tag == "points" and each.get("outside") != "1"]
        return [pair.split(",") for each in visible for pair in each.get("points", "").split(";")]
    return [pair.split(",") for pair in mark.get("points", "").split(";")]


def _points(mark: Element) -> list[tuple[float, float]]:
    """Return the points of a polygon, cuboid or skeleton; none where one is no pair of numbers."""
    found = []
    for pair in _pairs(mark):
        values = numbers(pair)
        if values is None or len(values) != 2:
            return []
        found.append((values[0], values[1]))
    return found


def label_of(mark: Element) -> str:
    """Return the class of a mark; empty without one."""
    return mark.get("label", "").strip()
