"""COCO: one JSON document a split, with images, annotations and categories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import msgspec

from skillbank.datasets.document import Box, DataSet, Drawn, Mask, Picture, Split, Where, labels_of
from skillbank.datasets.formats.annotation_files import annotation_files, chosen, picture_folders
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.coco_columns import Columns, read_columns
from skillbank.datasets.formats.json_kinds import JsonKind
from skillbank.datasets.texts import read_utf8
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.datasets import areas  # with numpy, which boxes need not

__all__ = ["Coco"]

_SPLIT_STEMS = ("train", "val", "valid", "test", "default")
_YEARS = ("", "2014", "2017")
_USUAL = (
    "annotations",
    "_annotations.coco",
    "labels",
    "result",
    "coco",
    *(f"instances_{split}{year}" for split in _SPLIT_STEMS for year in _YEARS),
)
"""Of several files of a split the one with such a name is read: person_keypoints_val2017 stands beside it."""


class Coco:
    """The format of COCO and of most tools' exports."""

    name = "coco"
    title = "COCO"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether a file near the root is a COCO document."""
        files = annotation_files(tree, (JsonKind.COCO,))
        return Recognised(tuple(files), f"{files[0]} is a COCO document") if files else None

    def read(self, tree: Tree) -> DataSet:
        """Read the documents into columns; pictures are made of them when they are asked for."""
        picked = chosen(tree, annotation_files(tree, (JsonKind.COCO,)), _USUAL)
        notes = list(picked.notes)
        sources = []
        for split, file in picked.files.items():
            columns = read_columns(read_utf8(tree.path(file)), file)
            sources.append((split, _Source(tree, file, split, columns)))
        every = tuple(
            dict.fromkeys(name for _, source in sources for name in source.columns.categories.names)
        )
        dropped = _unused(source for _, source in sources)
        if dropped:
            said = ", ".join(f"'{one_line(name)}'" for name in dropped)
            notes.append(f"the category {said} only groups the others and no box bears it: it is left out")
        for _, source in sources:
            notes += source.notes()
        classes = tuple(name for name in every if name not in dropped)
        splits = tuple(
            Split(split, split, replace(source, classes=classes).pictures, (source.file,))
            for split, source in sources
        )
        faults = tuple(fault for _, source in sources for fault in source.columns.loose)
        return DataSet(self.name, classes, splits, tuple(dict.fromkeys(notes)), faults)


class Outlines:
    """The ``segmentation`` of annotations, read once where somebody asks for it."""

    def __init__(self) -> None:
        self._kept: list[msgspec.Raw] | None = None

    def of(self, file: Path, places: Sequence[int]) -> list[object]:
        """Return those of some annotations, by their places in the file's list."""
        if self._kept is None:
            self._kept = msgspec.json.decode(read_utf8(file), type=_Document).annotations
        return [msgspec.json.decode(self._kept[place], type=_Outlined).segmentation for place in places]


class _Document(msgspec.Struct):
    annotations: list[msgspec.Raw] = []


class _Outlined(msgspec.Struct):
    segmentation: object = None


@dataclass(frozen=True)
class _Source:
    """One document."""

    tree: Tree
    file: str
    split: str
    columns: Columns
    classes: tuple[str, ...] = ()
    outlines: Outlines = field(default_factory=Outlines, compare=False)

    def notes(self) -> Iterator[str]:
        """Yield what is to be said of the document as a whole."""
        for name in self.columns.categories.merged:
            said = f"{one_line(self.file)} has the category '{one_line(name)}'"
            yield f"{said} under several ids, which are taken as one"

    @property
    def used(self) -> set[str]:
        """Names of the categories that boxes bear."""
        names = self.columns.categories.names
        return {names[label] for label in set(self.columns.labels)}

    def pictures(self) -> Iterator[Picture]:
        """Yield the pictures in the order of the file."""
        columns, tree = self.columns, self.tree
        places = labels_of(self.classes)
        new = [places.get(name, -1) for name in columns.categories.names]
        folders = picture_folders(tree, self.split, self.file)
        for index, name in enumerate(columns.names):
            path = tree.find(name, beside=self.file, folders=folders)
            width: int | None = columns.widths[index]
            height: int | None = columns.heights[index]
            if not width or not height:
                width, height = (tree.size(path) if path is not None else None) or (None, None)
            at = f"images[{index}]"
            yield Picture(
                name or at,
                path,
                width,
                height,
                tuple(self._boxes(index, new)),
                where=Where(self.file, at),
                faults=tuple(columns.faults.get(index, ())),
                mask=Mask(self.file, partial(self._drawn, index, width, height, tuple(new))),
            )

    def _drawn(self, index: int, width: int | None, height: int | None, new: tuple[int, ...]) -> Drawn:
        """Draw the outlines of a picture; an object without one is counted."""
        columns = self.columns
        if not width or not height:
            raise DataError(f"{self.file} images[{index}] has no size, so its outlines cannot be drawn")
        span = range(columns.starts[index], columns.starts[index + 1])
        outlines = self.outlines.of(self.tree.path(self.file), [columns.places[at] for at in span])
        labels = [new[columns.labels[at]] for at in span]

        return areas.draw_outlines((width, height), zip(labels, outlines, strict=True))

    def _boxes(self, index: int, new: list[int]) -> Iterator[Box]:
        columns = self.columns
        for at in range(columns.starts[index], columns.starts[index + 1]):
            x1, y1, x2, y2 = columns.corners[4 * at : 4 * at + 4]
            crowd = bool(columns.crowds[at])
            yield Box(
                x1, y1, x2, y2, new[columns.labels[at]], "", crowd, f"annotations[{columns.places[at]}]"
            )


def _unused(sources: Iterator[_Source]) -> tuple[str, ...]:
    """Return the names that only group others, in all documents, and that no box of any bears."""
    parents: dict[str, None] = {}
    used: set[str] = set()
    for source in sources:
        parents.update(dict.fromkeys(sorted(source.columns.categories.parents)))
        used |= source.used
    return tuple(name for name in parents if name not in used)
