"""Writes ODVG: a line a picture, and the label map beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from skillbank.datasets.document import Box, Picture
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.writing import (
    Left,
    beside_annotations,
    class_or_phrase,
    homes,
    named_below,
    plain_number,
)

__all__ = ["ODVG_LINES", "ODVG_MAP", "OdvgWriter", "write_label_map", "write_lines"]

ODVG_LINES = "annotations_odvg.jsonl"
ODVG_MAP = "annotations_odvg_labelmap.json"


class OdvgWriter:
    """Boxes with a class become detection, boxes with a phrase grounding; no picture of both is divided."""

    name = "odvg"

    def folder(self, split: str) -> str:
        """Return where a split's pictures lie."""
        return beside_annotations(split)

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write the lines and the label map of each part; there is no map without classes."""
        left = Left()
        for part, home in homes(parts, folder):
            if classes:
                write_label_map(home / ODVG_MAP, classes)
            write_lines(home / ODVG_LINES, named_below(part, self.folder(part.name)), classes, left)
        return left.sentences()


def write_label_map(file: Path, classes: Sequence[str]) -> None:
    """Write the names of the classes by their numbers, which count from 0."""
    names = {str(number): name for number, name in enumerate(classes)}
    file.write_text(json.dumps(names, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_lines(file: Path, pictures: Iterable[Picture], classes: Sequence[str], left: Left) -> None:
    """Write a line for each picture."""
    with file.open("wb") as lines:
        for picture in pictures:
            lines.write(msgspec.json.encode(_line(picture, classes, left)) + b"\n")


def _line(picture: Picture, classes: Sequence[str], left: Left) -> dict[str, object]:
    line: dict[str, object] = {"file_name": picture.name}
    if picture.width and picture.height:
        line |= {"height": picture.height, "width": picture.width}
    boxes = []
    for box in picture.boxes:
        if box.crowd:
            left.out("boxes of crowds, which ODVG does not know,")
        else:
            boxes.append(box)
    labelled = [(box, box.label) for box in boxes if box.label is not None]
    if picture.caption or len(labelled) < len(boxes):
        line["grounding"] = _grounding(picture.caption, boxes, classes)
    else:
        line["detection"] = {
            "instances": [
                {"bbox": _corners(box), "label": label, "category": classes[label]} for box, label in labelled
            ]
        }
    return line


def _grounding(caption: str, boxes: Sequence[Box], classes: Sequence[str]) -> dict[str, object]:
    phrases = [class_or_phrase(box, classes) for box in boxes]
    regions = [{"bbox": _corners(box), "phrase": phrase} for box, phrase in zip(boxes, phrases, strict=True)]
    return {"caption": caption or " . ".join(dict.fromkeys(phrases)), "regions": regions}


def _corners(box: Box) -> list[float | int]:
    return [plain_number(value) for value in (box.x1, box.y1, box.x2, box.y2)]
