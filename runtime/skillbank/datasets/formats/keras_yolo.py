"""The lists of keras-yolo3 and YOLOv4 for PyTorch: a line a picture, its boxes behind its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from skillbank.datasets.document import DataSet, Picture, Where, labels_of
from skillbank.datasets.document import split_in as word_in
from skillbank.datasets.formats.base import Recognised, files_of
from skillbank.datasets.formats.files import UnreadableError, head, text_of
from skillbank.datasets.formats.gathering import Gathering, divided, outside, same_names, split_in
from skillbank.datasets.formats.yolo_names import class_list
from skillbank.datasets.tree import PICTURES, Tree
from skillbank.errors import DataError, a_few

__all__ = ["KerasYolo"]

_LOOKED_INTO = 200
_LISTS = "classes.txt"
"""How the names of lists of classes end: ``_classes.txt``, ``voc_classes.txt``."""
_BOX = re.compile(r"\s(-?[\d.]+,-?[\d.]+,-?[\d.]+,-?[\d.]+,\d+)(?=\s|$)")
"""Left, top, right, bottom and the number of the class; blanks in the name of the picture stand before."""


class KerasYolo:
    """The format."""

    name = "keras_yolo"
    title = "keras-yolo3"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether texts of pictures with boxes of five numbers lie outside of the split folders."""
        texts = islice(outside(tree, ".txt"), _LOOKED_INTO)
        files = tuple(name for name in texts if _is_list(tree, name))
        if not files:
            return None
        lacking = f"{tree.path(files[0])} numbers classes that no _classes.txt beside it names: write one"
        why = f"{a_few(files, 3)} with pictures and boxes"
        return Recognised(files, why, "" if _names_file(tree) else lacking)

    def read(self, tree: Tree) -> DataSet:
        """Read the list of classes now, and the texts once for the splits and again for pictures."""
        found = self.recognise(tree)
        file = _names_file(tree)
        names = class_list(tree, file).names if file else {}
        entries: dict[str, list[tuple[str, int, str]]] = {}
        for text in files_of(found):
            for number, line in _lines(tree, text):
                path = tree.find(_name_of(line), beside=text)
                said = split_in(text, path) or word_in(text.rpartition("/")[2]) or ""
                entries.setdefault(said, []).append((text, number, line))
        classes = tuple(dict.fromkeys(names[number] for number in sorted(names)))
        reader = _Reader(tree, names, labels_of(classes))
        splits, notes = divided(entries, reader.pictures, lambda some: (each[0] for each in some))
        return DataSet(self.name, classes, splits, (*same_names(names.values(), file), *notes))


def _names_file(tree: Tree) -> str:
    return next((name for name in tree.files if name.lower().endswith(_LISTS)), "")


def _is_list(tree: Tree, name: str) -> bool:
    lines = head(tree.path(name)).decode("utf-8", "replace").splitlines()
    first = next((line for line in lines if line.strip()), "")
    return _BOX.search(first) is not None and _name_of(first).lower().endswith(PICTURES)


def _name_of(line: str) -> str:
    found = _BOX.search(line)
    return (line[: found.start()] if found is not None else line).strip()


def _lines(tree: Tree, file: str) -> Iterator[tuple[int, str]]:
    try:
        text = text_of(tree.path(file))
    except UnreadableError as error:
        raise DataError(f"{tree.path(file)} {error}") from None
    yield from ((number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    names: Mapping[int, str]
    labels: Mapping[str, int]

    def pictures(self, entries: Sequence[tuple[str, int, str]]) -> Iterator[Picture]:
        """Yield the pictures of lines."""
        for file, number, line in entries:
            here = Gathering(Where(file, f"line {number}"), self.labels)
            name = _name_of(line)
            for at, said in enumerate(line[line.find(name) + len(name) :].split(), 1):
                *corners, label = said.split(",")
                known = self.names.get(int(label)) if label.isdecimal() and len(label) < 7 else None
                here.box(corners, known or label, f"box {at}")
            yield here.picture(name, self.tree.find(name, beside=file), (None, None), self.tree)
