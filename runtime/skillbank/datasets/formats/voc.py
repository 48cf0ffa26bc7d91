"""Pascal VOC: one XML file a picture, as LabelImg, Roboflow, CVAT and the challenge itself lay them out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from skillbank.datasets.document import DataSet, Picture, Where, labels_of
from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.base import Recognised, files_of
from skillbank.datasets.formats.census import Census, take_census
from skillbank.datasets.formats.coordinates import around, around_turned, numbers, pixels
from skillbank.datasets.formats.files import UnreadableError, head, text_of, xml_of
from skillbank.datasets.formats.gathering import (
    Gathering,
    classes_of,
    divided,
    examples,
    outside,
    split_in,
    unlisted,
)
from skillbank.datasets.formats.image_sets import ImageSets, image_sets, list_bases
from skillbank.datasets.formats.pairing import Pairs, stem
from skillbank.datasets.tree import Tree

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["Voc"]

_LOOKED_INTO = 25
_ROOT = re.compile(rb"<annotation[\s>]")
_OTHER = re.compile(rb"\s*(<\?[^>]*>\s*)?<[A-Za-z]")
_CLASSES = "labelmap.txt"
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_TURNED = ("cx", "cy", "w", "h", "angle")
_XML_FOLDER = re.compile(r"(^|/)annotations?(/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A picture.

    Attributes
    ----------
    file
        Its annotation file, empty where a list names it and there is none.
    listed
        Its name in the list.
    by
        The list.
    """

    file: str
    listed: str = ""
    by: str = ""


