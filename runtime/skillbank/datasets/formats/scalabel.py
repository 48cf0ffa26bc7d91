"""BDD100K and Scalabel: frames with labels in a list, in a document, or in a file a picture."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from skillbank.datasets.document import DataSet, Picture, Where, labels_of
from skillbank.datasets.document import split_in as word_in
from skillbank.datasets.formats.base import Recognised, files_of
from skillbank.datasets.formats.coordinates import Corners, around, numbers, pixels
from skillbank.datasets.formats.files import head
from skillbank.datasets.formats.gathering import (
    Gathering,
    by_file,
    class_word,
    classes_of,
    divided,
    outside,
    split_in,
)
from skillbank.datasets.formats.json_entries import Entries, entries_of
from skillbank.datasets.formats.pairing import Pairs
from skillbank.datasets.formats.run_lengths import around_runs
from skillbank.datasets.tree import Tree
from skillbank.errors import a_few
from skillbank.visible import one_line

__all__ = ["Scalabel"]

_LOOKED_INTO = 200
_HEAD = 1 << 16
_MARKS = re.compile(rb'"(box2d|poly2d|box3d)"\s*:')
_LABELS = re.compile(rb'"(labels|objects)"\s*:\s*(\[|null)')
_FRAMES = re.compile(rb'"frames"\s*:\s*\[')
_NAME = re.compile(rb'"name"\s*:\s*"')
_CORNERS = ("x1", "y1", "x2", "y2")
_WITHIN = "frames"

_Sides = tuple[int, int]


class _Label(msgspec.Struct):
    category: object = None
    box2d: object = None
    poly2d: object = None
    rle: object = None
    attributes: object = None

    @property
    def name(self) -> str:
        """Its class; empty where it has none."""
        return class_word(self.category)


class _Frame(msgspec.Struct):
    name: str | None = None
    url: str | None = None
    video: str | None = msgspec.field(name="videoName", default=None)
    size: object = None
    labels: list[_Label] | None = None
    objects: list[_Label] | None = None

    @property
    def marks(self) -> list[_Label]:
        """What is marked in it."""
        return self.labels or self.objects or []


class _Category(msgspec.Struct):
    name: str


class _Config(msgspec.Struct):
    categories: list[_Category | str] | None = None
    size: object = msgspec.field(name="imageSize", default=None)
    image_size: object = None

    @property
    def sides(self) -> _Sides | None:
        """Width and height of all pictures, where they have the same."""
        return _sides(self.size) or _sides(self.image_size)


class Scalabel:
    """The format."""

    name = "bdd100k"
    title = "BDD100K (Scalabel)"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether JSON files of frames with labels lie outside of the split folders."""
        names = list(outside(tree, ".json"))
        some = [name for name in islice(names, _LOOKED_INTO) if _is_frames(tree, name)]
        if len(names) > _LOOKED_INTO and len(some) > _LOOKED_INTO // 2:  # a file a picture
            some += [name for name in names[_LOOKED_INTO:] if _is_frames(tree, name)]
        return Recognised(tuple(some), f"{a_few(some, 3)} with frames of Scalabel") if some else None

    def read(self, tree: Tree) -> DataSet:
        """Read the files once for classes, and again when pictures are asked for."""
        found = self.recognise(tree)
        pairs = Pairs(tree)
        census = _census(tree, files_of(found), pairs)
        notes = []
        used = set(census.boxed)
        if not used:
            used = set(census.enclosed)
        elif census.outlined:
            shown = a_few([f"'{one_line(name, 40)}'" for name in sorted(census.outlined)], 5)
            count = sum(census.outlined.values())
            notes.append(
                f"{count:,} outlines without a box are left out beside those that have one ({shown})"
            )
        classes = classes_of(used, [name for name in census.listed if name in used or not census.boxed])
        labels = labels_of(classes)
        reader = _Reader(tree, pairs, labels, outlines=not census.boxed)
        splits, left = divided(census.entries, reader.pictures, lambda some: (file for file, _ in some))
        return DataSet(self.name, classes, splits, (*notes, *left))


def _is_frames(tree: Tree, name: str) -> bool:
    start = head(tree.path(name), _HEAD)
    begins = start.lstrip()[:1]
    if not _NAME.search(start) or not _LABELS.search(start) or not _MARKS.search(start):
        return False
    return begins == b"[" or (begins == b"{" and _FRAMES.search(start) is not None)


def _frames(tree: Tree, file: str) -> Entries[_Frame]:
    start = head(tree.path(file)).lstrip()[:1]
    return entries_of(tree, file, _Frame, "" if start == b"[" else _WITHIN)


def _config(entries: Entries[_Frame]) -> _Config:
    found = entries.part("config", _Config)
    return found if isinstance(found, _Config) else _Config()


