"""The boxes of a detection set as pictures of their own, in folders of their classes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from skillbank.datasets.copying import MANIFEST, Copy, SplitCount
from skillbank.datasets.document import Box, Picture
from skillbank.datasets.formats.class_folders_writer import (
    CLASSES_FILE,
    ClassFoldersWriter,
    folder_names,
    write_classes,
)
from skillbank.datasets.fresh import fresh_folder
from skillbank.datasets.naming import Names
from skillbank.datasets.opening import Opened
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError
from skillbank.visible import one_line

__all__ = ["crop_all", "write_crops"]

_SMALLEST = 2.0
"""Pixels of a side below which a box shows nothing."""
_UNSAFE = re.compile(r"[^\w.-]+")


def write_crops(
    opened: Opened,
    splits: Sequence[tuple[str, Iterable[Picture]]],
    classes: Sequence[str],
    folder: Path,
    *,
    story: Callable[[], Mapping[str, Any]],
) -> Copy:
    """Write each box as a picture into a folder that is not there yet."""
    with fresh_folder(folder, opened.tree.root) as work:
        counts: dict[str, SplitCount] = {}
        lost: Counter[str] = Counter()
        for name, pictures in splits:
            home = work / ClassFoldersWriter().folder(name)
            count = counts.setdefault(name, SplitCount())
            for label in crop_all(opened.tree, pictures, classes, home, lost):
                count.pictures += 1
                count.pictures_of[label] += 1
        if not any(count.pictures for count in counts.values()):
            raise DataError(f"{opened.place} has no box that could be cut out")
        renamed = write_classes(work / CLASSES_FILE, classes)
        told = dict(story())
        sentences = [*renamed, *told.pop("dropped", ()), *(f"{what}: {n:,}" for what, n in lost.items())]
        notes = ["each box is a picture of its own", *told.pop("notes", ())]
        document = {
            "skillbank": metadata.version("skillbank"), "format": ClassFoldersWriter.name, **told,
            "classes": list(classes),
            "splits": {name or "all": count.document(classes) for name, count in counts.items()},
            "lost": sentences, "notes": notes, "pictures": "cropped", "renamed": {},
        }  # fmt: skip
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        (work / MANIFEST).write_text(text, encoding="utf-8", errors="replace")
    made = sum(count.pictures for count in counts.values())
    return Copy(
        folder.expanduser().resolve(), ClassFoldersWriter.name, tuple(classes), counts, tuple(sentences),
        tuple(notes), 0, made, document,
    )  # fmt: skip


def crop_all(
    tree: Tree, pictures: Iterable[Picture], classes: Sequence[str], home: Path, lost: Counter[str]
) -> Iterator[int]:
    """Cut the boxes of pictures out, below a folder for each class; yield the class of each."""
    names, folders = Names(), folder_names(classes)
    for picture in pictures:
        if picture.path is None or not picture.boxes:
            lost["pictures without a box are left out"] += 1
            continue
        try:
            with Image.open(tree.path(picture.path)) as opened:
                whole = ImageOps.exif_transpose(opened).convert("RGB")
        except Exception as error:  # whatever a broken file makes a decoder raise
            raise DataError(f"{picture.path} cannot be read: {one_line(error, 120)}") from None
        across = whole.width / (picture.width or whole.width)
        down = whole.height / (picture.height or whole.height)
        stem = _UNSAFE.sub("_", picture.path.rpartition(".")[0].replace("/", "_")) or "picture"
        for number, box in enumerate(picture.boxes, 1):
            if box.label is None or box.crowd:
                lost["boxes of crowds, and those of no class, are left out"] += 1
                continue
            edges = _edges(box, across, down, whole.width, whole.height)
            if edges is None:
                lost[f"boxes narrower than {_SMALLEST:g} pixels are left out"] += 1
                continue
            place = home / names.give(folders[box.label], f"{stem}-{number}.png")
            place.parent.mkdir(parents=True, exist_ok=True)
            whole.crop(edges).save(place)
            yield box.label


def _edges(box: Box, across: float, down: float, width: int, height: int) -> tuple[int, int, int, int] | None:
    x1, x2 = sorted((box.x1 * across, box.x2 * across))
    y1, y2 = sorted((box.y1 * down, box.y2 * down))
    left, top, right, bottom = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    if right - left < _SMALLEST or bottom - top < _SMALLEST:
        return None
    return int(left), int(top), round(right), round(bottom)
