"""A data set as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from skillbank.datasets.document import Box, Picture
from skillbank.datasets.figures import ASPECTS, GRID, PER_PICTURE, SIDES, ClassFigures, Figures
from skillbank.datasets.formats import FORMATS, LAST
from skillbank.datasets.report import COUNTED, WITHOUT
from skillbank.datasets.showing import Shown, Survey
from skillbank.datasets.thumbnails import Thumbnail
from skillbank.visible import one_line, visible

__all__ = ["MARK", "page"]

MARK = '<meta name="generator" content="skillbank data show">'
"""Stands near the beginning of every page made here, so that only such a page is written over."""
_HERE = Path(__file__).parent / "page"
_CLASSES = 300
_BOXES = 200
_SIZES, _FEW_SIZES = 150, 30
_NAME, _FULL = 60, 300
_FEW = 5
"""So many boxes bear their names at first; more of them would hide a picture."""
_ASPECT_LABELS = ("<1:5", "1:4", "2:5", "2:3", "1:1", "3:2", "5:2", "4:1", ">5:1")
_LOW, _TAIL = 10.0, 50.0
"""Percent of a picture beyond which the name of a box has no room above it, or behind it."""
_CHART = (34, 160, 268, 150)
"""Left, bottom, width and height of the chart of sizes."""


def page(shown: Shown) -> str:
    """Return the page.

    All text comes from the data set, so all of it is escaped, cut, and made visible; the script gets numbers
    alone.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"count": lambda number: f"{number:,}", "short": _short}
    values = _values(shown)
    return environment.get_template("page.html.j2").render(
        p=values,
        mark=Markup(MARK),
        data=Markup(json.dumps(_numbers(shown.survey), separators=(",", ":"))),
        css=Markup((_HERE / "page.css").read_text(encoding="utf-8")),
        js=Markup((_HERE / "page.js").read_text(encoding="utf-8")),
    )


def _values(shown: Shown) -> dict[str, object]:
    found, figures = shown.survey, shown.survey.figures
    pictures, boxes = figures.pictures.total(), figures.boxes.total()
    one, many = COUNTED.get(found.opened.data.marks, ("", ""))
    classes, colours = _in_order(found), found.colours()
    largest = figures.classes[classes[0]].boxes.total() if classes else 0
    return {
        "name": found.name,
        "place": one_line(found.place, _FULL),
        "form": _titles(found.opened.data.format),
        "version": metadata.version("skillbank"),
        "seed": found.seed,
        "notes": found.notes,
        "pictures": pictures,
        "one": one,
        "many": many,
        "without": WITHOUT[found.opened.data.marks],
        "boxes": boxes,
        "empty": figures.empty.total(),
        "mean": f"{boxes / pictures:.1f}" if pictures else "0",
        "class_count": len(figures.classes),
        "splits": [
            {"name": name, "pictures": figures.pictures[name], "boxes": figures.boxes[name]}
            for name in found.splits
        ],
        "classes": [_class(found, number, colours[number], largest) for number in classes],
        "more_classes": len(figures.classes) - len(classes),
        "every_class": _shows_every_class(found, classes),
        **_of_boxes(figures),
        "unmeasured": figures.unmeasured,
        "per_picture": figures.per_picture,
        "per_picture_labels": _ranges(PER_PICTURE),
        **_sizes(figures.sizes),
        "deep": _deep(shown),
        "cards": [
            _card(found, split, picture, small, colours)
            for (split, picture), small in zip(found.sample, shown.small.pictures, strict=True)
        ],
    }


def _in_order(found: Survey) -> list[int]:
    ranks = found.ranks()
    return sorted(ranks, key=ranks.__getitem__)[:_CLASSES]


def _titles(form: str) -> str:
    titles = {each.name: each.title for each in (*FORMATS, LAST)}
    return " and ".join(titles.get(name, one_line(name)) for name in form.split("+"))


def _class(found: Survey, number: int, shade: str, largest: int) -> dict[str, object]:
    of = found.figures.classes[number]
    boxes = of.boxes.total()
    missing = [name for name in found.splits if not of.boxes[name]] if boxes else []
    return {
        "id": number,
        "name": one_line(of.name, _NAME) or "(empty name)",
        "full": one_line(of.name, _FULL),
        "colour": shade,
        "boxes": boxes,
        "pictures": of.pictures.total(),
        "share": round(100 * boxes / (largest or 1), 1),
        "missing": ", ".join(missing),
        "splits": [{"name": name, "boxes": of.boxes[name]} for name in found.splits if found.splits[1:]],
    }


def _shows_every_class(found: Survey, classes: Sequence[int]) -> bool:
    """Whether the pictures that are shown have a box of every class that has boxes."""
    figures = found.figures
    seen = {figures.number(box) for _, picture in found.sample for box in picture.boxes}
    return bool(seen) and seen.issuperset(n for n in classes if figures.classes[n].boxes)


def _of_boxes(figures: Figures) -> dict[str, object]:
    """Return where boxes lie, how large they are and of which shape, summed over the classes."""
    heat = _summed([each.heat for each in figures.classes], GRID * GRID)
    most = max(heat, default=0) or 1
    return {
        "grid": GRID,
        "heat": [round(value / most, 3) for value in heat],
        "sides": _summed([each.sides for each in figures.classes], len(SIDES) + 1),
        "side_labels": ["0", *(f"{100 * side:g}" for side in SIDES)],
        "aspects": _summed([each.aspects for each in figures.classes], len(ASPECTS) + 1),
        "aspect_labels": _ASPECT_LABELS,
        "areas": _summed([each.areas for each in figures.classes], 3),
    }


