"""Writes CVAT's XML 1.1 for images: one annotations.xml with the classes and their colours, and images."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from skillbank.datasets.document import Box, Picture
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.writing import Left, below_images, class_or_phrase, name_below, plain_number
from skillbank.datasets.palette import colour
from skillbank.visible import visible

__all__ = ["CvatWriter"]

_FILE = "annotations.xml"
_TITLE = "skillbank"
"""Of the project; the folder may be a temporary one, and the same labels make the same file."""
_SIDES = ("xtl", "ytl", "xbr", "ybr")


class CvatWriter:
    """One document, as CVAT exports a project: a picture's split is its subset, and the folder it lies in."""

    name = "cvat"

    def folder(self, split: str) -> str:
        """Return where a split's pictures lie."""
        return below_images(split)

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write the document; what its head counts is known only behind the pictures."""
        left = Left()
        names = dict.fromkeys(map(visible, classes))
        count = 0
        with tempfile.TemporaryFile("w+", encoding="utf-8") as body:
            for part in parts:
                for picture in part.pictures:
                    body.writelines(self._image(picture, count, part.name, classes, names, left))
                    count += 1
            body.seek(0)
            with (folder / _FILE).open("w", encoding="utf-8") as file:
                subsets = [part.name for part in parts if part.name]
                file.writelines(_head(names, count, subsets))
                shutil.copyfileobj(body, file)
                file.write("</annotations>\n")
        return left.sentences()

    def _image(
        self,
        picture: Picture,
        number: int,
        split: str,
        classes: Sequence[str],
        names: dict[str, None],
        left: Left,
    ) -> Iterator[str]:
        if picture.caption:
            left.out("captions, which CVAT does not know,")
        name = _value(name_below(picture, self.folder(split)))
        subset = f" subset={_value(split)}" if split else ""
        size = ""
        if picture.width and picture.height:
            size = f' width="{picture.width}" height="{picture.height}"'
        yield f'  <image id="{number}" name={name}{subset}{size}>\n'
        for box in picture.boxes:
            called = visible(class_or_phrase(box, classes))
            if box.crowd:
                left.out("boxes of crowds, which CVAT does not know,")
            elif not called.strip():
                left.out("boxes without class and phrase")
            else:
                left.phrases += box.label is None
                names.setdefault(called)
                yield _box(box, called)
        yield "  </image>\n"


def _head(names: dict[str, None], count: int, subsets: Sequence[str]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n'
    of = "project" if subsets else "task"
    yield f"    <{of}>\n      <name>{_TITLE}</name>\n      <size>{count}</size>\n"
    if subsets:
        yield f"      <subsets>{escape(chr(10).join(subsets))}</subsets>\n"
    else:
        yield "      <mode>annotation</mode>\n"
    yield "      <labels>\n"
    for number, name in enumerate(names):
        yield f"        <label>\n          <name>{escape(name)}</name>\n"
        yield f"          <color>{colour(number)}</color>\n          <type>rectangle</type>\n"
        yield "          <attributes></attributes>\n        </label>\n"
    yield f"      </labels>\n    </{of}>\n  </meta>\n"


def _box(box: Box, name: str) -> str:
    corners = zip(_SIDES, (box.x1, box.y1, box.x2, box.y2), strict=True)
    sides = " ".join(f'{side}="{plain_number(value)}"' for side, value in corners)
    source = "manual" if box.proposed is None else "auto"
    return f'    <box label={_value(name)} source="{source}" occluded="0" {sides} z_order="0"></box>\n'


def _value(said: str) -> str:
    """Return a text as the value of an attribute; control characters are written out."""
    return quoteattr(visible(said))
