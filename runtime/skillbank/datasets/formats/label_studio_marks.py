"""What a task of Label Studio says: which answer counts, the picture it means, and its marks in pixels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from skillbank.datasets.formats.coordinates import (
    Corners,
    around,
    around_ellipse,
    around_turned,
    numbers,
    pixels,
)
from skillbank.datasets.formats.gathering import Gathering
from skillbank.datasets.formats.numbers import number
from skillbank.datasets.tree import PICTURES
from skillbank.visible import one_line

__all__ = ["Answer", "classes_in", "marks", "names_of", "picture_of"]

_Values = dict[str, Any]
_UPLOADED = re.compile(r"^[0-9a-f]{8}-(?=.)")
"""What Label Studio puts before the name of a file that is uploaded."""
_ON_PICTURE = (
    "rectangle", "polygon", "ellipse", "brush", "keypoint", "video", "labels", "choices", "taxonomy",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What somebody answered to a task.

    Attributes
    ----------
    results
        Kind, identity and value of each mark.
    size
        Width and height (pixels) of the picture as it was shown; None where nothing says it.
    further
        How many other answers there are.
    task
        The task's number in the small export, where each answer is an entry; empty in the whole one.
    when
        When it was given.
    """

    results: tuple[_Values, ...]
    size: tuple[int, int] | None
    further: int = 0
    task: str = ""
    when: str = ""

    @classmethod
    def of(cls, task: _Values) -> Answer | None:
        """Return the answer that counts, the one marked as true, else the newest; None without any."""
        given = task.get("annotations", task.get("completions"))
        if given is None and ("data" in task or "predictions" in task):
            return None
        if given is None:
            results = tuple(_small(task))
            return cls(results, _size(results), 0, str(task.get("id", "")), _when(task))
        answers = [
            each for each in _dicts(given) if not each.get("was_cancelled") and not each.get("skipped")
        ]
        if not answers:
            return None
        best = max(answers, key=lambda each: (bool(each.get("ground_truth")), _when(each)))
        results = tuple(_dicts(best.get("result")))
        return cls(results, _size(results), len(answers) - 1)


def _dicts(values: object) -> list[_Values]:
    """Return what is a dictionary in a list; nothing where it is no list."""
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []


def _small(task: _Values) -> Iterator[_Values]:
    """Yield the marks of an entry of the small export as the whole one has them."""
    for key, values in task.items():
        if not isinstance(values, list):
            continue
        for value in values:
            if isinstance(value, dict):
                place = [value.get(each) for each in ("x", "y", "width", "height", "points")]
                yield {**value, "type": key, "id": repr(place), "value": value}


def _when(answer: _Values) -> str:
    return str(answer.get("updated_at") or answer.get("created_at") or "")


def _size(results: Sequence[_Values]) -> tuple[int, int] | None:
    for each in results:
        width, height = pixels(each.get("original_width")), pixels(each.get("original_height"))
        if width is not None and height is not None:
            return width, height
    return None


def picture_of(task: _Values) -> str:
    """Return the address of the picture that a task shows; empty where it shows none, or several."""
    data = task.get("data")
    values = data if isinstance(data, dict) else task
    if isinstance(values.get("image"), str):
        return str(values["image"])
    addresses = [
        value
        for value in values.values()
        if isinstance(value, str) and any(name.lower().endswith(PICTURES) for name in names_of(value)[:1])
    ]
    if not addresses and isinstance(task.get("file_upload"), str):
        return str(task["file_upload"])
    return addresses[0] if len(addresses) == 1 else ""


def names_of(address: str) -> list[str]:
    """Return the names that the file behind an address can have: with what an upload adds, and without."""
    if address.startswith("data:"):
        return []
    path = address
    try:
        parts = urlsplit(address)
        asked = parse_qs(parts.query)
    except ValueError:
        parts, asked = None, {}
    if "d" in asked:  # files that the server has: /data/local-files/?d=folder/x.jpg
        path = asked["d"][0]
    elif parts is not None and (parts.netloc or address.startswith("/data/")):
        path = unquote(parts.path)
    path = path.replace("\\", "/")
    folder, slash, last = path.rpartition("/")
    bare = _UPLOADED.sub("", last)
    return [path] if bare == last else [path, f"{folder}{slash}{bare}"]


