"""KITTI: a text file a picture, a line of 15 columns an object, in ``label_2`` or ``labels``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skillbank.datasets.document import DataSet, labels_of
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.gathering import divided, examples, split_in
from skillbank.datasets.formats.image_sets import image_sets
from skillbank.datasets.formats.numbers import number
from skillbank.datasets.formats.pairing import Pairs, stem
from skillbank.datasets.formats.picture_texts import Grammar, Mark, TextReader, label_files, names_in
from skillbank.datasets.tree import Tree

__all__ = ["Kitti"]

_NUMBERS = (14, 15)
"""What stands behind a name: truncated, occluded, alpha, four corners, seven of the box in space, a score."""
_REGION = "DontCare"


class Kitti:
    """The format."""

    name = "kitti"
    title = "KITTI"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether text files whose lines are a name and 14 numbers lie outside of the split folders."""
        mine = tuple(label_files(tree, _GRAMMAR))
        return Recognised(mine, f"{len(mine):,} text files of 15 columns") if mine else None

    def read(self, tree: Tree) -> DataSet:
        """Read the files once for their classes, and again when pictures are asked for."""
        files = label_files(tree, _GRAMMAR)
        pairs = Pairs(tree)
        classes = tuple(sorted(names_in(tree, _GRAMMAR, files)))
        paths = {file: pairs.of(file)[0] for file in files}
        entries, notes = _entries(tree, paths)
        reader = TextReader(tree, _GRAMMAR, paths, labels_of(classes))
        splits, left = divided(entries, reader.pictures, lambda some: some)
        return DataSet(self.name, classes, splits, (*notes, *left))


def _columns(line: str) -> tuple[str, list[str]] | None:
    """Return the name of a line, which may have blanks, and its numbers; None for another kind of line."""
    words = line.split()
    for count in sorted(_NUMBERS, reverse=True):
        if len(words) > count and all(number(word) is not None for word in words[-count:]):
            name = words[:-count]
            if all(number(word) is None for word in name):  # more numbers are the columns of another format
                return " ".join(name), words[-count:]
    return None


def _parsed(line: str) -> Mark | None:
    found = _columns(line)
    if found is None:
        return None
    name, words = found
    if name == _REGION:
        return Mark(name, words[3:7], (("region-left-out", "a DontCare region"),), is_object=False)
    return Mark(name, words[3:7])


def _begins(line: str) -> bool:
    """Whether a line's corners are no shares of a picture, as in YOLO's key points behind a name."""
    if (found := _columns(line)) is None:
        return False
    corners = [value for word in found[1][3:7] if (value := number(word)) is not None]
    return not (any(corners) and all(0 <= value <= 1 for value in corners))


def _entries(tree: Tree, paths: Mapping[str, str | None]) -> tuple[dict[str, list[str]], Sequence[str]]:
    sets = image_sets(tree, "")
    entries: dict[str, list[str]] = {}
    if not sets.lists:
        for file, path in paths.items():
            entries.setdefault(split_in(file, path), []).append(file)
        return entries, sets.notes
    by_name = {stem(file): file for file in paths}
    for said, names in sets.lists.items():
        entries[said] = [by_name[stem(name)] for name in names if stem(name) in by_name]
    listed = {file for files in entries.values() for file in files}
    notes = list(sets.notes)
    if rest := [file for file in paths if file not in listed]:
        notes.append(f"{len(rest):,} annotated pictures stand in no list and are left out ({examples(rest)})")
    return entries, notes


_GRAMMAR = Grammar(_parsed, "it is no name with 14 numbers behind it", _begins)
