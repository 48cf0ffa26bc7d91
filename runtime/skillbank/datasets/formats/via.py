"""VGG Image Annotator: pictures with regions, of an export (JSON, CSV) or of a whole project."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skillbank.datasets.document import DataSet, Picture, Where, labels_of
from skillbank.datasets.document import split_in as word_in
from skillbank.datasets.formats.base import Recognised, files_of
from skillbank.datasets.formats.coordinates import Corners, around, around_ellipse, numbers
from skillbank.datasets.formats.gathering import Gathering, divided, outside, split_in
from skillbank.datasets.formats.via_files import ENDINGS, ViaPicture, ViaRegion, is_via, via_pictures
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, a_few
from skillbank.visible import one_line

__all__ = ["Via"]

_USUAL = ("class", "label", "category", "name", "type", "object", "class_name")
"""Attributes that mostly say what an object is, where regions have several."""
_UNNAMED = "object"
_UNTOUCHED = "not_defined"
"""What an attribute says that was never filled in."""
_NO_BOXES = ("point", "polyline", "line")
"""Shapes that enclose nothing."""


class Via:
    """The format."""

    name = "via"
    title = "VIA"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether files of pictures with regions lie outside of the split folders."""
        files = tuple(name for name in outside(tree, *ENDINGS) if is_via(tree, name))
        return Recognised(files, f"{a_few(files, 3)} with regions of VIA") if files else None

    def read(self, tree: Tree) -> DataSet:
        """Read the documents, which are held as long as the data set is."""
        found = self.recognise(tree)
        files = sorted(files_of(found), key=lambda name: name.endswith(".csv"))
        documents, notes = _pictures(tree, files)
        every = (entry for entries in documents.values() for entry in entries.values())
        regions = [region for entry in every for _, region in entry.marks()]
        attribute = _attribute(tree, regions)
        notes += _about_attribute(files, regions, attribute)
        enclosing = (region for region in regions if _kind(region) not in _NO_BOXES)
        used = {name for region in enclosing if (name := _class(region, attribute))}
        classes = tuple(sorted(used))
        reader = _Reader(tree, attribute, labels_of(classes))
        entries = _by_split(tree, documents)
        splits, left = divided(entries, reader.pictures, lambda some: [file for file, *_ in some])
        return DataSet(self.name, classes, splits, (*notes, *left))


def _pictures(tree: Tree, files: Sequence[str]) -> tuple[dict[str, dict[str, ViaPicture]], list[str]]:
    """Return the pictures of each file, and notes: a project and its exports say the same, one is read.

    Raises
    ------
    DataError
        When files of one folder and split mark the same pictures otherwise.
    """
    read: dict[str, dict[str, ViaPicture]] = {}
    notes = []
    for file in files:
        pictures = via_pictures(tree, file)
        marks = _marks(pictures)
        alike = [other for other in read if _place(other) == _place(file)]
        same = next((other for other in alike if marks and marks == _marks(read[other])), None)
        if same is not None:
            notes.append(f"{one_line(file)} says the same as {one_line(same)} and is left aside")
            continue
        for other in alike:
            if both := sorted(marks.keys() & _marks(read[other]).keys()):
                raise DataError(
                    f"{one_line(other)} and {one_line(file)} in {tree.root} mark {one_line(both[0], 60)} "
                    "otherwise; name the one that counts, or move the other away"
                )
        read[file] = pictures
    return read, notes


def _place(file: str) -> tuple[str, str | None]:
    """Return the folder of a file, and the split that its name says."""
    return file.rpartition("/")[0], word_in(file.rpartition("/")[2])


def _marks(pictures: Mapping[str, ViaPicture]) -> dict[str, list[tuple[object, object]]]:
    """Return what is marked in each picture that has a mark: a table of VIA 3 leaves out the others."""
    return {
        each.filename: [(region.shape_attributes, region.region_attributes) for _, region in each.marks()]
        for each in pictures.values()
        if each.regions
    }


def _about_attribute(files: Sequence[str], regions: Sequence[ViaRegion], attribute: str) -> Iterator[str]:
    """Say which attribute is the class, where regions have others or none."""
    if regions and not attribute:
        yield f"the regions of {a_few(files, 3)} name no class; all boxes are '{_UNNAMED}'"
    if others := sorted(_values(regions).keys() - {attribute}):
        shown = a_few([f"'{one_line(key, 40)}'" for key in others], 4)
        yield f"the class is what the attribute '{one_line(attribute, 40)}' says; {shown} left aside"


