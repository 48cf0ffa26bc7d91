"""Writes LabelMe: a JSON file beside each picture, in a folder for each split."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from skillbank.datasets.document import Box, Picture
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.writing import Left, class_or_phrase, plain_number

__all__ = ["LabelmeWriter"]

_WHOLE = "images"
_VERSION = "5.5.0"


class LabelmeWriter:
    """A file a picture, whose pixels stay where they are; ``labels.txt`` holds the order of the classes."""

    name = "labelme"

    def folder(self, split: str) -> str:
        """Return where a split's pictures lie."""
        return split or _WHOLE

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write the files."""
        left = Left()
        for part in parts:
            home = folder / self.folder(part.name) if part.name else folder
            home.mkdir(parents=True, exist_ok=True)
            (home / "labels.txt").write_text("".join(f"{name}\n" for name in classes), encoding="utf-8")
            for picture in part.pictures:
                path = PurePosixPath(picture.path or picture.name)
                place = folder / path.with_suffix(".json")
                place.parent.mkdir(parents=True, exist_ok=True)
                text = json.dumps(_document(picture, path.name, classes, left), indent=2, ensure_ascii=False)
                place.write_text(text, encoding="utf-8")
        return left.sentences()


def _document(picture: Picture, name: str, classes: Sequence[str], left: Left) -> dict[str, object]:
    if picture.caption:
        left.out("captions, which LabelMe does not know,")
    shapes = [shape for box in picture.boxes if (shape := _shape(box, classes, left)) is not None]
    return {
        "version": _VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": name,
        "imageData": None,
        "imageHeight": picture.height,
        "imageWidth": picture.width,
    }


def _shape(box: Box, classes: Sequence[str], left: Left) -> dict[str, object] | None:
    name = class_or_phrase(box, classes)
    if box.crowd:
        left.out("boxes of crowds, which LabelMe does not know,")
        return None
    if not name.strip():
        left.out("boxes without class and phrase")
        return None
    left.phrases += box.label is None
    corners = [[plain_number(x), plain_number(y)] for x, y in ((box.x1, box.y1), (box.x2, box.y2))]
    return {
        "label": name,
        "points": corners,
        "group_id": None,
        "description": "",
        "shape_type": "rectangle",
        "flags": {},
    }
