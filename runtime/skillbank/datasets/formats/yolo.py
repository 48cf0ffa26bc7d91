"""YOLO: a text file a picture with boxes as shares of its sides; ultralytics, Roboflow, Darknet and plain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skillbank.datasets.document import DataSet, Picture, Split, Where
from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.yolo_classes import class_list_files, described, description_files
from skillbank.datasets.formats.yolo_labels import Labels
from skillbank.datasets.formats.yolo_layout import Layout, holds_labels
from skillbank.datasets.formats.yolo_lists import contradiction, without_classes
from skillbank.datasets.texts import read_text
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError

__all__ = ["Yolo"]

_LOOKED_AT = 20


class Yolo:
    """The format of YOLO's trainers."""

    name = "yolo"
    title = "YOLO"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether a list of classes describes the whole, and labels lie anywhere."""
        held = holds_labels(tree)
        if held is False:
            return None
        files = [*description_files(tree)[:1], *class_list_files(tree)[:1]]
        if files and (held or _has_pairs(tree)):
            return Recognised(tuple(files), f"{files[0]} and text files of labels")
        if held and _has_pairs(tree):
            return Recognised((), "text files of labels", without_classes(tree))
        return None

    def read(self, tree: Tree) -> DataSet:
        """Read the classes and the layout now, and labels when they are asked for."""
        found = described(tree)
        if found.classes is None or not found.classes.names:
            raise DataError(without_classes(tree))
        if told := contradiction(tree, found.classes):
            raise DataError(told)
        layout = Layout.of(tree, found)
        names = found.classes.names
        classes = tuple(dict.fromkeys(names[number] for number in sorted(names)))
        places = {name: place for place, name in enumerate(classes)}
        labels = Labels({number: places[name] for number, name in names.items()}, places, found.pose)
        splits = tuple(
            Split(
                split, layout.said[split], _Pictures(layout, labels, split).read, _annotations(layout, split)
            )
            for split in layout.places
        )
        return DataSet(self.name, classes, splits, (*found.notes, *layout.notes), tuple(layout.faults))


@dataclass(frozen=True)
class _Pictures:
    """The pictures of a split."""

    layout: Layout
    labels: Labels
    split: str

    def read(self) -> Iterator[Picture]:
        """Yield the pictures in the order of their folder or list, then labels that have no picture."""
        layout = self.layout
        for name, path in layout.pictures(self.split):
            yield self._missing(name, "") if path is None else self._picture(name, path)
        for label in layout.orphans.get(self.split, ()):
            yield self._missing(label.rpartition(".")[0], label)

    def _picture(self, name: str, path: str) -> Picture:
        tree = self.layout.tree
        label = self.layout.label_of(path)
        size = tree.size(path)
        if label is None:
            width, height = size or (None, None)
            faults = (Fault("label-file-missing", path),)
            return Picture(name, path, width, height, (), where=Where(path), faults=faults)
        if size is None:
            return Picture(name, path, None, None, (), where=Where(label))
        text = read_text(tree.path(label))
        kept: list[Fault] = []
        boxes = tuple(self.labels.boxes(text, label, size, kept.append))
        return Picture(name, path, size[0], size[1], boxes, where=Where(label), faults=tuple(kept))

    @staticmethod
    def _missing(name: str, label: str) -> Picture:
        return Picture(name, None, None, None, (), where=Where(label or name))


def _has_pairs(tree: Tree) -> bool:
    """Whether one of the first pictures has a label file."""
    layout = Layout(tree)
    return any(layout.label_of(name) is not None for name in tree.pictures[:_LOOKED_AT])


def _annotations(layout: Layout, split: str) -> tuple[str, ...]:
    """Return the lists that a split is read from; label files are too many to be named."""
    return tuple(place for place in layout.places[split] if place in layout.tree.files)
