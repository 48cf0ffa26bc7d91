"""Small data sets on the disk, and what is read of them in a form that is easy to compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

from PIL import Image

from skillbank.datasets.document import DataSet
from skillbank.datasets.heads import FileSize
from skillbank.datasets.opening import open_data
from skillbank.datasets.tree import Tree, open_tree

Found = dict[str, list[tuple[str, float, float, float, float]]]


def picture(path: Path, size: tuple[int, int] = (100, 80), *, orientation: int = 1) -> Path:
    """Write a small picture; one with an EXIF orientation is stored as it was taken."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", size, (90, 120, 150)).save(path, exif=exif)
    return path


def text(path: Path, said: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(said if isinstance(said, bytes) else said.encode())
    return path


def tree_of(root: Path, texts: Mapping[str, str | bytes], pictures: Iterable[str]) -> Tree:
    """Write texts, and return them as a tree with pictures of 100 x 80 pixels of which nothing is read."""
    files = {name: text(root / name, said) for name, said in texts.items()}
    files |= {name: root / name for name in pictures}
    heads: dict[Path, FileSize | None] = {root / name: FileSize(100, 80, False) for name in pictures}
    return Tree(root, dict(sorted(files.items())), _heads=heads)


def data_of(root: Path, form: str = "") -> DataSet:
    return open_data(open_tree(root), form)


def boxes(data: DataSet, split: str = "") -> Found:
    """Return class and corners of each box by the path of its picture, else by its name."""
    part = data.split(split)
    assert part is not None, [each.name for each in data.splits]
    return {
        each.path or each.name: [
            (data.classes[box.label], *(round(value, 3) for value in (box.x1, box.y1, box.x2, box.y2)))  # type: ignore[misc]
            for box in each.boxes
            if box.label is not None
        ]
        for each in part.pictures()
    }


def kinds(data: DataSet) -> Counter[str]:
    """Count the faults of the data set and of all its pictures by their kind."""
    pictures = (each for split in data.splits for each in split.pictures())
    faults = chain(data.faults, chain.from_iterable(each.faults for each in pictures))
    return Counter(fault.kind for fault in faults)


def details(data: DataSet) -> str:
    """Return everything that was said of all pictures."""
    pictures = (each for split in data.splits for each in split.pictures())
    return "\n".join(f"{fault.where}: {fault.detail}" for each in pictures for fault in each.faults)
