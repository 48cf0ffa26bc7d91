"""Datumaro: a JSON document a split in ``annotations``, the pictures in ``images``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec

from skillbank.datasets.document import DataSet, Picture, Where, labels_of, split_of
from skillbank.datasets.document import split_in as word_in
from skillbank.datasets.formats.base import Recognised, files_of
from skillbank.datasets.formats.coordinates import Corners, around, numbers, pixels
from skillbank.datasets.formats.files import head
from skillbank.datasets.formats.gathering import Gathering, divided, outside, split_in
from skillbank.datasets.formats.json_entries import Entries, entries_of
from skillbank.datasets.formats.numbers import whole
from skillbank.datasets.formats.pairing import Pairs
from skillbank.datasets.formats.run_lengths import around_runs
from skillbank.datasets.tree import Tree
from skillbank.errors import a_few
from skillbank.visible import one_line

__all__ = ["Datumaro"]

_LOOKED_INTO = 200
_HEAD = 1 << 16
_CATEGORIES = re.compile(rb'"categories"\s*:\s*\{')
_OWN = re.compile(rb'"dm_format_version"\s*:|"label_groups"\s*:|"items"\s*:\s*\[|"labels"\s*:\s*\[')
_ITEMS = "items"
_OUTLINES = ("polygon", "ellipse", "cuboid_2d")
_FOLDERS = ("images/{subset}", "images")


class _Mark(msgspec.Struct):
    type: object = None
    label_id: object = None
    bbox: object = None
    points: object = None
    rle: object = None
    attributes: object = None


class _Media(msgspec.Struct):
    path: str | None = None
    size: object = None


class _Item(msgspec.Struct):
    id: object = None
    annotations: list[_Mark] | None = None
    image: _Media | None = None
    media: _Media | None = None
    video_frame: object = None
    video: object = None
    point_cloud: object = None


class _Label(msgspec.Struct):
    name: str


class _Labels(msgspec.Struct):
    labels: list[_Label] = []


class _Categories(msgspec.Struct):
    label: _Labels = msgspec.field(default_factory=_Labels)


class Datumaro:
    """The format."""

    name = "datumaro"
    title = "Datumaro"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether JSON documents with categories of Datumaro lie outside of the split folders."""
        looked = islice(outside(tree, ".json"), _LOOKED_INTO)
        files = tuple(name for name in looked if _is_datumaro(head(tree.path(name), _HEAD)))
        return Recognised(files, f"{a_few(files, 3)} with items of Datumaro") if files else None

    def read(self, tree: Tree) -> DataSet:
        """Read the categories now, and the items when pictures are asked for."""
        found = self.recognise(tree)
        files = files_of(found)
        listed = {file: _labels(entries_of(tree, file, _Item, _ITEMS)) for file in files}
        classes = tuple(dict.fromkeys(name for names in listed.values() for name in names if name))
        pairs = Pairs(tree)
        reader = _Reader(tree, pairs, labels_of(classes), listed)
        entries: dict[str, list[str]] = {}
        for file in files:
            subset = file.rpartition("/")[2].rpartition(".")[0]
            said = subset if split_of(subset) is not None else split_in(file) or word_in(subset) or ""
            entries.setdefault(said, []).append(file)
        splits, notes = divided(entries, reader.pictures, lambda some: some)
        return DataSet(self.name, classes, splits, tuple(notes))


def _is_datumaro(start: bytes) -> bool:
    if start.lstrip()[:1] != b"{":
        return False
    return _CATEGORIES.search(start) is not None and _OWN.search(start) is not None


