"""Writes COCO: one document a split, a picture at a time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from skillbank.datasets.document import Box, Picture
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.writing import Left, name_below, plain_number

__all__ = ["COCO_FILE", "CocoWriter"]

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
        return f"{split}/images" if split else "images"

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write the document of each part."""
        left = Left()
        for part in parts:
            home = folder / part.name
            home.mkdir(parents=True, exist_ok=True)
            with (
                (home / COCO_FILE).open("wb") as document,
                tempfile.TemporaryFile(dir=home) as annotations,
            ):
                document.write(b'{"images": [')
                self._pictures(part, document, annotations, left)
                document.write(b'\n],\n"annotations": [')
                annotations.seek(0)
                shutil.copyfileobj(annotations, document)
                categories = [{"id": self.first + at, "name": name} for at, name in enumerate(classes)]
                document.write(b'\n],\n"categories": ' + msgspec.json.encode(categories) + b"}\n")
        return left.sentences()

    def _pictures(self, part: Part, document: IO[bytes], annotations: IO[bytes], left: Left) -> None:
        count = 0
        for number, picture in enumerate(part.pictures, 1):
            image = _image(number, picture, name_below(picture, self.folder(part.name)))
            document.write(_entry(image, number == 1))
            for annotation in self._annotations(number, picture, left):
                count += 1
                annotations.write(_entry({"id": count} | annotation, count == 1))

    def _annotations(self, number: int, picture: Picture, left: Left) -> Iterator[dict[str, Any]]:
        for box in picture.boxes:
            if box.label is None:
                left.out("boxes with a phrase and no class, which COCO does not know,")
            else:
                yield self._annotation(number, box, box.label)

    def _annotation(self, number: int, box: Box, label: int) -> dict[str, Any]:
        width, height = box.x2 - box.x1, box.y2 - box.y1
        return {
            "image_id": number,
            "category_id": self.first + label,
            "bbox": [plain_number(value) for value in (box.x1, box.y1, width, height)],
            "area": plain_number(width * height),
            "iscrowd": int(box.crowd),
        }


def _image(number: int, picture: Picture, name: str) -> dict[str, Any]:
    image: dict[str, Any] = {"id": number, "file_name": name}
    if picture.width and picture.height:
        image |= {"width": picture.width, "height": picture.height}
    return image


def _entry(entry: dict[str, Any], first: bool) -> bytes:
    return (b"\n" if first else b",\n") + msgspec.json.encode(entry)
