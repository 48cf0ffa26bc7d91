"""ODVG: one JSON document a line, boxes with a class or phrases of a caption, and a label map beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from skillbank.datasets.document import Box, DataSet, Picture, Split, Where
from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.annotation_files import annotation_files, chosen, picture_folders
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.json_kinds import JsonKind, json_kind
from skillbank.datasets.formats.label_maps import LabelMap, plain, read_label_map
from skillbank.datasets.formats.numbers import Four, four, side, whole
from skillbank.datasets.texts import encoding_of, lines_of, read_text
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError
from skillbank.visible import one_line

__all__ = ["Odvg"]

_KINDS = (JsonKind.ODVG, JsonKind.ODVG_LOOSE)
_USUAL = ("annotations_odvg", "annotations", "train_odvg", "odvg")
_NAMES = ("file_name", "filename", "image", "image_path", "img_path")


class Odvg:
    """The format of grounding models' training data."""

    name = "odvg"
    title = "ODVG"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether a file near the root holds ODVG."""
        files = annotation_files(tree, _KINDS)
        return Recognised(tuple(files), f"{files[0]} has lines of ODVG") if files else None

    def read(self, tree: Tree) -> DataSet:
        """Read label maps now and lines when they are asked for."""
        picked = chosen(tree, annotation_files(tree, _KINDS), _USUAL)
        maps = annotation_files(tree, (JsonKind.CLASSES,))
        notes = list(picked.notes)
        sources = []
        for split, file in picked.files.items():
            encoding = encoding_of(tree.path(file))
            labels = read_label_map(tree, maps, file)
            if labels is None:
                labels = _gathered(tree, file, encoding)
                if labels.names:
                    notes.append(
                        f"{one_line(file)} has no label map; its classes are the categories of its boxes"
                    )
            sources.append((split, file, encoding, labels))
        classes = tuple(dict.fromkeys(name for *_, labels in sources for name in labels.classes))
        splits = tuple(
            Split(split, split, _Lines(tree, file, encoding, labels, classes, split).pictures, (file,))
            for split, file, encoding, labels in sources
        )
        return DataSet(self.name, classes, splits, tuple(notes))


@dataclass(frozen=True)
class _Lines:
    """One file of ODVG."""

    tree: Tree
    file: str
    encoding: str
    labels: LabelMap
    classes: tuple[str, ...]
    split: str

    def pictures(self) -> Iterator[Picture]:
        """Yield a picture a line, from the first."""
        folders = picture_folders(self.tree, self.split, self.file)
        new = [self.classes.index(name) for name in self.labels.classes]
        for at, document in _documents(self.tree, self.file, self.encoding):
            yield _Entry(self, at, new).picture(document, folders)


class _Entry:
    """Makes a picture of a line's document; what cannot be read becomes a fault."""

    def __init__(self, lines: _Lines, at: str, new: list[int]) -> None:
        self._lines = lines
        self._at = at
        self._new = new
        self._faults: list[Fault] = []

    def picture(self, document: object, folders: tuple[str, ...]) -> Picture:
        tree, file = self._lines.tree, self._lines.file
        where = Where(file, self._at)
        name = _name_of(document)
        if name is None or not isinstance(document, dict):
            self._fault("unreadable-annotation", _unnamed(document))
            return Picture(self._at, None, None, None, (), where=where, faults=tuple(self._faults))
        path = tree.find(name, beside=file, folders=folders)
        width, height = side(document.get("width")), side(document.get("height"))
        if not width or not height:
            width, height = (tree.size(path) if path is not None else None) or (None, None)
        boxes, caption = self._boxes(document)
        return Picture(name, path, width, height, tuple(boxes), caption, where, tuple(self._faults))

    def _boxes(self, document: dict[str, object]) -> tuple[list[Box], str]:
        detection, grounding = document.get("detection"), document.get("grounding")
        if isinstance(detection, dict) and isinstance(instances := detection.get("instances"), list):
            if grounding is not None:
                self._fault("mended", "it has detection and grounding, and only detection is read")
            return list(self._instances(instances)), ""
        if isinstance(grounding, dict) and isinstance(regions := grounding.get("regions"), list):
            caption = grounding.get("caption")
            return list(self._regions(regions)), caption if isinstance(caption, str) else ""
        if detection is None and grounding is None:
            self._fault("unreadable-annotation", "it has neither detection nor grounding")
        else:
            self._fault("unreadable-annotation", "it has no list of instances or regions")
        return [], ""

    def _instances(self, instances: list[object]) -> Iterator[Box]:
        for place, instance in enumerate(instances):
            at = f"{self._at} box {place}"
            if not isinstance(instance, dict) or (corners := four(instance.get("bbox"))) is None:
                self._fault("unreadable-annotation", "its bbox is not four numbers", at)
            elif (label := self._label(instance, at)) is not None:
                yield Box(*corners, self._new[label], self._other_name(instance, label), at=at)

    def _label(self, instance: dict[str, object], at: str) -> int | None:
        labels = self._lines.labels
        said, category = instance.get("label"), instance.get("category")
        named = labels.by_name.get(plain(category)) if isinstance(category, str) else None
        label = labels.index.get(number) if (number := whole(said)) is not None else None
        if label is None and number is None:
            label = (
                labels.by_name.get(plain(said)) if isinstance(said, str) else named if said is None else None
            )
        if label is None:
            about = f" (its category is '{one_line(category)}')" if isinstance(category, str) else ""
            self._fault("unknown-class", f"the label map has no {one_line(repr(said))}{about}", at)
        return label

    def _other_name(self, instance: dict[str, object], label: int) -> str:
        """Return what an object is called beside its label, where that is another class; a check compares."""
        category = instance.get("category")
        if not isinstance(category, str) or not category.strip():
            return ""
        return "" if self._lines.labels.by_name.get(plain(category)) == label else category

    def _regions(self, regions: list[object]) -> Iterator[Box]:
        for place, region in enumerate(regions):
            at = f"{self._at} box {place}"
            phrase = region.get("phrase") if isinstance(region, dict) else None
            if not isinstance(region, dict) or not isinstance(phrase, str) or not phrase.strip():
                self._fault("unreadable-annotation", "it has no phrase", at)
                continue
            for box in _several(region.get("bbox")):
                corners: Four | None = four(box)
                if corners is None:
                    self._fault("unreadable-annotation", "its bbox is not four numbers", at)
                else:
                    yield Box(*corners, None, phrase.strip(), at=at)

    def _fault(self, kind: str, detail: str, at: str = "") -> None:
        self._faults.append(Fault(kind, f"{self._lines.file} {at or self._at}", detail))