class Voc:
    """The format."""

    name = "voc"
    title = "Pascal VOC"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether XML files with an ``<annotation>`` lie outside of the split folders."""
        files = list(outside(tree, ".xml"))
        starts = {name: head(tree.path(name)) for name in files[:_LOOKED_INTO]}
        if not any(_ROOT.search(start) for start in starts.values()):
            return None
        # A file that is broken is one of them; what has another root is not.
        others = {name for name, start in starts.items() if _OTHER.match(start) and not _ROOT.search(start)}
        mine = tuple(name for name in files if name not in others)
        return Recognised(mine, f"{len(mine):,} XML files with <annotation>")

    def read(self, tree: Tree) -> DataSet:
        """Read the files once for their classes, and again when pictures are asked for."""
        found = self.recognise(tree)
        pairs = Pairs(tree)
        census = take_census(files_of(found), pairs, partial(_look, tree))
        classes = classes_of(census.names, listed := _labelmap(tree, census.names))
        entries, notes = _entries(tree, census)
        reader = _Reader(tree, pairs, labels_of(classes))
        splits, left = divided(entries, reader.pictures, _files)
        return DataSet(self.name, classes, splits, (*unlisted(census.names, listed), *notes, *left))


def _look(tree: Tree, file: str) -> tuple[Sequence[str], Iterable[str]] | None:
    root = xml_of(tree.path(file))
    if root.tag != "annotation":
        return None
    marks = (each for each in root.findall("object") if _text(each, "deleted") != "1")
    return [_text(root, "filename"), _text(root, "path")], (_text(each, "name") for each in marks)


def _labelmap(tree: Tree, used: set[str]) -> list[str]:
    """Return the classes of the list that CVAT adds, a line ``name:colour:parts:actions`` each."""
    if _CLASSES not in tree.files:
        return []
    try:
        text = text_of(tree.path(_CLASSES))
    except UnreadableError:
        return []
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    names = [line.rsplit(":", 3)[0].strip() for line in lines]
    return [name for name in names if name != "background" or name in used]


def _entries(tree: Tree, census: Census) -> tuple[dict[str, list[_Entry]], list[str]]:
    """Divide the files by the lists beside them, else by folders, also those that their pictures lie in."""
    entries: dict[str, list[_Entry]] = {}
    notes: list[str] = []
    bases = list_bases(tree)
    by_base: dict[str, list[str]] = {}
    for file in census.pictures:
        by_base.setdefault(next((base for base in bases if file.startswith(base)), ""), []).append(file)
    for base, some in by_base.items():
        sets = image_sets(tree, base.rstrip("/"))
        notes.extend(sets.notes)
        listed: dict[str, list[_Entry]] = {}
        if sets.lists:
            listed, left = _listed(sets, base, some)
            notes.extend(left)
        else:
            for file in some:
                listed.setdefault(split_in(file, census.pictures[file]), []).append(_Entry(file))
        for said, found in listed.items():
            entries.setdefault(said, []).extend(found)
    if census.foreign:
        notes.append(f"XML files that are no annotations are not read ({examples(census.foreign)})")
    return entries, notes


def _by_name(base: str, files: Sequence[str]) -> dict[str, str]:
    """Return files by what a list may call them; of two files of a name neither is meant by it alone."""
    by_name: dict[str, str] = {}
    for file in files:
        by_name[stem(file)] = "" if stem(file) in by_name else file
    for file in files:  # the whole name below Annotations goes before the last part of another
        below = _XML_FOLDER.sub("/", file[len(base) :]).strip("/")
        by_name[below.rpartition(".")[0]] = file
    return by_name


def _listed(sets: ImageSets, base: str, files: Sequence[str]) -> tuple[dict[str, list[_Entry]], list[str]]:
    by_name = _by_name(base, files)
    entries: dict[str, list[_Entry]] = {}
    used: set[str] = set()
    notes = []
    for said, names in sets.lists.items():
        here = [
            _Entry(by_name.get(name) or by_name.get(stem(name), ""), name, sets.files[said]) for name in names
        ]
        if here and not any(each.file for each in here):
            notes.append(f"none of the {len(here):,} pictures of the list for {said or 'all'} is annotated")
        entries[said] = here
        used.update(each.file for each in here)
    if rest := [file for file in files if file not in used]:
        notes.append(f"{len(rest):,} annotated pictures stand in no list and are left out ({examples(rest)})")
    return entries, notes


def _files(entries: Sequence[_Entry]) -> Iterator[str]:
    """Yield the lists and annotation files of entries."""
    yield from (name for each in entries for name in (each.by, each.file) if name)


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    pairs: Pairs
    labels: Mapping[str, int]

    def pictures(self, entries: Sequence[_Entry]) -> Iterator[Picture]:
        """Yield the pictures of entries."""
        any_file = any(each.file for each in entries)
        for entry in entries:
            if entry.file:
                yield self._annotated(entry.file)
            else:
                yield self._listed(entry.listed, any_file)

    def _listed(self, name: str, is_fault: bool) -> Picture:
        path = self.pairs.named(name, "")
        faults = (
            (Fault("annotation-missing", name, "no XML file has its name, or several have"),)
            if is_fault
            else ()
        )
        width, height = (self.tree.size(path) if path is not None else None) or (None, None)
        return Picture(path or name, path, width, height, (), "", Where(name), faults)

    def _annotated(self, file: str) -> Picture:
        here = Gathering(Where(file), self.labels)
        try:
            root = xml_of(self.tree.path(file))
        except UnreadableError as error:
            here.fault("unreadable-annotation", f"it {error}")
            path, _ = self.pairs.of(file)
            return here.picture(path or stem(file), path, (None, None), self.tree)
        said = _text(root, "filename")
        path, other = self.pairs.of(file, said, [_text(root, "path")])
        if other is not None:
            here.fault("names-another", f"it names {other}, and {path} has its name")
        for number_of, each in enumerate(root.findall("object"), 1):
            if _text(each, "deleted") != "1":  # of LabelMe's old XML, which keeps what was taken back
                _add(here, each, f"object {number_of}")
        size = (pixels(root.findtext("size/width")), pixels(root.findtext("size/height")))
        return here.picture(said or path or stem(file), path, size, self.tree)


def _add(here: Gathering, mark: Element, at: str) -> None:
    name = _text(mark, "name")
    if (plain := mark.find("bndbox")) is not None:
        sides = {side.tag: side.text or "" for side in plain}
        here.box([sides.get(each, "") for each in _CORNERS], name, at)
    elif (turned := mark.find("robndbox")) is not None:
        found = numbers(_text(turned, each) for each in _TURNED)
        if found is None:
            here.fault("unreadable-annotation", "its turned box is no five numbers", at)
            return
        cx, cy, w, h, angle = found
        straight = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
        here.fault("mark-as-box", "a turned box", at)
        here.box(around_turned(straight, math.degrees(angle)), name, at)
    elif (outline := mark.find("polygon")) is not None and (points := _points(outline)):
        here.fault("mark-as-box", "a polygon", at)
        here.box(around(points), name, at)
    else:
        here.fault("unreadable-annotation", "it has no bndbox", at)
        return
    if _text(mark, "difficult") == "1":
        here.fault("difficult", f"a {name}", at)


def _points(outline: Element) -> list[tuple[float, float]]:
    """Return the corners of a polygon, written as x1, y1, x2, ... or as points with x and y."""
    if points := outline.findall("pt"):
        pairs = [(_text(each, "x"), _text(each, "y")) for each in points]
    else:
        values = {each.tag: (each.text or "").strip() for each in outline}
        pairs = [(values[tag], values.get(f"y{tag[1:]}", "")) for tag in values if tag.startswith("x")]
    found = [numbers(pair) for pair in pairs]
    return [] if None in found else [(pair[0], pair[1]) for pair in found if pair is not None]


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
