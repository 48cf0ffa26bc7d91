"""Writes CSV in TensorFlow's shape: a row a box, a table a split, and the classes with their numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from skillbank.datasets.document import Picture
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.writing import Left, below_images, plain_number

__all__ = ["TablesWriter"]

_COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")


class TablesWriter:
    """A picture without a box has a row with empty cells."""

    name = "csv"

    def folder(self, split: str) -> str:
        """Return where a split's pictures lie."""
        return below_images(split)

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write the tables."""
        left = Left()
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "classes.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((name, number) for number, name in enumerate(classes))
        for part in parts:
            with (folder / f"{part.name or 'annotations'}.csv").open(
                "w", encoding="utf-8", newline=""
            ) as file:
                table = csv.writer(file)
                table.writerow(_COLUMNS)
                for picture in part.pictures:
                    table.writerows(_rows(picture, classes, left))
        return left.sentences()


def _rows(picture: Picture, classes: Sequence[str], left: Left) -> Iterator[list[object]]:
    if picture.caption:
        left.out("captions, which these tables do not know,")
    start: list[object] = [picture.path or picture.name, picture.width, picture.height]
    is_empty = True
    for box in picture.boxes:
        if box.crowd:
            left.out("boxes of crowds, which these tables do not know,")
        elif box.label is None:
            left.out("boxes with a phrase and no class, which these tables do not know,")
        else:
            is_empty = False
            yield [
                *start,
                classes[box.label],
                *(plain_number(each) for each in (box.x1, box.y1, box.x2, box.y2)),
            ]
    if is_empty:
        yield [*start, "", "", "", "", ""]
