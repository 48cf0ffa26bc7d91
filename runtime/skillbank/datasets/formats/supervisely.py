"""Supervisely: a JSON file a picture in folders ``ann``, beside ``img``, and a project's ``meta.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from skillbank.datasets.document import DataSet, Picture, Where, labels_of, split_of
from skillbank.datasets.document import split_in as word_in
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.coordinates import pixels
from skillbank.datasets.formats.files import UnreadableError, content, head, json_as
from skillbank.datasets.formats.gathering import Gathering, classes_of, divided, outside, split_in, unlisted
from skillbank.datasets.formats.pairing import Pairs, stem
from skillbank.datasets.formats.supervisely_shapes import Mark, corners_of
from skillbank.datasets.tree import Tree

__all__ = ["Supervisely"]

_LOOKED_INTO = 25
_HOME = "ann"
_META = "meta.json"


class _Tag(msgspec.Struct):
    name: object = None


class _Document(msgspec.Struct):
    """What is read of a file."""

    objects: list[Mark]
    size: dict[str, object] = {}
    name: str | None = None
    tags: list[_Tag | str] = []


class _Class(msgspec.Struct):
    title: str


class _Meta(msgspec.Struct):
    classes: list[_Class]


class Supervisely:
    """The format."""

    name = "supervisely"
    title = "Supervisely"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether files with objects and a size lie in folders ``ann``.

        Data sets of a project that are called as splits are part of it where ``meta.json`` lies at the root.
        """
        files = _files(tree)
        some = islice(files, _LOOKED_INTO)
        if not any(_is_annotation(tree, name) for name in some):
            return None
        listed = [name for name in tree.ending(_META) if name.rpartition("/")[2] == _META]
        return Recognised((*files, *listed), f"{len(files):,} JSON files in folders '{_HOME}'")

    def read(self, tree: Tree) -> DataSet:
        """Read the files once for their classes, and again when pictures are asked for."""
        files = _files(tree)
        pairs = Pairs(tree)
        census = _census(tree, files)
        classes = classes_of(census.names, listed := _listed(tree))
        entries: dict[str, list[str]] = {}
        for file, said in census.splits.items():
            entries.setdefault(said, []).append(file)
        reader = _Reader(tree, pairs, labels_of(classes))
        splits, notes = divided(entries, reader.pictures, lambda some: some)
        return DataSet(self.name, classes, splits, (*unlisted(census.names, listed), *notes))


def _files(tree: Tree) -> list[str]:
    names = tree.ending(".json") if _META in tree.files else outside(tree, ".json")
    return [name for name in names if name.rpartition("/")[0].rpartition("/")[2] == _HOME]


def _is_annotation(tree: Tree, name: str) -> bool:
    start = head(tree.path(name))
    if b'"classTitle"' in start:
        return True
    return b'"objects"' in start and (b'"size"' in start or b'"tags"' in start)


def _listed(tree: Tree) -> list[str]:
    """Return the classes of the project, in its order."""
    if _META not in tree.files:
        return []
    try:
        meta = json_as(content(tree.path(_META)), _Meta)
    except UnreadableError:
        return []
    return [each.title.strip() for each in meta.classes]


@dataclass(slots=True)
class _Census:
    """What a first look found: the word for the split of each file, and the classes."""

    splits: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


def _census(tree: Tree, files: Sequence[str]) -> _Census:
    census = _Census()
    for file in files:
        try:
            document = json_as(content(tree.path(file)), _Document)
        except UnreadableError:  # what is wrong is said with the picture
            census.splits[file] = _in_a_split(file)
            continue
        tagged = {said for tag in document.tags if (said := _tagged(tag))}
        folder = _in_a_split(file)
        census.splits[file] = folder or (tagged.pop() if len(tagged) == 1 else "")
        census.names.update(name for mark in document.objects if (name := mark.name))
    return census


def _in_a_split(file: str) -> str:
    """Return the folder that is called as a split, else the split that a folder's name holds as a word."""
    words = (word_in(part) or "" for part in file.split("/")[:-1])
    return split_in(file) or next((word for word in words if word), "")


def _tagged(tag: _Tag | str) -> str:
    """Return a tag that names a split, as the tools that divide a project give it to pictures."""
    name = tag if isinstance(tag, str) else tag.name
    return name if isinstance(name, str) and split_of(name) is not None else ""


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
        path, _ = self.pairs.of(file)
        try:
            document = json_as(content(self.tree.path(file)), _Document)
        except UnreadableError as error:
            here.fault("unreadable-annotation", f"it {error}")
            return here.picture(path or stem(file), path, (None, None), self.tree)
        for position, mark in enumerate(document.objects, 1):
            at = f"object {position}"
            if (corners := corners_of(here, mark, at)) is not None:
                here.box(corners, mark.name, at)
        size = pixels(document.size.get("width")), pixels(document.size.get("height"))
        return here.picture(document.name or path or stem(file), path, size, self.tree)
