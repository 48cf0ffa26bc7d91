"""LabelMe: one JSON file a picture, beside it, as labelme and the tools that follow it write them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from skillbank.datasets.document import DataSet, Picture, Where, labels_of
from skillbank.datasets.formats.base import Recognised, files_of
from skillbank.datasets.formats.census import take_census
from skillbank.datasets.formats.coordinates import Corners, around, numbers, pixels
from skillbank.datasets.formats.files import UnreadableError, content, head, json_as, text_of
from skillbank.datasets.formats.gathering import (
    Gathering,
    classes_of,
    divided,
    examples,
    outside,
    split_in,
    unlisted,
)
from skillbank.datasets.formats.pairing import Pairs, stem
from skillbank.datasets.tree import Tree

__all__ = ["Labelme"]

_LOOKED_INTO = 25
_BOXES = ("rectangle",)
_NO_BOXES = ("point", "points", "line", "linestrip")
"""Shapes that enclose nothing."""
_NO_CLASSES = ("__ignore__", "_background_")
"""What labelme's own list of classes begins with."""


class _Shape(msgspec.Struct):
    label: object = None
    points: object = None
    shape_type: str | None = None
    group_id: object = None


class _Document(msgspec.Struct):
    """What is read of a file; the picture inside of it is passed by without being decoded."""

    shapes: list[_Shape]
    imagePath: str | None = None  # noqa: N815
    imageWidth: object = None  # noqa: N815
    imageHeight: object = None  # noqa: N815
    imageData: msgspec.Raw = msgspec.Raw(b"null")  # noqa: N815


class _Sniffed(msgspec.Struct):
    shapes: msgspec.Raw
    imagePath: str | None = None  # noqa: N815


class Labelme:
    """The format."""

    name = "labelme"
    title = "LabelMe"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether JSON files with shapes and the path of a picture lie outside of the split folders."""
        files = list(outside(tree, ".json"))
        some = [name for name in files[:_LOOKED_INTO] if _is_labelme(tree, name)]
        if not some:
            return None
        # A broken file beside a picture is one of them; what stands alone and has no shapes is not.
        pictures = {stem(name) for name in tree.pictures}
        alone = {name for name in files if stem(name) not in pictures and stem(stem(name)) not in pictures}
        others = {name for name in alone.difference(some) if not _is_labelme(tree, name)}
        mine = tuple(name for name in files if name not in others)
        return Recognised(mine, f"{len(mine):,} JSON files with shapes")

    def read(self, tree: Tree) -> DataSet:
        """Read the files once for their classes, and again when pictures are asked for."""
        found = self.recognise(tree)
        pairs = Pairs(tree)
        census = take_census(
            files_of(found),
            pairs,
            partial(_look, tree),
            lambda file: not _is_labelme(tree, file),
        )
        classes = classes_of(census.names, listed := _listed(tree))
        entries: dict[str, list[str]] = {}
        for file, path in census.pictures.items():
            entries.setdefault(split_in(file, path), []).append(file)
        reader = _Reader(tree, pairs, labels_of(classes))
        splits, notes = divided(entries, reader.pictures, lambda some: some)
        if census.foreign:
            notes.append(f"JSON files of another kind are not read ({examples(census.foreign)})")
        return DataSet(self.name, classes, splits, (*unlisted(census.names, listed), *notes))


def _is_labelme(tree: Tree, name: str) -> bool:
    start = head(tree.path(name))
    if b'"shapes"' in start and start.lstrip()[:1] == b"{":
        return True
    if b'"imageData"' not in start and b'"imagePath"' not in start:
        return False
    try:  # keys can stand in any order, the picture before the shapes
        json_as(content(tree.path(name)), _Sniffed)
    except UnreadableError:
        return False
    return True


def _look(tree: Tree, file: str) -> tuple[Sequence[str], Iterable[str]]:
    document = json_as(content(tree.path(file)), _Document)
    enclosing = (each for each in document.shapes if each.shape_type not in _NO_BOXES)
    return [document.imagePath or ""], map(_name, enclosing)


def _listed(tree: Tree) -> list[str]:
    """Return the classes of labelme's ``labels.txt``, in its order."""
    if "labels.txt" not in tree.files:
        return []
    try:
        text = text_of(tree.path("labels.txt"))
    except UnreadableError:
        return []
    return [name for line in text.splitlines() if (name := line.strip()) and name not in _NO_CLASSES]


def _name(shape: _Shape) -> str:
    if isinstance(shape.label, bool) or not isinstance(shape.label, str | int):
        return ""
    return str(shape.label).strip()


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    pairs: Pairs
    labels: Mapping[str, int]

    def pictures(self, files: Sequence[str]) -> Iterator[Picture]:
        """Yield the pictures of files."""
        for file in files:
            yield self._picture(file)

    def _picture(self, file: str) -> Picture:
        here = Gathering(Where(file), self.labels)
        try:
            document = json_as(content(self.tree.path(file)), _Document)
        except UnreadableError as error:
            here.fault("unreadable-annotation", f"it {error}")
            path, _ = self.pairs.of(file)
            return here.picture(path or stem(file), path, (None, None), self.tree)
        said = document.imagePath or ""
        path, other = self.pairs.of(file, said)
        if other is not None:
            here.fault("names-another", f"it names {other}, and {path} has its name")
        if path is None and len(bytes(document.imageData)) > len(b"null"):
            here.fault("picture-inside", "there is no such file, and its imageData holds it")
        for at, corners, name in _marks(here, document.shapes):
            here.box(corners, name, at)
        size = pixels(document.imageWidth), pixels(document.imageHeight)
        return here.picture(said or path or stem(file), path, size, self.tree)


def _marks(here: Gathering, shapes: Sequence[_Shape]) -> Iterator[tuple[str, Corners, str]]:
    """Yield place, corners and class of what is marked; shapes of one group are one object."""
    groups: dict[tuple[str, str], tuple[str, Corners]] = {}
    for position, shape in enumerate(shapes, 1):
        at, name = f"shape {position}", _name(shape)
        if (corners := _corners(here, shape, at)) is None:
            continue
        if shape.group_id is None:
            yield at, corners, name
            continue
        key = (name, str(shape.group_id))
        if key in groups:
            here.fault("parts-joined", f"group {key[1]} of {name}", at)
            first, known = groups[key]
            groups[key] = first, around([known[:2], known[2:], corners[:2], corners[2:]])
        else:
            groups[key] = at, corners
    for (name, _), (at, corners) in groups.items():
        yield at, corners, name


def _corners(here: Gathering, shape: _Shape, at: str) -> Corners | None:
    """Return the box around a shape; where there is none the reason is kept."""
    kind = shape.shape_type or "polygon"
    if kind in _NO_BOXES:
        here.fault("mark-left-out", f"a {kind}", at)
        return None
    points = _points(shape.points)
    if points is None or len(points) < 2:
        here.fault("unreadable-annotation", f"its points are no two or more pairs of numbers ({kind})", at)
        return None
    if kind in _BOXES:
        return around(points)  # drawn from any corner to the opposite one
    here.fault("mark-as-box", f"a {kind}", at)
    if kind == "circle":
        (cx, cy), (x, y) = points[:2]
        radius = math.hypot(x - cx, y - cy)
        return cx - radius, cy - radius, cx + radius, cy + radius
    return around(points)


def _points(points: object) -> list[tuple[float, float]] | None:
    if not isinstance(points, list):
        return None
    found = []
    for point in points:
        pair = numbers(point[:2]) if isinstance(point, list) else None
        if pair is None or len(pair) != 2:
            return None
        found.append((pair[0], pair[1]))
    return found