def _labels(entries: Entries[_Item]) -> tuple[str, ...]:
    found = entries.part("categories", _Categories)
    return tuple(each.name.strip() for each in found.label.labels) if found is not None else ()


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    pairs: Pairs
    labels: Mapping[str, int]
    listed: Mapping[str, tuple[str, ...]]

    def pictures(self, files: Sequence[str]) -> Iterator[Picture]:
        """Yield the pictures of documents."""
        for file in files:
            for position, item in entries_of(self.tree, file, _Item, _ITEMS).each():
                yield self._picture(file, position, item)

    def _picture(self, file: str, position: int, item: _Item | str) -> Picture:
        here = Gathering(Where(file, f"item {position}"), self.labels)
        if isinstance(item, str):
            here.fault("unreadable-annotation", item)
            return here.picture(f"item {position}", None, (None, None))
        media = item.image or item.media or _Media()
        name = media.path or (item.id if isinstance(item.id, str) else "")
        if why := _no_picture(item, name):
            here.fault("unreadable-annotation", why)
        names = self.listed[file]
        for number, mark in enumerate(item.annotations or (), 1):
            at = f"annotation {number}"
            if (corners := _corners(here, mark, at)) is not None:
                here.box(corners, _class(mark, names), at, crowd=_is_crowd(mark))
        return here.picture(name, self._found(file, name, item.id), _sides(media), self.tree)

    def _found(self, file: str, name: str, identity: object) -> str | None:
        """Return the picture of an item: in the folder of its split, by its path, else by its identity."""
        above, _, last = file.rpartition("/")
        root = above.rpartition("/")[0]
        subset = last.rpartition(".")[0]
        homes = [each.format(subset=subset) for each in _FOLDERS]
        folders = [f"{root}/{each}" if root else each for each in homes]
        for said in (name, identity if isinstance(identity, str) else ""):
            if not said:
                continue
            found = self.tree.find(said, beside=file, folders=folders) or self.pairs.named(said, file)
            if found is not None:
                return found
        return None


def _class(mark: _Mark, names: Sequence[str]) -> str | None:
    """Return the class of a mark; the number itself where the list lacks it, None where there is none."""
    number = whole(mark.label_id)
    if number is None:
        return None
    return names[number] if 0 <= number < len(names) else f"number {number}"


def _is_crowd(mark: _Mark) -> bool:
    said = mark.attributes if isinstance(mark.attributes, dict) else {}
    return said.get("is_crowd") in (True, 1)


def _corners(here: Gathering, mark: _Mark, at: str) -> Corners | list[object] | None:
    """Return the box around a mark, or what stands there instead; None where there can be none."""
    kind = mark.type if isinstance(mark.type, str) else "nothing"
    if kind == "bbox":
        found = numbers(mark.bbox) if isinstance(mark.bbox, list) else None
        if found is None or len(found) != 4:
            return list(mark.bbox) if isinstance(mark.bbox, list) else [mark.bbox]
        x, y, width, height = found
        return x, y, x + width, y + height
    if kind == "mask":
        corners = around_runs(mark.rle)
    elif kind in _OUTLINES:
        corners = _around_points(mark.points)
    else:
        here.fault("mark-left-out", f"a {one_line(kind, 30)}", at)
        return None
    if corners is None:
        here.fault("unreadable-annotation", f"its place is none of a {kind}", at)
    else:
        here.fault("mark-as-box", f"a {kind}", at)
    return corners


def _around_points(points: object) -> Corners | None:
    """Return the box around points, whose numbers stand in one list or in pairs."""
    flat = points if isinstance(points, list) else []
    if flat and all(isinstance(each, list) for each in flat):
        flat = [number for pair in flat for number in pair]
    found = numbers(flat)
    if not found or len(found) % 2 or len(found) < 4:
        return None
    return around(list(zip(found[::2], found[1::2], strict=True)))


def _no_picture(item: _Item, name: str) -> str:
    """Say why an item is no picture; empty where it is one."""
    if item.video_frame is not None or item.video is not None or item.point_cloud is not None:
        return "it is a part of a video or a cloud of points, and no picture"
    return "" if name else "it names no picture"


def _sides(media: _Media) -> tuple[int | None, int | None]:
    """Return width and height, as far as they are said."""
    size = numbers(media.size) if isinstance(media.size, list) else None
    return (pixels(size[1]), pixels(size[0])) if size is not None and len(size) == 2 else (None, None)
