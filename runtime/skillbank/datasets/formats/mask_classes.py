"""What the numbers and colours of masks mean: by a palette or a list beside them, or by those in use."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skillbank.datasets.document import LEFT_OUT
from skillbank.datasets.texts import read_text
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, a_few
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.datasets import areas  # with numpy

if TYPE_CHECKING:
    from skillbank.datasets.areas import Meanings

__all__ = ["PALETTE", "Meant", "mask_classes"]

PALETTE = "palette.json"
"""A file beside ``images`` and ``masks`` that lists ``seg_class``, ``rgb`` and ``label_id`` of each class."""
_LEFT_OUT_ID = 255
_LISTS = ("classes.txt", "labels.txt", "class_names.txt")
_COLOURS = "labelmap.txt"
_COLOUR = re.compile(r"\s*([^:#][^:]*):(\d+),(\d+),(\d+)\s*(?::.*)?")
_LOOKED_AT = 200
_MOST = 254
_VOC = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
    "tvmonitor",
)  # fmt: skip
_CITY = (
    "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation",
    "terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
)  # fmt: skip
_CITY_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)


@dataclass(frozen=True)
class Meant:
    """Names of the classes, what values mean, and how that was settled, a sentence each."""

    classes: tuple[str, ...]
    meanings: Meanings
    notes: tuple[str, ...] = ()


def mask_classes(tree: Tree, masks: Sequence[str]) -> Meant:
    """Settle what the values of masks mean.

    Raises
    ------
    DataError
        When what is said of it beside them cannot be read, or they hold more values than there are classes.
    """
    if PALETTE in tree.files:
        return _of_palette(tree)
    if _COLOURS in tree.files and (meant := _of_colours(tree)) is not None:
        return meant
    listed = next((name for name in _LISTS if name in tree.files), None)
    if listed is not None:
        return _of_lines(tree, listed)
    return _of_cityscapes(masks) or _in_use(tree, masks)


def _of_lines(tree: Tree, listed: str) -> Meant:
    names = [line.strip() for line in read_text(tree.path(listed)).splitlines() if line.strip()]
    told = f"the numbers of masks are the lines of {one_line(listed)}, from 0; 255 is left out"
    return Meant(tuple(names), _numbered(len(names)), (told,))


def _of_cityscapes(masks: Sequence[str]) -> Meant | None:
    """Settle the values of masks that are called as those of Cityscapes."""
    if all("labeltrainids" in name.lower() for name in masks):
        return Meant(_CITY, _numbered(len(_CITY)), ("the masks hold the training ids of Cityscapes",))
    if all("labelids" in name.lower() for name in masks):
        ids: dict[tuple[int, ...], int] = {(value,): LEFT_OUT for value in (*range(34), _LEFT_OUT_ID)}
        ids |= {(value,): number for number, value in enumerate(_CITY_IDS)}
        told = "the masks hold the ids of Cityscapes; its 19 measured classes are taken, the others left out"
        return Meant(_CITY, ids, (told,))
    return None


def _of_palette(tree: Tree) -> Meant:
    try:
        document = json.loads(read_text(tree.path(PALETTE)))
        entries: list[dict[str, Any]] = document["palette"]
        factor = 255 if document.get("label_transform") == "norm" else 1
        said = [
            (
                str(each.get("mapping_class") or each["seg_class"]),
                tuple(int(part) * factor for part in each["rgb"]),
                int(each.get("label_id", number)),
            )
            for number, each in enumerate(entries)
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{tree.root}/{PALETTE} does not list seg_class, rgb and label_id of each class "
            f"({one_line(error, 80)}); correct or remove it"
        ) from None
    order = sorted({(number, name) for name, _, number in said if number != _LEFT_OUT_ID})
    names = list(dict.fromkeys(name for _, name in order))
    meanings = {
        value: LEFT_OUT if number == _LEFT_OUT_ID else names.index(name)
        for name, values, number in said
        for value in _forms(values)
    }
    told = f"{PALETTE} says what the values of masks mean"
    return Meant(tuple(names), meanings, (told,))


def _of_colours(tree: Tree) -> Meant | None:
    found = [
        (match[1].strip(), (int(match[2]), int(match[3]), int(match[4])))
        for line in read_text(tree.path(_COLOURS)).splitlines()
        if (match := _COLOUR.fullmatch(line))
    ]
    if not found:
        return None
    names = list(dict.fromkeys(name for name, _ in found))
    # Masks with a palette keep the place in this list, masks of colours the colour.
    meanings: dict[tuple[int, ...], int] = {(number,): number for number in range(len(names))}
    meanings |= {value: names.index(name) for name, colour in found for value in _forms(colour)}
    meanings.setdefault((_LEFT_OUT_ID,), LEFT_OUT)
    told = f"{_COLOURS} says what the colours of masks mean"
    return Meant(tuple(names), meanings, (told,))


def _in_use(tree: Tree, masks: Sequence[str]) -> Meant:
    """Name the values that masks hold; of very many masks some are looked at."""
    step = max(1, len(masks) // _LOOKED_AT)
    looked = list(masks[::step])
    counts = _values_of(tree, looked)
    values = sorted(counts)
    looked_told = f"; {len(looked):,} of {len(masks):,} masks were looked at" if step > 1 else ""
    if set(values) <= {(0,), (_LEFT_OUT_ID,)} and (_LEFT_OUT_ID,) in counts:
        told = f"masks hold 0 and 255, taken as background and foreground{looked_told}"
        return Meant(("background", "foreground"), {(0,): 0, (_LEFT_OUT_ID,): 1}, (told,))
    if any("SegmentationClass" in name for name in masks) and all(map(_is_of_voc, values)):
        told = "the numbers of masks are those of Pascal VOC; 255 is left out"
        return Meant(_VOC, _numbered(len(_VOC)), (told,))
    return _nameless_values(values, looked_told)


def _nameless_values(values: Sequence[tuple[int, ...]], looked_told: str) -> Meant:
    """Make a class of each value, of which nothing says what it means."""
    there = {*values}
    alone = {value for value in values if value * 3 not in there}  # a mask of colours can be all of one grey
    kept = [value for value in values if value in alone and value != (_LEFT_OUT_ID,)]
    names = tuple(map(_nameless, kept))
    meanings = {form: number for number, value in enumerate(kept) for form in _forms(value)}
    meanings.setdefault((_LEFT_OUT_ID,), LEFT_OUT)
    left = "; 255 is left out" if (_LEFT_OUT_ID,) in alone else ""
    told = f"nothing says what the values of masks mean: those in use are classes ({a_few(names, 5)}){left}"
    return Meant(names, meanings, (f"{told}{looked_told}; {PALETTE} or classes.txt would name them",))


def _nameless(value: tuple[int, ...]) -> str:
    """Return the name of a class of which only the value in masks is known."""
    return f"class {value[0]}" if len(value) == 1 else "colour " + "-".join(map(str, value))


def _values_of(tree: Tree, masks: Sequence[str]) -> Counter[tuple[int, ...]]:
    """Count the values that masks hold, those that can be drawn.

    Raises
    ------
    DataError
        When there are more than classes can be.
    """
    counts: Counter[tuple[int, ...]] = Counter()
    for name in masks:
        try:
            counts.update(areas.values_in(areas.pixels_of(tree.path(name))))
        except DataError:
            continue  # said of the mask itself when it is drawn
        if len(counts) > _MOST:
            raise DataError(
                f"{tree.root} has masks with more than {_MOST} values ({one_line(name, 80)}), which are no "
                f"classes; save them as numbers without loss (PNG), or say in {PALETTE} what colours mean"
            )
    return counts


def _is_of_voc(value: tuple[int, ...]) -> bool:
    """Whether a value is the number of a class of Pascal VOC, or of what is left out."""
    return len(value) == 1 and (value[0] < len(_VOC) or value[0] == _LEFT_OUT_ID)


def _forms(values: tuple[int, ...]) -> set[tuple[int, ...]]:
    """Return how a colour can stand in masks: a grey is one number in those that are all grey."""
    return {values, values[:1]} if len(set(values)) == 1 else {values}


def _numbered(count: int) -> dict[tuple[int, ...], int]:
    """Return the meanings of masks that hold the numbers of classes, and 255 for what is left out."""
    return {**{(number,): number for number in range(count)}, (_LEFT_OUT_ID,): LEFT_OUT}