def classes_in(results: Sequence[_Values]) -> Iterator[str]:
    """Yield the names of classes in marks."""
    for group in _regions(results).values():
        yield from _classes(group)


def marks(
    here: Gathering, results: Sequence[_Values], size: tuple[int, int]
) -> Iterator[tuple[str, Corners, str]]:
    """Yield place, corners in pixels and class of what is marked; what cannot be a box is kept as a fault."""
    if any(number(each.get("image_rotation")) for each in results):
        here.fault("turned-view", "its image_rotation is not 0")
    for position, group in enumerate(_regions(results).values(), 1):
        at = f"mark {position}"
        shape = next((each for each in group if _kind(each) in _SHAPES), None)
        if shape is None:
            if any(str(each.get("type", "")).startswith(_ON_PICTURE) for each in group):
                here.fault("mark-left-out", f"a mark of the kind {one_line(group[0].get('type'), 30)}", at)
            continue
        corners = _corners(here, shape, size, at)
        if corners is None:
            here.fault("unreadable-annotation", "its place is no numbers", at)
            continue
        names = list(_classes(group))
        if len(names) > 1:
            here.fault("several-classes", ", ".join(names), at)
        for name in names or [""]:
            yield at, corners, name


def _regions(results: Sequence[_Values]) -> dict[str, list[_Values]]:
    """Group what is said of one region: its shape, its labels and choices can be entries of their own."""
    groups: dict[str, list[_Values]] = {}
    for position, each in enumerate(results):
        if isinstance(each.get("value"), dict):
            groups.setdefault(str(each.get("id", f"#{position}")), []).append(each)
    return groups


def _classes(group: Sequence[_Values]) -> Iterator[str]:
    """Yield the classes of a region: its labels, or where it has none its choices."""
    for wanted in ("labels", "choices"):
        found = dict.fromkeys(
            word.strip()
            for each in group
            for key, words in each["value"].items()
            if key.endswith(wanted) and isinstance(words, list)
            for word in words
            if isinstance(word, str) and word.strip()
        )
        if found and any(_kind(each) in _SHAPES for each in group):
            yield from found
            return


_SHAPES = ("rectangle", "polygon", "ellipse")


def _kind(result: _Values) -> str:
    value = result["value"]
    if "points" in value:
        return "polygon"
    if "radiusX" in value:
        return "ellipse"
    if "rle" in value or "sequence" in value:
        return ""
    return "rectangle" if {"x", "y", "width", "height"} <= value.keys() else ""


def _corners(here: Gathering, shape: _Values, size: tuple[int, int], at: str) -> Corners | None:
    value, unit = shape["value"], (size[0] / 100, size[1] / 100)
    kind, turned = _kind(shape), number(value.get("rotation", 0)) or 0.0
    if kind == "polygon":
        here.fault("mark-as-box", "a polygon", at)
        return _around_polygon(value["points"], unit)
    if kind == "ellipse":
        here.fault("mark-as-box", "an ellipse", at)
        found = numbers(value.get(each) for each in ("x", "y", "radiusX", "radiusY"))
        if found is None:
            return None
        x, y, rx, ry = found
        return around_ellipse(x * unit[0], y * unit[1], rx * unit[0], ry * unit[1], turned)
    found = numbers(value.get(each) for each in ("x", "y", "width", "height"))
    if found is None:
        return None
    x, y, w, h = found
    straight = x * unit[0], y * unit[1], (x + w) * unit[0], (y + h) * unit[1]
    if not turned:
        return straight
    here.fault("mark-as-box", "a turned box", at)
    return around_turned(straight, turned, (straight[0], straight[1]))  # about its upper left corner


def _around_polygon(corners: list[object], unit: tuple[float, float]) -> Corners | None:
    """Return the box around a polygon in hundredths; None where one of its corners is none."""
    pairs = [numbers(each) for each in corners if isinstance(each, list)]
    points = [(pair[0] * unit[0], pair[1] * unit[1]) for pair in pairs if pair is not None and len(pair) == 2]
    return around(points) if points and len(points) == len(corners) else None
