"""Create ML: a JSON list of pictures whose boxes have a centre and a size in pixels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec

from skillbank.datasets.document import DataSet, Picture, Where, labels_of
from skillbank.datasets.document import split_in as word_in
from skillbank.datasets.formats.base import Recognised, files_of
from skillbank.datasets.formats.coordinates import numbers
from skillbank.datasets.formats.files import head
from skillbank.datasets.formats.gathering import Gathering, by_file, class_word, divided, outside, split_in
from skillbank.datasets.formats.json_entries import entries_of
from skillbank.datasets.tree import Tree
from skillbank.errors import a_few

__all__ = ["CreateMl"]

_LOOKED_INTO = 2000
_HEAD = 1 << 14
_BEGINS = re.compile(rb'\s*\[\s*\{[^{}\[\]]*?"image(filename)?"\s*:\s*"')
_HOLDS = re.compile(rb'"coordinates"\s*:\s*\{')
_EMPTY = re.compile(rb'[^{}\[\]]*"annotations?"\s*:\s*\[\s*\]')
_ANY_ORDER = re.compile(rb'\s*\[\s*\{\s*"annotations?"\s*:\s*\[(?s:.)*"image(filename)?"\s*:\s*"')
_PLACE = ("x", "y", "width", "height")


class _Mark(msgspec.Struct):
    label: object = None
    coordinates: object = None


class _Entry(msgspec.Struct):
    """A picture; Apple's own page has other names for both fields than its tools and Roboflow."""

    image: str | None = None
    imagefilename: str | None = None
    annotations: list[_Mark] | None = None
    annotation: list[_Mark] | None = None

    @property
    def name(self) -> str:
        """The picture's file."""
        return self.image or self.imagefilename or ""

    @property
    def marks(self) -> list[_Mark]:
        """What is marked in it."""
        return self.annotations or self.annotation or []


class CreateMl:
    """The format."""

    name = "create_ml"
    title = "Create ML"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether JSON lists of pictures with labels and coordinates lie outside of the split folders."""
        looked = islice(outside(tree, ".json"), _LOOKED_INTO)
        files = tuple(name for name in looked if _is_create_ml(head(tree.path(name), _HEAD)))
        return Recognised(files, f"{a_few(files, 3)} with coordinates of Create ML") if files else None

    def read(self, tree: Tree) -> DataSet:
        """Read the lists once for classes, and again when pictures are asked for."""
        found = self.recognise(tree)
        names: set[str] = set()
        entries: dict[str, list[tuple[str, int]]] = {}
        for file in files_of(found):
            for position, entry in entries_of(tree, file, _Entry).each():
                path = None if isinstance(entry, str) else tree.find(entry.name, beside=file)
                said = split_in(file, path) or word_in(file) or ""
                entries.setdefault(said, []).append((file, position))
                if not isinstance(entry, str):
                    names.update(class_word(mark.label) for mark in entry.marks)
        classes = tuple(sorted(names - {""}))
        reader = _Reader(tree, labels_of(classes))
        splits, notes = divided(entries, reader.pictures, lambda some: (file for file, _ in some))
        said = "boxes are taken as centre and size in pixels, counted from the upper left"
        return DataSet(self.name, classes, splits, (said, *notes))


def _is_create_ml(start: bytes) -> bool:
    if _HOLDS.search(start):
        return _BEGINS.match(start) is not None or _ANY_ORDER.match(start) is not None
    begun = _BEGINS.match(start)
    return begun is not None and _EMPTY.match(start, begun.end()) is not None


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    labels: Mapping[str, int]

    def pictures(self, places: Sequence[tuple[str, int]]) -> Iterator[Picture]:
        """Yield the pictures of entries."""
        for file, positions in by_file(places).items():
            for position, entry in entries_of(self.tree, file, _Entry).each():
                if position in positions:
                    yield self._picture(file, position, entry)

    def _picture(self, file: str, position: int, entry: _Entry | str) -> Picture:
        here = Gathering(Where(file, f"picture {position}"), self.labels)
        if isinstance(entry, str):
            here.fault("unreadable-annotation", entry)
            return here.picture(f"picture {position}", None, (None, None))
        if not entry.name:
            here.fault("unreadable-annotation", "it names no picture")
        for number, mark in enumerate(entry.marks, 1):
            here.box(_corners(mark.coordinates), mark.label, f"annotation {number}")
        path = self.tree.find(entry.name, beside=file) if entry.name else None
        return here.picture(entry.name, path, (None, None), self.tree)


def _corners(place: object) -> list[object]:
    """Return left, top, right and bottom, or what stands there instead of four numbers."""
    said = [place.get(key) for key in _PLACE] if isinstance(place, dict) else [place]
    found = numbers(said)
    if found is None or len(found) != 4:
        return said
    x, y, width, height = found
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
