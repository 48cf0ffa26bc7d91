"""DOTA: a text file a picture, a line of four corners, a class and a difficulty an object."""

from __future__ import annotations

from collections.abc import Mapping

from skillbank.datasets.document import DataSet, labels_of
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.gathering import divided, split_in
from skillbank.datasets.formats.numbers import number
from skillbank.datasets.formats.pairing import Pairs
from skillbank.datasets.formats.picture_texts import Grammar, Mark, TextReader, label_files, names_in
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError
from skillbank.visible import one_line

__all__ = ["Dota"]

_NUMBERS = 8
_DESCRIPTIONS = ("data.yaml", "data.yml", "classes.txt")


class Dota:
    """The format."""

    name = "dota"
    title = "DOTA"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether text files of eight numbers and a class lie outside of the split folders.

        A list of classes that YOLO's tools lay beside them is no sign of YOLO then.
        """
        mine = label_files(tree, _GRAMMAR)
        described = [name for name in _DESCRIPTIONS if name in tree.files]
        why = f"{len(mine):,} text files of four corners and a class"
        return Recognised((*mine, *described), why) if mine else None

    def read(self, tree: Tree) -> DataSet:
        """Read the files once for their classes, and again when pictures are asked for."""
        files = label_files(tree, _GRAMMAR)
        pairs = Pairs(tree)
        classes = tuple(sorted(names_in(tree, _GRAMMAR, files)))
        paths = {file: pairs.of(file)[0] for file in files}
        _refuse_twice(tree, paths)
        entries: dict[str, list[str]] = {}
        for file, path in paths.items():
            entries.setdefault(split_in(file, path), []).append(file)
        reader = TextReader(tree, _GRAMMAR, paths, labels_of(classes))
        splits, notes = divided(entries, reader.pictures, lambda some: some)
        return DataSet(self.name, classes, splits, tuple(notes))


def _refuse_twice(tree: Tree, paths: Mapping[str, str | None]) -> None:
    files: dict[str, str] = {}
    for file, path in paths.items():
        if path is not None and (other := files.setdefault(path, file)) != file:
            raise DataError(
                f"{tree.root} has the labels of {one_line(path)} twice, in {one_line(other)} and "
                f"{one_line(file)}; leave the folder that is meant"
            )


def _parsed(line: str) -> Mark | None:
    """Return class, corners and whether it is difficult; None for a line of another kind.

    Numbers for a class are YOLO's, whose class stands in front.
    """
    words = line.replace(",", " ").split()
    if len(words) < _NUMBERS + 1 or any(number(word) is None for word in words[:_NUMBERS]):
        return None
    rest = words[_NUMBERS:]
    is_marked = len(rest) > 1 and rest[-1] in ("0", "1", "2")
    name = " ".join(rest[:-1] if is_marked else rest)
    if all(number(word) is not None for word in name.split()):
        return None
    is_difficult = is_marked and rest[-1] != "0"
    faults = (("difficult", "it is marked as difficult"),) if is_difficult else ()
    return Mark(name, words[:_NUMBERS], faults)


_GRAMMAR = Grammar(
    _parsed,
    "it is no eight numbers with a class behind them",
    headers=("imagesource:", "gsd:", "acquisition dates:"),
)
