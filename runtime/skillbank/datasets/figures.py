"""Figures of a data set: how often each class is seen, how large boxes are, where they lie; in one pass."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from skillbank.datasets.document import Box, Marks, Picture
from skillbank.datasets.report import COUNTED, WITHOUT

__all__ = ["ASPECTS", "GRID", "PER_PICTURE", "SIDES", "ClassFigures", "Figures"]

GRID = 24
"""Cells of the map of where boxes lie, along each side of a picture."""
SIDES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.18, 0.27, 0.4, 0.6, 0.8)
"""Between the bars of box sizes: the root of the share of the picture that a box covers."""
ASPECTS = (1 / 5, 1 / 3, 1 / 2, 0.8, 1.25, 2.0, 3.0, 5.0)
"""Between the bars of box shapes: width by height."""
PER_PICTURE = (1, 2, 3, 5, 9, 17, 33)
"""Between the bars of boxes on a picture."""
_SMALL, _MEDIUM = 32**2, 96**2
"""Square pixels below which COCO calls a box small, and medium."""
_MOST_PHRASES = 2000
_OTHER = "(further phrases)"


@dataclass(slots=True)
class ClassFigures:
    """What was counted of one class, or of a phrase that captions use.

    Attributes
    ----------
    boxes, pictures
        By split.
    sides, aspects
        Numbers of boxes in the bars of `SIDES` and `ASPECTS`.
    areas
        Numbers of boxes that COCO calls small, medium and large.
    """

    name: str
    boxes: Counter[str] = field(default_factory=Counter)
    pictures: Counter[str] = field(default_factory=Counter)
    sides: list[int] = field(default_factory=lambda: [0] * (len(SIDES) + 1))
    aspects: list[int] = field(default_factory=lambda: [0] * (len(ASPECTS) + 1))
    areas: list[int] = field(default_factory=lambda: [0, 0, 0])
    _steps: list[int] = field(default_factory=lambda: [0] * (GRID + 1) ** 2)

    def add(self, box: tuple[float, float, float, float], width: int, height: int) -> None:
        """Count a box, given cut to its picture (pixels)."""
        x1, y1, x2, y2 = box
        wide, high = x2 - x1, y2 - y1
        self.areas[bisect_right((_SMALL, _MEDIUM), wide * high)] += 1
        self.sides[bisect_right(SIDES, math.sqrt(wide * high / (width * height)))] += 1
        self.aspects[bisect_right(ASPECTS, wide / high)] += 1
        left, top = int(x1 / width * GRID), int(y1 / height * GRID)
        right, bottom = math.ceil(x2 / width * GRID), math.ceil(y2 / height * GRID)
        row = GRID + 1
        # Only the corners are marked; sums along both sides give each cell what covers it.
        self._steps[top * row + left] += 1
        self._steps[top * row + right] -= 1
        self._steps[bottom * row + left] -= 1
        self._steps[bottom * row + right] += 1

    @property
    def heat(self) -> list[int]:
        """How many boxes cover each cell, by rows, ``GRID * GRID`` numbers."""
        row, above, cells = GRID + 1, [0] * GRID, list[int]()
        for start in range(0, GRID * row, row):
            above = [a + b for a, b in zip(above, accumulate(self._steps[start : start + GRID]), strict=True)]
            cells += above
        return cells


@dataclass(slots=True)
class Figures:
    """What was counted of a data set.

    Attributes
    ----------
    classes
        In the order of the data set's own list; phrases of captions follow as they come.
    pictures, boxes, empty
        By split; `empty` are the pictures without a box.
    sizes
        Pictures by width and height.
    per_picture
        Pictures in the bars of `PER_PICTURE`.
    unmeasured
        Boxes that have no place in their picture: without size, outside, or of a picture of unknown size.
    """

    classes: list[ClassFigures]
    pictures: Counter[str] = field(default_factory=Counter)
    boxes: Counter[str] = field(default_factory=Counter)
    empty: Counter[str] = field(default_factory=Counter)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    per_picture: list[int] = field(default_factory=lambda: [0] * (len(PER_PICTURE) + 1))
    unmeasured: int = 0
    _phrases: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, classes: Sequence[str]) -> Figures:
        """Begin to count."""
        return cls([ClassFigures(name) for name in classes])

    def add(self, split: str, picture: Picture) -> None:
        """Count a picture."""
        self.pictures[split] += 1
        self.boxes[split] += len(picture.boxes)
        self.per_picture[bisect_right(PER_PICTURE, len(picture.boxes))] += 1
        if not picture.boxes:
            self.empty[split] += 1
        if picture.width and picture.height:
            self.sizes[picture.width, picture.height] += 1
        seen = set()
        for box in picture.boxes:
            number = self.number(box)
            of_class = self.classes[number]
            of_class.boxes[split] += 1
            if number not in seen:
                seen.add(number)
                of_class.pictures[split] += 1
            cut = _cut(box, picture.width, picture.height)
            if cut is None:
                self.unmeasured += 1
            else:
                of_class.add(cut, picture.width or 0, picture.height or 0)

    def number(self, box: Box) -> int:
        """Return where a box's class or phrase stands in `classes`."""
        if box.label is not None and 0 <= box.label < len(self.classes):
            return box.label
        phrase = box.phrase or "(no class)"
        if phrase not in self._phrases:
            if len(self._phrases) >= _MOST_PHRASES:
                phrase = _OTHER
            if phrase not in self._phrases:
                self._phrases[phrase] = len(self.classes)
                self.classes.append(ClassFigures(phrase))
        return self._phrases[phrase]

    def document(self, marks: Marks = "boxes") -> dict[str, object]:
        """Return the figures as JSON, without the maps, by the name of what pictures bear."""
        sizes = [
            {"width": width, "height": height, "pictures": count}
            for (width, height), count in self.sizes.most_common(50)
        ]
        without = {WITHOUT[marks].replace(" ", "_"): dict(self.empty)}
        if marks not in COUNTED:
            classes = [{"name": each.name, "pictures": dict(each.pictures)} for each in self.classes]
            return {"pictures": dict(self.pictures), **without, "classes": classes, "picture_sizes": sizes}
        one, many = COUNTED[marks]
        return {
            "pictures": dict(self.pictures),
            many: dict(self.boxes),
            **without,
            f"unmeasured_{many}": self.unmeasured,
            "classes": [
                {
                    "name": each.name,
                    many: dict(each.boxes),
                    "pictures": dict(each.pictures),
                    "small_medium_large": each.areas,
                }
                for each in self.classes
            ],
            f"{one}_side": {"between": list(SIDES), many: _sums([each.sides for each in self.classes])},
            f"{one}_aspect": {"between": list(ASPECTS), many: _sums([each.aspects for each in self.classes])},
            f"{many}_on_a_picture": {"between": list(PER_PICTURE), "pictures": self.per_picture},
            "picture_sizes": sizes,
        }


def _cut(box: Box, width: int | None, height: int | None) -> tuple[float, float, float, float] | None:
    """Return the part of a box that lies in its picture; None where there is none."""
    if not width or not height or not all(map(math.isfinite, (box.x1, box.y1, box.x2, box.y2))):
        return None
    x1, y1 = max(0.0, box.x1), max(0.0, box.y1)
    x2, y2 = min(float(width), box.x2), min(float(height), box.y2)
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


def _sums(rows: Sequence[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)]
