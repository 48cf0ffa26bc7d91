"""Boxes in one text file: ``picture|left|top|right|bottom|class`` a line, a picture alone for none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from skillbank.datasets.document import Box, DataSet, Picture, Split, Where
from skillbank.datasets.formats.base import Part, Recognised
from skillbank.datasets.texts import read_text
from skillbank.datasets.tree import Tree

__all__ = ["SampleLines"]

_FILE = "boxes.sample.txt"


class SampleLines:
    """Reads and writes it; a split has a folder of its own."""

    name = "sample_lines"
    title = "sample lines"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether such files lie in a tree."""
        files = tuple(name for name in tree.files if name.rpartition("/")[2] == _FILE)
        return Recognised(files, f"{len(files)} files {_FILE}") if files else None

    def read(self, tree: Tree) -> DataSet:
        """Read the classes, and the pictures when they are asked for."""
        files = [name for name in tree.files if name.rpartition("/")[2] == _FILE]
        classes = tuple(sorted({line[5] for file in files for line in _lines(tree, file) if len(line) == 6}))
        splits = []
        for file in files:
            said = file.rpartition("/")[0].rpartition("/")[2]
            splits.append(Split(said, said, partial(_pictures, tree, file, classes), (file,)))
        return DataSet(self.name, classes, tuple(splits))

    def folder(self, split: str) -> str:
        """Return where a split's pictures lie."""
        return f"{split}/pictures" if split else "pictures"

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write a file a split."""
        for part in parts:
            home = folder / part.name
            home.mkdir(parents=True, exist_ok=True)
            lines = []
            for picture in part.pictures:
                name = Path(picture.path or picture.name).name
                lines += [name] if not picture.boxes else []
                for box in picture.boxes:
                    called = box.phrase if box.label is None else classes[box.label]
                    lines.append(f"{name}|{box.x1}|{box.y1}|{box.x2}|{box.y2}|{called}")
            (home / _FILE).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return []


def _lines(tree: Tree, file: str) -> Iterator[list[str]]:
    for line in read_text(tree.path(file)).splitlines():
        yield line.split("|")


def _pictures(tree: Tree, file: str, classes: Sequence[str]) -> Iterator[Picture]:
    found: dict[str, list[Box]] = {}
    for number, line in enumerate(_lines(tree, file), 1):
        boxes = found.setdefault(line[0], [])
        if len(line) == 6:
            left, top, right, bottom = map(float, line[1:5])
            label = classes.index(line[5])
            boxes.append(Box(left, top, right, bottom, label=label, at=f"line {number}"))
    home = file.rpartition("/")[0]
    for name, boxes in found.items():
        path = f"{home}/pictures/{name}".lstrip("/")
        size = tree.size(path) if path in tree.files else None
        width, height = size or (None, None)
        yield Picture(name, path if size else None, width, height, tuple(boxes), where=Where(file))