@dataclass(slots=True)
class _Census:
    """What a first look found.

    Attributes
    ----------
    entries
        File and position of each frame by the word for its split.
    boxed
        Classes of labels that have a box.
    outlined
        How many labels of each class have an outline alone.
    enclosed
        Classes of outlines that are no lines.
    listed
        Classes that a document lists.
    """

    entries: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    boxed: set[str] = field(default_factory=set)
    outlined: Counter[str] = field(default_factory=Counter)
    enclosed: set[str] = field(default_factory=set)
    listed: list[str] = field(default_factory=list)

    def count(self, label: _Label) -> None:
        """Count a label as one with a box, or with an outline alone."""
        if label.box2d is not None:
            self.boxed.add(label.name)
        elif label.poly2d is not None or label.rle is not None:
            self.outlined[label.name] += 1
            if not _is_open(label.poly2d):
                self.enclosed.add(label.name)


def _census(tree: Tree, files: Sequence[str], pairs: Pairs) -> _Census:
    census = _Census()
    for file in files:
        entries = _frames(tree, file)
        categories = _config(entries).categories or []
        census.listed += [each if isinstance(each, str) else each.name for each in categories]
        for position, frame in entries.each():
            path = None if isinstance(frame, str) else _found(tree, pairs, file, _name(frame, entries), frame)
            said = split_in(file, path) or word_in(file.rpartition("/")[2]) or ""
            census.entries.setdefault(said, []).append((file, position))
            for label in () if isinstance(frame, str) else frame.marks:
                census.count(label)
    census.boxed.discard("")
    return census


def _name(frame: _Frame, entries: Entries[_Frame]) -> str:
    """Return the picture that a frame names; where a file is one picture, the file names it."""
    return frame.name or entries.part("name", str) or frame.url or ""


def _found(tree: Tree, pairs: Pairs, file: str, name: str, frame: _Frame) -> str | None:
    for said in (f"{frame.video}/{name}" if frame.video else "", name, frame.url or ""):
        if said and (found := pairs.named(said, file)) is not None:
            return found
    return None


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    pairs: Pairs
    labels: Mapping[str, int]
    outlines: bool

    def pictures(self, places: Sequence[tuple[str, int]]) -> Iterator[Picture]:
        """Yield the pictures of frames."""
        for file, positions in by_file(places).items():
            entries = _frames(self.tree, file)
            size = _config(entries).sides
            for position, frame in entries.each():
                if position in positions:
                    here = Gathering(Where(file, f"frame {position}"), self.labels)
                    yield self._picture(here, frame, entries, size)

    def _picture(
        self, here: Gathering, frame: _Frame | str, entries: Entries[_Frame], size: _Sides | None
    ) -> Picture:
        if isinstance(frame, str):
            here.fault("unreadable-annotation", frame)
            return here.picture(here.where.at, None, (None, None))
        name = _name(frame, entries)
        if not name:
            here.fault("unreadable-annotation", "it names no picture")
        for number, label in enumerate(frame.marks, 1):
            at = f"label {number}"
            if (corners := self._corners(here, label, at)) is not None:
                here.box(corners, label.name, at, crowd=_is_crowd(label))
        path = _found(self.tree, self.pairs, here.where.file, name, frame)
        return here.picture(name, path, _sides(frame.size) or size or (None, None), self.tree)

    def _corners(self, here: Gathering, label: _Label, at: str) -> Corners | list[object] | None:
        """Return the box of a label, or what stands there instead; None where it has none."""
        if label.box2d is not None:
            box = label.box2d
            return [box.get(key) for key in _CORNERS] if isinstance(box, dict) else [box]
        if label.poly2d is None and label.rle is None:
            here.fault("mark-left-out", f"a label without a box ({one_line(label.name, 40)})", at)
            return None
        if not self.outlines:
            return None  # counted in a note: there can be a dozen in every picture
        if _is_open(label.poly2d):
            here.fault("mark-left-out", f"a line of {one_line(label.name, 40)}", at)
            return None
        corners = around_runs(label.rle) if label.poly2d is None else _around(label.poly2d)
        if corners is None:
            here.fault("unreadable-annotation", "its outline is no points", at)
        else:
            here.fault("mark-as-box", "an outline", at)
        return corners


def _is_open(outlines: object) -> bool:
    """Whether outlines are lines that enclose nothing, as lanes are."""
    some = outlines if isinstance(outlines, list) else []
    return bool(some) and all(isinstance(each, dict) and each.get("closed") is False for each in some)


def _around(outlines: object) -> Corners | None:
    """Return the box around outlines, each with its vertices; the earliest files have the points alone."""
    points: list[tuple[float, float]] = []
    for outline in outlines if isinstance(outlines, list) else ():
        vertices = outline.get("vertices") if isinstance(outline, dict) else [outline]
        for vertex in vertices if isinstance(vertices, list) else ():
            found = numbers(vertex[:2]) if isinstance(vertex, list) else None
            if found is None or len(found) != 2:
                return None
            points.append((found[0], found[1]))
    return around(points) if len(points) > 1 else None


def _is_crowd(label: _Label) -> bool:
    said = label.attributes if isinstance(label.attributes, dict) else {}
    return said.get("crowd") is True


def _sides(size: object) -> _Sides | None:
    if not isinstance(size, dict):
        return None
    width, height = pixels(size.get("width")), pixels(size.get("height"))
    return (width, height) if width is not None and height is not None else None