def _sides(picture: Picture, small: Thumbnail | None) -> tuple[int, int, bool]:
    """Return width and height of a card's picture, and whether they are known: those of its file count."""
    if small is not None:
        return small.width, small.height, True
    return picture.width or 4, picture.height or 3, bool(picture.width)


def _card(
    found: Survey, split: str, picture: Picture, small: Thumbnail | None, colours: dict[int, str]
) -> dict[str, object]:
    width, height, is_known = _sides(picture, small)
    classes = found.figures.classes
    numbers = [found.figures.number(box) for box in picture.boxes]
    names = {number: one_line(classes[number].name, _NAME) for number in numbers}
    counted = Counter(numbers).most_common(12)
    many = COUNTED.get(found.opened.data.marks, ("", ""))[1] or "class"
    name = picture.path or picture.name
    placed: list[dict[str, Any]] = [
        _box(box, number, width, height) | {"colour": colours[number], "name": names[number]}
        for box, number in zip(picture.boxes[:_BOXES], numbers, strict=False)
    ]
    return {
        "image": small.data_uri() if small is not None else "",
        "ratio": round(min(max(width / height, 0.3), 4.0), 4) if height else 1,
        "split": split,
        "classes": sorted(set(numbers)),
        "name": one_line(name.rpartition("/")[2], _NAME),
        "full": one_line(name, _FULL),
        "alt": ", ".join(f"{count} {names[number]}" for number, count in counted) or f"no {many}",
        "size": f"{width} \u00d7 {height}" if is_known else "size unknown",
        "count": len(picture.boxes),
        "few": len(picture.boxes) <= _FEW,
        # The largest first, so that small ones lie on top.
        "boxes": sorted(placed, key=lambda box: -box["width"] * box["height"]),
    }


def _box(box: Box, number: int, width: int, height: int) -> dict[str, object]:
    """Return a box in percent of its picture, cut to it."""
    left, right = (_percent(value, width) for value in sorted((box.x1, box.x2)))
    top, bottom = (_percent(value, height) for value in sorted((box.y1, box.y2)))
    return {
        "id": number,
        "left": left,
        "top": top,
        "width": round(right - left, 3),
        "height": round(bottom - top, 3),
        "low": top < _LOW,
        "tail": left > _TAIL,
        "crowd": box.crowd,
    }


def _percent(value: float, whole: int) -> float:
    share = 100 * value / whole if whole and math.isfinite(value) else 0.0
    return round(min(max(share, 0.0), 100.0), 3)


def _numbers(found: Survey) -> dict[str, object]:
    """Return what the script draws of each class when it is chosen; no text is among it."""
    classes = found.figures.classes
    return {
        "grid": GRID,
        "all": {
            "heat": _scaled(_summed([each.heat for each in classes], GRID * GRID)),
            "sides": _summed([each.sides for each in classes], len(SIDES) + 1),
            "aspects": _summed([each.aspects for each in classes], len(ASPECTS) + 1),
            "areas": _summed([each.areas for each in classes], 3),
        },
        "classes": {str(number): _drawn(classes[number]) for number in _in_order(found)},
    }


def _drawn(of: ClassFigures) -> dict[str, list[int]]:
    return {"heat": _scaled(of.heat), "sides": of.sides, "aspects": of.aspects, "areas": of.areas}


def _scaled(cells: list[int]) -> list[int]:
    """Return a map in hundredths of its largest number: what can be told apart, in few letters."""
    most = max(cells, default=0) or 1
    return [math.ceil(100 * value / most) for value in cells]


def _summed(rows: list[list[int]], length: int) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)] if rows else [0] * length


def _ranges(edges: tuple[int, ...]) -> list[str]:
    starts, ends = (0, *edges), (*(edge - 1 for edge in edges), None)
    return [
        f"{start}+" if end is None else str(start) if start == end else f"{start}\u2013{end}"
        for start, end in zip(starts, ends, strict=True)
    ]


def _sizes(sizes: Counter[tuple[int, int]]) -> dict[str, object]:
    """Return the points and ticks of the chart of sizes."""
    often = sizes.most_common(_SIZES)
    left, bottom, wide, high = _CHART
    largest = max((max(size) for size, _ in often), default=1)
    step = _round_step(largest)
    end = math.ceil(largest / step) * step
    most = often[0][1] if often else 1
    least, more = (2.5, 11) if len(often) < _FEW_SIZES else (2, 5)
    points = [
        {
            "width": width,
            "height": height,
            "count": count,
            "x": round(left + wide * width / end, 1),
            "y": round(bottom - high * height / end, 1),
            "r": round(least + more * math.sqrt(count / most), 1),
        }
        for (width, height), count in often
    ]
    ticks = [
        {
            "label": str(value),
            "x": round(left + wide * value / end, 1),
            "y": round(bottom - high * value / end, 1),
        }
        for value in range(step, end + 1, step)
    ]
    return {"sizes": points, "size_count": len(sizes), "ticks": ticks}


def _round_step(largest: int) -> int:
    """Return a round number of which four or so make an axis."""
    rough = max(largest / 4, 1)
    power = 10 ** math.floor(math.log10(rough))
    return int(next(factor for factor in (1, 2, 5, 10) if factor * power >= rough) * power)


def _deep(shown: Shown) -> str:
    small = shown.small
    if not small.deep or small.ends is None:
        return ""
    black, white = small.ends
    return (
        f"{small.deep} of them have more than 8 bits a colour: {black:g} is shown black and {white:g} white, "
        "as training scales them."
    )


def _short(number: int) -> str:
    if number < 1000:
        return str(number)
    for size, letter in ((1_000_000, "M"), (1_000, "K")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + letter
    return visible(str(number))
