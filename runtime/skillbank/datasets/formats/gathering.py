"""What a reader makes of an entry: boxes and faults of a picture, and pictures divided into splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern
from typing import TypeVar

from skillbank.datasets.document import SPLITS, Box, Picture, Split, Where, split_of
from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.coordinates import numbers
from skillbank.datasets.tree import Tree
from skillbank.visible import one_line

__all__ = [
    "Gathering",
    "by_file",
    "class_word",
    "classes_of",
    "divided",
    "examples",
    "outside",
    "same_names",
    "split_in",
    "split_said",
    "unlisted",
]

T = TypeVar("T")
PlaceT = TypeVar("PlaceT")
_FEW = 3
_HELD = 300_000
"""Pictures, boxes and faults of a split that are held in memory, some 80 MB."""


def by_file(places: Iterable[tuple[str, PlaceT]]) -> dict[str, set[PlaceT]]:
    """Return which places are wanted of each file, the files in the order in which they come first."""
    wanted: dict[str, set[PlaceT]] = {}
    for file, place in places:
        wanted.setdefault(file, set()).add(place)
    return wanted


@dataclass(slots=True)
class Gathering:
    """The boxes and faults of one picture, while its annotations are read."""

    where: Where
    labels: Mapping[str, int]
    boxes: list[Box] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, kind: str, detail: str, at: str = "") -> None:
        """Keep a fault of the picture, or of a place in it."""
        row = at.startswith("line ") and self.where.at.startswith("line ")  # one of several of the picture
        if row or at == self.where.at:
            where = f"{self.where.file} {at}".rstrip()
        else:
            where = f"{self.where}, {at}" if at and self.where.at else f"{self.where} {at}".rstrip()
        self.faults.append(Fault(kind, where, detail))

    def box(self, corners: Iterable[object], name: object, at: str = "", *, crowd: bool = False) -> None:
        """Keep a box, or the fault that it is none; its class is known by its name, without outer blanks."""
        values = list(corners)
        found = numbers(values)
        if found is None or len(found) != 4:
            self.fault(
                "unreadable-annotation", f"its corners are no four numbers: {one_line(values, 60)}", at
            )
            return
        word = class_word(name)
        if not word:
            self.fault("unreadable-annotation", "it has no class", at)
            return
        label = self.labels.get(word)
        if label is None:
            self.fault("unknown-class", f"its class is {one_line(word, 40)}", at)
            return
        x1, y1, x2, y2 = found
        self.boxes.append(Box(x1, y1, x2, y2, label, crowd=crowd, at=intern(at)))

    def picture(
        self, name: str, path: str | None, size: tuple[int | None, int | None], tree: Tree | None = None
    ) -> Picture:
        """Return the picture; where the annotations state no size, that of its file."""
        width, height = size
        if (width is None or height is None) and tree is not None and path is not None:
            width, height = tree.size(path) or (None, None)
        return Picture(name, path, width, height, tuple(self.boxes), "", self.where, tuple(self.faults))


def class_word(name: object) -> str:
    """Return what a box says of its class as a word without outer blanks; empty where it says none."""
    return str(name).strip() if isinstance(name, str | int) and not isinstance(name, bool) else ""


def classes_of(used: set[str], listed: Sequence[str]) -> tuple[str, ...]:
    """Return the classes: a list that names all of those in use as it is, else those in use.

    Of a list that lacks some, the ones in use stand first, in its order, and the others are sorted.
    """
    known = list(dict.fromkeys(name for name in listed if name))
    if used <= set(known):
        return tuple(known)
    first = [name for name in known if name in used]
    return (*first, *sorted(used - set(first)))


def same_names(names: Iterable[str], file: str) -> Iterator[str]:
    """Yield a note for each name that a list of classes gives to several numbers."""
    counts = Counter(names)
    for name in (name for name, count in counts.items() if count > 1):
        said = f"{one_line(file)} has the class '{one_line(name)}'"
        yield f"{said} under several numbers, which are taken as one"


def unlisted(used: Iterable[str], listed: Sequence[str]) -> Iterator[str]:
    """Yield a note where boxes bear names that the data set's own list of classes lacks."""
    if listed and (others := sorted(set(used) - set(listed))):
        yield f"boxes bear classes that the data set's own list lacks, and they are added: {examples(others)}"


def outside(tree: Tree, *endings: str) -> Iterator[str]:
    """Yield the files with some endings that do not lie in a folder of a split at the root.

    Those folders are data sets of their own.
    """
    splits = frozenset(tree.split_folders)
    for name in tree.ending(*endings):
        first, slash, _ = name.partition("/")
        if not slash or first not in splits:
            yield name


def split_said(name: str) -> str:
    """Return the folder of a path that names a split, the outermost; empty where there is none."""
    for part in name.split("/")[:-1]:
        if split_of(part) is not None:
            return part
    return ""


def split_in(*names: str | None) -> str:
    """Return the folder that names a split in the first of some paths that has one."""
    return next((said for name in names if name and (said := split_said(name))), "")


def divided(
    entries: Mapping[str, Sequence[T]],
    read: Callable[[Sequence[T]], Iterator[Picture]],
    files: Callable[[Sequence[T]], Iterable[str]],
) -> tuple[tuple[Split, ...], list[str]]:
    """Return the splits of entries that stand below what their folder, list or column says, and notes.

    Where some of them belong to a split, those that belong to none are left out, with a note.

    Parameters
    ----------
    read
        Reads entries as pictures, from the start at each call.
    files
        The annotation files of entries.
    """
    by_split: dict[str, list[T]] = {}
    said_of: dict[str, str] = {}
    for said, some in entries.items():
        if some:
            split = split_of(said) or ""
            by_split.setdefault(split, []).extend(some)
            said_of.setdefault(split, said if split else "")
    notes = []
    if len(by_split) > 1 and (rest := by_split.pop("", None)) is not None:
        shown = examples(files(rest))
        notes.append(f"{len(rest):,} annotated pictures belong to no split and are left out ({shown})")
    ordered = sorted(by_split, key=lambda split: (*SPLITS, "").index(split))
    return tuple(_split(split, said_of[split], by_split[split], read, files) for split in ordered), notes


def _split(
    split: str,
    said: str,
    some: Sequence[T],
    read: Callable[[Sequence[T]], Iterator[Picture]],
    files: Callable[[Sequence[T]], Iterable[str]],
) -> Split:
    return Split(split, said, _Held(lambda: read(some)), tuple(dict.fromkeys(files(some))))


class _Held:
    """Reads the pictures of a split, and holds them for the next time where they are few enough.

    A check, a repair and a conversion each go through all of them, and parsing is what takes the time.
    """

    def __init__(self, read: Callable[[], Iterator[Picture]]) -> None:
        self._read = read
        self._held: list[Picture] | None = None

    def __call__(self) -> Iterator[Picture]:
        return self._reading() if self._held is None else iter(self._held)

    def _reading(self) -> Iterator[Picture]:
        held: list[Picture] = []
        weight = 0
        for picture in self._read():
            weight += 1 + len(picture.boxes) + len(picture.faults)
            if weight <= _HELD:
                held.append(picture)
            elif held:
                held.clear()
            yield picture
        if weight <= _HELD:
            self._held = held


def examples(names: Iterable[str]) -> str:
    """Return the first few names, for a sentence."""
    different = list(dict.fromkeys(names))
    shown = ", ".join(one_line(name, 60) for name in different[:_FEW])
    return f"{shown}, ..." if len(different) > _FEW else shown
