"""Objects with outlines as areas: a data set of boxes as one that says what each pixel shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from skillbank.datasets.document import DataSet, Drawn, Mask, Picture, Split
from skillbank.datasets.faults import Fault
from skillbank.datasets.opening import Opened
from skillbank.errors import DataError
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    import numpy as np

__all__ = ["BACKGROUND", "as_areas"]

BACKGROUND = "background"
"""The class of what no outline holds."""


def as_areas(opened: Opened) -> Opened:
    """Return a data set of objects as one of areas; an object without an outline is told, and in no area.

    Raises
    ------
    DataError
        When its format has no outlines.
    """
    data = opened.data
    if not _has_outlines(data):
        raise DataError(
            f"{opened.place} is {data.format}, whose objects have boxes and no outlines; areas are made "
            "of masks, and of COCO with polygons or run lengths"
        )
    background = data.classes.index(BACKGROUND) if BACKGROUND in data.classes else None
    classes = data.classes if background is not None else (BACKGROUND, *data.classes)
    splits = tuple(_split(split, background) for split in data.splits)
    split = _split(opened.split, background) if opened.split is not None else None
    note = f"outlines are drawn as areas; what is in none is '{BACKGROUND}'"
    made = DataSet(data.format, classes, splits, (*data.notes, note), data.faults, marks="areas")
    return Opened(opened.tree, made, split)


def _has_outlines(data: DataSet) -> bool:
    """Whether the pictures with objects have areas, by the first one; drawing tells of each object."""
    for split in data.splits:
        for picture in split.pictures():
            if picture.boxes:
                return picture.mask is not None
    return False


def _split(split: Split, background: int | None) -> Split:
    def pictures() -> Iterator[Picture]:
        for picture in split.pictures():
            mask = picture.mask
            made = None
            if mask is not None:
                made = Mask(mask.path, partial(_drawn, mask.draw, background), len(picture.boxes))
            told = tuple(fault for fault in picture.faults if fault.kind != "mended")
            yield replace(picture, boxes=(), mask=made, faults=told)

    return replace(split, pictures=pictures)


def _drawn(draw: Callable[[], Drawn], background: int | None) -> Drawn:
    drawn = draw()
    shift, rest = (1, 0) if background is None else (0, background)
    numbers = np.where(drawn.numbers < 0, rest, drawn.numbers + shift).astype(np.int16)
    return replace(drawn, numbers=numbers)


def undrawn(picture: Picture, drawn: Drawn) -> Iterator[Fault]:
    """Yield a fault where objects of a picture are in no area."""
    if drawn.undrawn:
        yield Fault("mask-undrawn", str(picture.where), picture.name, drawn.undrawn)