def _documents(tree: Tree, file: str, encoding: str) -> Iterator[tuple[str, object]]:
    """Yield each document with its place; what is no JSON is yielded as the text of what is wrong."""
    path = tree.path(file)
    if json_kind(path) is JsonKind.ODVG_LOOSE:
        yield from _loose(read_text(path))
        return
    for number, line in enumerate(lines_of(path, encoding), 1):
        if not line.strip():
            continue
        try:
            document = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            try:
                document = json.loads(line)  # takes NaN, which pandas writes
            except (ValueError, RecursionError) as error:
                said = getattr(error, "msg", "") or type(error).__name__
                document = f"it is no JSON ({one_line(said, 60)}, character {getattr(error, 'pos', 0) + 1})"
        yield f"line {number}", document


def _loose(text: str) -> Iterator[tuple[str, object]]:
    """Yield the documents of a list, or of a text whose documents go over several lines."""
    decoder, at, number = json.JSONDecoder(), 0, 0
    while True:
        while at < len(text) and text[at] in "[],; \t\r\n\ufeff":
            at += 1
        if at == len(text):
            return
        try:
            document, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            yield f"entry {number}", f"it is no JSON ({error}), and nothing behind it is read"
            return
        yield f"entry {number}", document
        number += 1


def _instances(document: object) -> list[dict[str, object]]:
    """Return the instances of a document's detection, empty ones for what is none."""
    detection = document.get("detection") if isinstance(document, dict) else None
    instances = detection.get("instances") if isinstance(detection, dict) else None
    listed = instances if isinstance(instances, list) else []
    return [each if isinstance(each, dict) else {} for each in listed]


def _gathered(tree: Tree, file: str, encoding: str) -> LabelMap:
    """Make a label map of the categories that boxes bear.

    Raises
    ------
    DataError
        When boxes have numbers and no category.
    """
    names: dict[int, str] = {}
    loose: set[str] = set()
    nameless = False
    for _, document in _documents(tree, file, encoding):
        for instance in _instances(document):
            category = instance.get("category")
            if not isinstance(category, str) or not category.strip():
                nameless = True
            elif (number := whole(instance.get("label"))) is not None:
                names.setdefault(number, category.strip())
            else:
                loose.add(category.strip())
    if nameless and not names and not loose:
        raise DataError(
            f"{tree.path(file)} numbers its classes and there is no label map beside it; write one like "
            '{"0": "person", "1": "dog"} into annotations_odvg_labelmap.json'
        )
    for name in sorted(loose - set(names.values())):
        names[max(names, default=-1) + 1] = name
    return LabelMap(names)


def _name_of(document: object) -> str | None:
    if not isinstance(document, dict):
        return None
    for key in _NAMES:
        if isinstance(name := document.get(key), str) and name.strip():
            return name
    return None


def _unnamed(document: object) -> str:
    if isinstance(document, str):
        return one_line(document, 200)
    return "it has no file_name" if isinstance(document, dict) else "it is no JSON object"


def _several(boxes: object) -> list[object]:
    """Return the boxes of a phrase, which may point at several things."""
    if isinstance(boxes, list) and boxes and all(isinstance(each, list) for each in boxes):
        return boxes
    return [boxes]