def _by_split(
    tree: Tree, documents: Mapping[str, Mapping[str, ViaPicture]]
) -> dict[str, list[tuple[str, str, ViaPicture]]]:
    """Return the entries of each split: file, key and picture."""
    entries: dict[str, list[tuple[str, str, ViaPicture]]] = {}
    for file, document in documents.items():
        for key, entry in document.items():
            said = split_in(file, tree.find(entry.filename, beside=file)) or word_in(file) or ""
            entries.setdefault(said, []).append((file, key, entry))
    return entries


def _attributes(region: ViaRegion) -> dict[str, str]:
    """Return what a region says of itself; of boxes to tick those that are ticked."""
    said = region.region_attributes if isinstance(region.region_attributes, dict) else {}
    found = {}
    for key, value in said.items():
        if isinstance(value, dict):
            ticked = [str(name) for name, on in value.items() if on is True]
            value = ticked[0] if len(ticked) == 1 else ""
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            found[key] = str(value).strip()
    return found


def _values(regions: Sequence[ViaRegion]) -> dict[str, set[str]]:
    """Return what regions say by attribute; one that VIA begins with and nobody filled in says nothing."""
    values: dict[str, set[str]] = {}
    for region in regions:
        for key, value in _attributes(region).items():
            values.setdefault(key, set()).add(value)
    return {key: said for key, said in values.items() if said != {_UNTOUCHED}}


def _attribute(tree: Tree, regions: Sequence[ViaRegion]) -> str:
    """Return the attribute that says the class; empty where regions have none."""
    counts = _values(regions)
    usual = sorted(
        (key for key in counts if key.lower() in _USUAL),
        key=lambda key: (len(counts[key]) < 2, _USUAL.index(key.lower())),
    )
    if len(counts) > 1 and not usual:
        shown = a_few([f"'{one_line(key, 40)}'" for key in counts], 5)
        raise DataError(
            f"the regions of VIA in {tree.root} have the attributes {shown}; call the one that says the "
            "class 'class'"
        )
    return usual[0] if usual else next(iter(counts), "")


def _class(region: ViaRegion, attribute: str) -> str:
    return _attributes(region).get(attribute, "") if attribute else _UNNAMED


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    attribute: str
    labels: Mapping[str, int]

    def pictures(self, entries: Sequence[tuple[str, str, ViaPicture]]) -> Iterator[Picture]:
        """Yield the pictures of entries."""
        for file, key, entry in entries:
            here = Gathering(Where(file, f"'{one_line(key, 80)}'"), self.labels)
            for number, region in entry.marks():
                at = f"region {one_line(number, 20)}"
                if (corners := _corners(here, region, at)) is not None:
                    here.box(corners, _class(region, self.attribute), at)
            path = self.tree.find(entry.filename, beside=file)
            yield here.picture(entry.filename, path, (None, None), self.tree)


def _shape(region: ViaRegion) -> Mapping[str, object]:
    return region.shape_attributes if isinstance(region.shape_attributes, dict) else {}


def _kind(region: ViaRegion) -> str:
    return one_line(_shape(region).get("name", "nothing"), 40)


def _corners(here: Gathering, region: ViaRegion, at: str) -> Corners | None:
    """Return the box around a region; where there is none the reason is kept."""
    kind = _kind(region)
    if kind in _NO_BOXES:
        here.fault("mark-left-out", f"a {kind}", at)
        return None
    corners = _box_of(kind, _shape(region))
    if corners is None:
        here.fault(
            "unreadable-annotation", f"its shape is {kind}, and its numbers are none of such a one", at
        )
    elif kind != "rect":
        here.fault("mark-as-box", f"a {kind}", at)
    return corners


def _of_polygon(shape: Mapping[str, object]) -> Corners | None:
    sides = [shape.get(f"all_points_{axis}") for axis in "xy"]
    xs, ys = (numbers(side) if isinstance(side, list) else None for side in sides)
    return around(list(zip(xs, ys, strict=True))) if xs and ys and len(xs) == len(ys) > 1 else None


def _box_of(kind: str, shape: Mapping[str, object]) -> Corners | None:
    if kind == "polygon":
        return _of_polygon(shape)
    keys = {"rect": ("x", "y", "width", "height"), "circle": ("cx", "cy", "r", "r")}
    found = numbers(shape.get(key) for key in keys.get(kind, ("cx", "cy", "rx", "ry")))
    if found is None or kind not in ("rect", "circle", "ellipse"):
        return None
    first, second, third, fourth = found
    if kind == "rect":
        return first, second, first + third, second + fourth
    turned = numbers([shape.get("theta", 0)]) or [0.0]
    # VIA writes theta in radians.
    return around_ellipse(first, second, third, fourth, math.degrees(turned[0]))
