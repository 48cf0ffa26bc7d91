"""KITTI: a text file a picture, a line of 15 columns an object, in ``label_2`` or ``labels``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skillbank.datasets.document import DataSet, Picture, Where
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.files import UnreadableError, content, head, text_of
from skillbank.datasets.formats.gathering import Gathering, divided, examples, outside, split_in
from skillbank.datasets.formats.image_sets import image_sets
from skillbank.datasets.formats.numbers import number
from skillbank.datasets.formats.pairing import Pairs, stem
from skillbank.datasets.tree import Tree

__all__ = ["Kitti"]

_LOOKED_INTO = 50
_NUMBERS = (14, 15)
"""What stands behind a name: truncated, occluded, alpha, four corners, seven of the box in space, a score."""
_REGION = "DontCare"
_NOT_LABELS = frozenset({"calib", "velodyne", "planes", "imagesets", "main", "poses", "oxts"})


class Kitti:
    """The format."""

    name = "kitti"
    title = "KITTI"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether text files whose lines are a name and 14 numbers lie outside of the split folders."""
        by_folder: dict[str, list[str]] = {}
        for name in outside(tree, ".txt"):
            by_folder.setdefault(name.rpartition("/")[0], []).append(name)
        mine = tuple(
            name
            for folder, names in by_folder.items()
            if folder.rpartition("/")[2].lower() not in _NOT_LABELS and _is_labels(tree, names)
            for name in names
            if _is_label_file(name, names)
        )
        return Recognised(mine, f"{len(mine):,} text files of 15 columns") if mine else None

    def read(self, tree: Tree) -> DataSet:
        """Read the files once for their classes, and again when pictures are asked for."""
        found = self.recognise(tree)
        files = found.files if found is not None else ()
        pairs = Pairs(tree)
        names: set[str] = set()
        for file in files:
            names.update(name for name, _ in _lines(tree, file)[0] if name and name != _REGION)
        classes = tuple(sorted(names))
        paths = {file: pairs.of(file)[0] for file in files}
        entries, notes = _entries(tree, paths)
        reader = _Reader(tree, paths, {name: number for number, name in enumerate(classes)})
        splits, left = divided(entries, reader.pictures, lambda some: some)
        return DataSet(self.name, classes, splits, (*notes, *left))


def _is_labels(tree: Tree, names: Sequence[str]) -> bool:
    for name in names[:_LOOKED_INTO]:
        line = head(tree.path(name), 1024).decode("utf-8", "replace").lstrip().partition("\n")[0]
        if line:
            found = _columns(line)
            return found is not None and not _in_shares(found[1])
    return False


def _in_shares(words: Sequence[str]) -> bool:
    """Whether numbers are shares of a picture, as YOLO writes polygons and key points behind a name."""
    corners = [value for word in words[3:7] if (value := number(word)) is not None]
    return any(corners) and all(0 <= value <= 1 for value in corners)


def _is_label_file(name: str, names: Sequence[str]) -> bool:
    """Whether a file among labels is one; a list of classes beside them is not."""
    return stem(name).lower() not in ("classes", "labels", "readme", "train", "val", "test", "trainval")


def _columns(line: str) -> tuple[str, list[str]] | None:
    """Return the name of a line, which may have blanks, and its numbers; None for another kind of line."""
    words = line.split()
    for count in sorted(_NUMBERS, reverse=True):
        if len(words) > count and all(number(word) is not None for word in words[-count:]):
            name = words[:-count]
            if all(number(word) is None for word in name):  # more numbers are the columns of another format
                return " ".join(name), words[-count:]
    return None


def _lines(tree: Tree, file: str) -> tuple[list[tuple[str, list[str]]], bool]:
    """Return name and numbers of each line, no name where they do not fit, and whether it is UTF-8."""
    try:
        text, is_utf8 = text_of(content(tree.path(file)))
    except UnreadableError:
        return [], True
    lines: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.strip():
            lines.append(_columns(line) or ("", line.split()))
    return lines, is_utf8


def _entries(tree: Tree, paths: Mapping[str, str | None]) -> tuple[dict[str, list[str]], tuple[str, ...]]:
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
    return entries, tuple(notes)


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    paths: Mapping[str, str | None]
    labels: Mapping[str, int]

    def pictures(self, files: Sequence[str]) -> Iterator[Picture]:
        """Yield the pictures of files."""
        for file in files:
            here = Gathering(Where(file), self.labels)
            self._add(here, file)
            path = self.paths[file]
            yield here.picture(path or stem(file), path, (None, None), self.tree)

    def _add(self, here: Gathering, file: str) -> None:
        try:
            content(self.tree.path(file), 1 << 24)
        except UnreadableError as error:
            here.fault("unreadable-annotation", f"it {error}")
            return
        lines, is_utf8 = _lines(self.tree, file)
        if not is_utf8:
            here.fault("not-utf8", "it is not UTF-8")
        for position, (name, words) in enumerate(lines, 1):
            at = f"line {position}"
            if not name:
                here.fault("unreadable-annotation", "it is no name with 14 numbers behind it", at)
            elif name == _REGION:
                here.fault("region-left-out", "a DontCare region", at)
            else:
                here.box(words[3:7], name, at)
