"""YOLO: a text file a picture with boxes as shares of its sides; ultralytics, Roboflow, Darknet and plain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from skillbank.datasets.document import DataSet, Picture, Split, Where, labels_of
from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.gathering import same_names
from skillbank.datasets.formats.yolo_classes import (
    class_list_files,
    described,
    description_files,
)
from skillbank.datasets.formats.yolo_columns import KEY_POINTS, behind_boxes
from skillbank.datasets.formats.yolo_labels import Labels
from skillbank.datasets.formats.yolo_layout import Layout, holds_labels, label_files
from skillbank.datasets.formats.yolo_lists import agree, contradiction, inner_files, without_classes
from skillbank.datasets.texts import read_text
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, a_few
from skillbank.visible import one_line

__all__ = ["Yolo"]

_LOOKED_AT = 20


class Yolo:
    """The format of YOLO's trainers."""

    name = "yolo"
    title = "YOLO"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether a list of classes lies at the root, and labels anywhere."""
        descriptions = description_files(tree)[:1]
        files = [*descriptions, *class_list_files(tree)[:1]]
        held = holds_labels(tree)
        if held is not False and files and (held or _has_pairs(tree)):
            return Recognised(tuple(files), f"{files[0]} and text files of labels")
        if not held and descriptions and tree.pictures:
            return Recognised((), descriptions[0], _without_labels(tree, descriptions[0]))
        if held is False:
            return None
        if held and _has_pairs(tree):
            return Recognised((), "text files of labels", without_classes(tree))
        return None

    def read(self, tree: Tree) -> DataSet:
        """Read the classes and the layout now, and labels when they are asked for."""
        inner = inner_files(tree)
        if len({name.rpartition("/")[0] for name in inner}) > 1 and not agree(tree, inner):
            raise DataError(_several(tree, inner))
        found = described(tree)
        if found.classes is None:
            raise DataError(without_classes(tree))
        if told := contradiction(tree, found.classes):
            raise DataError(told)
        layout = Layout.of(tree, found)
        names = found.classes.names
        classes = tuple(dict.fromkeys(names[number] for number in sorted(names)))
        places = labels_of(classes)
        behind, note = (KEY_POINTS, "") if found.pose else behind_boxes(tree, label_files(tree))
        notes = [*found.notes, *layout.notes, *filter(None, [note])]
        notes += same_names(names.values(), found.classes.file)
        labels = Labels({number: places[name] for number, name in names.items()}, places, behind)
        splits = tuple(
            Split(
                split, layout.said[split], _Pictures(layout, labels, split).read, _annotations(layout, split)
            )
            for split in layout.places
        )
        return DataSet(self.name, classes, splits, tuple(notes), tuple(layout.faults))


@dataclass(frozen=True)
class _Pictures:
    """The pictures of a split."""

    layout: Layout
    labels: Labels
    split: str

    def read(self) -> Iterator[Picture]:
        """Yield the pictures in the order of their folder or list, then labels that have no picture."""
        layout = self.layout
        owners: dict[str, str] = {}
        for name, path in layout.pictures(self.split):
            if path is None:
                yield self._missing(name, "")
                continue
            picture = self._picture(name, path)
            owner = owners.setdefault(picture.where.file, path)
            if owner != path:
                shared = Fault("label-shared", picture.where.file, f"of {owner} and of {path}")
                picture = replace(picture, faults=(*picture.faults, shared))
            yield picture
        for label in layout.orphans.get(self.split, ()):
            yield self._missing(_pictured(label), label)

    def _picture(self, name: str, path: str) -> Picture:
        tree = self.layout.tree
        label = self.layout.label_of(path)
        size = tree.size(path)
        if label is None:
            width, height = size or (None, None)
            faults = (Fault("label-file-missing", path),)
            return Picture(name, path, width, height, (), where=Where(path), faults=faults)
        if size is None:
            lost = Fault("picture-broken", path, tree.trouble(path))
            return Picture(name, path, None, None, (), where=Where(label), faults=(lost,))
        text = read_text(tree.path(label))
        kept: list[Fault] = []
        boxes = tuple(self.labels.boxes(text, label, size, kept.append))
        return Picture(name, path, size[0], size[1], boxes, where=Where(label), faults=tuple(kept))

    @staticmethod
    def _missing(name: str, label: str) -> Picture:
        return Picture(name, None, None, None, (), where=Where(label or name))


def _pictured(label: str) -> str:
    """Return where the picture of a label file would lie, without its ending."""
    parts = label.rpartition(".")[0].split("/")
    at = max((at for at, part in enumerate(parts[:-1]) if part.lower() == "labels"), default=None)
    return "/".join(parts if at is None else [*parts[:at], "images", *parts[at + 1 :]])


def _has_pairs(tree: Tree) -> bool:
    """Whether one of the first pictures has a label file."""
    layout = Layout(tree)
    return any(layout.label_of(name) is not None for name in tree.pictures[:_LOOKED_AT])


def _without_labels(tree: Tree, description: str) -> str:
    first = next(iter(label_files(tree)), None)
    found = (
        "no text file of labels lies with its pictures: bring them"
        if first is None
        else f"{one_line(first, 100)} has no line of a number of a class and shares of the picture, with "
        "points and not commas in the numbers: correct it"
    )
    return (
        f"{tree.path(description)} describes a YOLO data set, and {found}; where the pictures alone are "
        "meant, name their folder"
    )


def _several(tree: Tree, inner: list[str]) -> str:
    shown = a_few([one_line(name, 100) for name in inner], 4)
    return f"{tree.root} holds several YOLO data sets ({shown}); name the folder of one of them"


def _annotations(layout: Layout, split: str) -> tuple[str, ...]:
    """Return the lists that a split is read from; label files are too many to be named."""
    return tuple(place for place in layout.places[split] if place in layout.tree.files)
