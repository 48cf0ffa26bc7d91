"""A text file a picture and a line an object: what DOTA, KITTI, VisDrone and OIDv4 have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from skillbank.datasets.document import Picture, Where
from skillbank.datasets.formats.coordinates import around, numbers
from skillbank.datasets.formats.files import UnreadableError, head, text_of
from skillbank.datasets.formats.gathering import Gathering, outside
from skillbank.datasets.formats.pairing import stem
from skillbank.datasets.tree import Tree

__all__ = ["Grammar", "Mark", "TextReader", "label_files", "names_in"]

_LOOKED_INTO = 50
_HEAD = 2048
_MOST = 1 << 26
_NOT_LABELS = frozenset({"classes", "labels", "readme", "train", "val", "test", "trainval"})
_NOT_HOMES = frozenset({"calib", "velodyne", "planes", "imagesets", "main", "poses", "oxts"})
"""Folders of text files that mark no objects."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a line says of an object.

    Attributes
    ----------
    numbers
        Left, top, right and bottom, or x and y of each of four corners.
    faults
        Kind and detail of what is to be said of it.
    is_object
        Whether it becomes a box; a region that nobody annotated does not.
    """

    name: str
    numbers: Sequence[object]
    faults: tuple[tuple[str, str], ...] = ()
    is_object: bool = True


@dataclass(frozen=True)
class Grammar:
    """How a format writes its lines.

    Attributes
    ----------
    parsed
        Returns what a line says; None for one of another kind.
    wrong
        What is said of such a line: "it is no ...".
    begins
        Whether a file of the format may begin with a line; where None, with all that are parsed.
    headers
        How lines begin, in small letters, that say nothing of objects.
    """

    parsed: Callable[[str], Mark | None]
    wrong: str
    begins: Callable[[str], bool] | None = None
    headers: tuple[str, ...] = ()

    def lines(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield number and text of the lines that speak of objects."""
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not (self.headers and line.strip().lower().startswith(self.headers)):
                yield number, line


def label_files(tree: Tree, grammar: Grammar, *, paired: bool = False) -> list[str]:
    """Return the label files outside of the split folders, folder by folder.

    Files of a folder are labels where most of the first begin as the format does: a spoilt one among them is
    said with its picture.

    Parameters
    ----------
    paired
        Whether one of them must bear the name of a picture, for lines that other texts may have too.
    """
    mine = [names for names in _by_folder(tree).values() if _are_labels(tree, grammar, names)]
    if paired and mine:
        stems = {stem(name) for name in tree.pictures}
        mine = [names for names in mine if any(stem(each) in stems for each in names)]
    return [name for names in mine for name in names]


def _by_folder(tree: Tree) -> dict[str, list[str]]:
    """Return the texts that may be labels, by their own names and those of their folders."""
    by_folder: dict[str, list[str]] = {}
    for name in outside(tree, ".txt"):
        folder = name.rpartition("/")[0]
        if stem(name).lower() not in _NOT_LABELS and folder.rpartition("/")[2].lower() not in _NOT_HOMES:
            by_folder.setdefault(folder, []).append(name)
    return by_folder


def _are_labels(tree: Tree, grammar: Grammar, names: Sequence[str]) -> bool:
    begins = grammar.begins or (lambda line: grammar.parsed(line) is not None)
    fits = 0
    for name in names[:_LOOKED_INTO]:
        start = head(tree.path(name), _HEAD)
        whole = start.decode("utf-8", "replace").splitlines()[: -1 if len(start) >= _HEAD else None]
        first = next(grammar.lines("\n".join(whole)), None)
        if first is not None:
            fits += 1 if begins(first[1]) else -1
    return fits > 0


def names_in(tree: Tree, grammar: Grammar, files: Sequence[str]) -> set[str]:
    """Return the names of the classes of objects in files."""
    names: set[str] = set()
    for file in files:
        try:
            text = text_of(tree.path(file), _MOST)
        except UnreadableError:
            continue  # said with its picture
        marks = (grammar.parsed(line) for _, line in grammar.lines(text))
        names.update(mark.name for mark in marks if mark is not None and mark.is_object)
    return names


@dataclass(frozen=True)
class TextReader:
    """Reads label files as pictures."""

    tree: Tree
    grammar: Grammar
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
            text = text_of(self.tree.path(file), _MOST)
        except UnreadableError as error:
            here.fault("unreadable-annotation", f"it {error}")
            return
        for number, line in self.grammar.lines(text):
            at = f"line {number}"
            mark = self.grammar.parsed(line)
            if mark is None:
                here.fault("unreadable-annotation", self.grammar.wrong, at)
                continue
            for kind, detail in mark.faults:
                here.fault(kind, detail, at)
            if mark.is_object:
                here.box(_corners(here, mark, at), mark.name, at)


def _corners(here: Gathering, mark: Mark, at: str) -> Sequence[object]:
    """Return four corners, of four points those of the box around them."""
    found = numbers(mark.numbers)
    if found is None or len(found) == 4:
        return mark.numbers
    points = list(zip(found[::2], found[1::2], strict=True))
    corners = around(points)
    if any(x not in corners[::2] or y not in corners[1::2] for x, y in points):
        here.fault("mark-as-box", "a turned box", at)
    return corners
