"""Writes COCO: one document a split, a picture at a time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import msgspec

from skillbank.datasets.document import Box, Picture
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.writing import Left, beside_annotations, homes, named_below, plain_number

__all__ = ["COCO_FILE", "CocoWriter", "write_document"]

COCO_FILE = "annotations.json"


class CocoWriter:
    """One document for each split.

    Parameters
    ----------
    first
        The number of the first category: 1 as in COCO, 0 for grounding models.
    """

    name = "coco"

    def __init__(self, first: int = 1) -> None:
        self.first = first

    def folder(self, split: str) -> str:
        """Return where a split's pictures lie."""
        return beside_annotations(split)

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write the document of each part."""
        left = Left()
        for part, home in homes(parts, folder):
            pictures = named_below(part, self.folder(part.name))
            write_document(home / COCO_FILE, pictures, classes, self.first, left)
        return left.sentences()


def write_document(
    file: Path, pictures: Iterable[Picture], classes: Sequence[str], first: int, left: Left
) -> None:
    """Write a document piece by piece: one of a large data set would not fit into memory.

    Parameters
    ----------
    pictures
        Called as the document is to name them.
    classes
        Those of the labels; some may be added to it while the pictures are read.
    first
        The number of the first category.
    left
        Counts what the document cannot hold.
    """
    with file.open("wb") as document, tempfile.TemporaryFile(dir=file.parent) as annotations:
        document.write(b'{"images": [')
        _write_pictures(pictures, first, document, annotations, left)
        document.write(b'\n],\n"annotations": [')
        annotations.seek(0)
        shutil.copyfileobj(annotations, document)
        categories = [{"id": first + at, "name": name} for at, name in enumerate(classes)]
        document.write(b'\n],\n"categories": ' + msgspec.json.encode(categories) + b"}\n")


def _write_pictures(
    pictures: Iterable[Picture], first: int, document: IO[bytes], annotations: IO[bytes], left: Left
) -> None:
    count = 0
    for number, picture in enumerate(pictures, 1):
        document.write(_entry(_image(number, picture), number == 1))
        for box in picture.boxes:
            if box.label is None:
                left.out("boxes with a phrase and no class, which COCO does not know,")
                continue
            count += 1
            annotation = {"id": count, "image_id": number, "category_id": first + box.label} | _area(box)
            annotations.write(_entry(annotation, count == 1))


def _area(box: Box) -> dict[str, object]:
    width, height = box.x2 - box.x1, box.y2 - box.y1
    return {
        "bbox": [plain_number(value) for value in (box.x1, box.y1, width, height)],
        "area": plain_number(width * height),
        "iscrowd": int(box.crowd),
    }


def _image(number: int, picture: Picture) -> dict[str, object]:
    image: dict[str, object] = {"id": number, "file_name": picture.name}
    if picture.width and picture.height:
        image |= {"width": picture.width, "height": picture.height}
    return image


def _entry(entry: dict[str, object], first: bool) -> bytes:
    return (b"\n" if first else b",\n") + msgspec.json.encode(entry)
