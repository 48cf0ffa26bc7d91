"""A COCO document in columns: what 860,000 annotations say, in about fifty bytes each."""

from __future__ import annotations

import itertools
import re
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.coco_categories import Categories
from skillbank.datasets.formats.numbers import Four, four, key, number, side, whole
from skillbank.errors import DataError
from skillbank.visible import one_line

__all__ = ["Columns", "read_columns"]

_EXAMPLES = 5
_NO_NUMBERS = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b')


class _Document(msgspec.Struct):
    images: list[msgspec.Raw] = []
    annotations: list[msgspec.Raw] = []
    categories: list[object] = []


class _Image(msgspec.Struct, gc=False):
    id: int
    file_name: str
    width: int
    height: int


class _Annotation(msgspec.Struct, gc=False):
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    iscrowd: int = 0
    id: int | float | str | None = None


_UNLIKE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What an entry raises that is not as COCO has it."""
_IMAGE = msgspec.json.Decoder(_Image)
_ANNOTATION = msgspec.json.Decoder(_Annotation)


@dataclass
class Columns:
    """Images in the order of the file, and annotations in the order of their images.

    Attributes
    ----------
    names, widths, heights
        Of the images; 0 where no size is stated.
    starts
        Index of the first annotation of each image, and behind the last the number of all.
    corners
        Upper left and lower right of each annotation, in pixels, four numbers each.
    labels
        Index of the category in `categories.names`.
    crowds
        1 where `iscrowd` is set.
    places
        Index in the file's list, of each annotation.
    faults
        By the index of the image.
    loose
        Faults of annotations that belong to no image.
    """

    categories: Categories
    names: list[str] = field(default_factory=list)
    widths: array[int] = field(default_factory=lambda: array("q"))
    heights: array[int] = field(default_factory=lambda: array("q"))
    starts: array[int] = field(default_factory=lambda: array("q", [0]))
    corners: array[float] = field(default_factory=lambda: array("d"))
    labels: array[int] = field(default_factory=lambda: array("q"))
    crowds: bytearray = field(default_factory=bytearray)
    places: array[int] = field(default_factory=lambda: array("q"))
    faults: dict[int, list[Fault]] = field(default_factory=dict)
    loose: list[Fault] = field(default_factory=list)


def read_columns(data: bytes, file: str) -> Columns:
    """Read a document that is UTF-8.

    Raises
    ------
    DataError
        When it is no JSON, its lists are none, or its categories contradict each other.
    """
    document = _decoded(data, file)
    return _Reader(file, document).columns()


def _decoded(data: bytes, file: str) -> _Document:
    try:
        return msgspec.json.decode(data, type=_Document)
    except msgspec.ValidationError as error:
        raise DataError(f"{file} is no COCO document ({error}): correct it") from None
    except RecursionError:
        raise DataError(f"{file} is nested too deeply for a COCO document: export it again") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # pandas and numpy write NaN and Infinity, which JSON lacks; such boxes become faults.
        mended = _NO_NUMBERS.sub(lambda found: found[0] if found[0].startswith(b'"') else b"null", data)
        if mended == data:
            raise DataError(f"{file} is no JSON ({error}): correct it, or export it again") from None
    return _decoded(mended, file)


class _Reader:
    def __init__(self, file: str, document: _Document) -> None:
        self._file = file
        self._document = document
        self._columns = Columns(Categories.read(document.categories, file))
        self._ids: dict[int | str, int] = {}
        self._places = array("q")
        self._unlisted = 0

    def columns(self) -> Columns:
        for place, raw in enumerate(self._document.images):
            self._image(place, raw)
        self._annotations()
        return self._columns

    def _image(self, place: int, raw: msgspec.Raw) -> None:
        columns = self._columns
        index = len(columns.names)
        faults: list[Fault] = []
        said, name, width, height = _stated(raw)
        if said is None or not name:
            missing = "file_name" if said is not None else "id"
            faults.append(self._fault("unreadable-annotation", f"images[{place}]", f"it has no {missing}"))
        if said is not None and (first := self._ids.setdefault(said, index)) != index:
            other = columns.names[first]
            if other == name:
                faults.append(
                    self._fault("mended", f"images[{place}]", f"'{one_line(name)}' is listed twice")
                )
                columns.faults.setdefault(first, []).extend(faults)
                return
            self._shared(said, first, place, name, faults)
        self._places.append(place)
        columns.names.append(name)
        columns.widths.append(side(width) or 0)
        columns.heights.append(side(height) or 0)
        if faults:
            columns.faults[index] = faults

    def _shared(self, said: int | str, first: int, place: int, name: str, faults: list[Fault]) -> None:
        """Say of both pictures that they have one id: the boxes may be of either."""
        other = self._columns.names[first]
        about = f"'{one_line(name)}' has id {one_line(said)}, as '{one_line(other)}' has"
        faults.append(self._fault("id-twice", f"images[{place}]", about))
        of_first = self._columns.faults.setdefault(first, [])
        if not any(fault.kind == "id-twice" for fault in of_first):
            about = f"'{one_line(other)}' has id {one_line(said)}, as '{one_line(name)}' has"
            of_first.append(self._fault("id-twice", f"images[{self._places[first]}]", about))

    def _annotations(self) -> None:
        """Read annotations in the order of their images; those of an image stay in the order of the file."""
        columns = self._columns
        owners, labels, places = array("q"), array("q"), array("q")
        corners, crowds = array("d"), bytearray()
        own_ids: set[object] = set()
        numbers, ids = columns.categories.index, self._ids
        for place, raw in enumerate(self._document.annotations):
            try:
                found = _ANNOTATION.decode(raw)
                owner, label, box, crowd = (
                    ids[found.image_id],
                    numbers[found.category_id],
                    found.bbox,
                    found.iscrowd,
                )
                own_ids.add(place if found.id is None else found.id)
            except (*_UNLIKE, KeyError):
                read = self._slowly(place, raw)
                if read is None:
                    continue
                owner, label, box, crowd = read
                own_ids.add(("slowly", place))
            x, y, width, height = box
            owners.append(owner)
            labels.append(label)
            corners.extend((x, y, x + width, y + height))
            crowds.append(bool(crowd))
            places.append(place)
        self._document.annotations.clear()
        if (alike := len(owners) - len(own_ids)) > 0:
            about = "annotations have the id of another, which makes some readers lose one of them"
            columns.loose.append(Fault("mended", self._file, about, count=alike))
        if self._unlisted > _EXAMPLES:
            more = self._unlisted - _EXAMPLES
            columns.loose.append(
                Fault("unlisted-picture", self._file, f"{more:,} more annotations", count=more)
            )
        self._sorted(owners, labels, corners, crowds, places)

    def _sorted(
        self,
        owners: array[int],
        labels: array[int],
        corners: array[float],
        crowds: bytearray,
        places: array[int],
    ) -> None:
        columns = self._columns
        order: Iterable[int] = range(len(owners))
        in_order = all(a <= b for a, b in itertools.pairwise(owners))
        if in_order:
            columns.labels, columns.corners, columns.crowds, columns.places = labels, corners, crowds, places
        else:
            order = sorted(order, key=owners.__getitem__)
            columns.labels = array("q", (labels[at] for at in order))
            columns.corners = array("d", (value for at in order for value in corners[4 * at : 4 * at + 4]))
            columns.crowds = bytearray(crowds[at] for at in order)
            columns.places = array("q", (places[at] for at in order))
        counts = array("q", bytes(8 * len(columns.names)))
        for owner in owners:
            counts[owner] += 1
        total = 0
        for count in counts:
            total += count
            columns.starts.append(total)

    def _slowly(self, place: int, raw: msgspec.Raw) -> tuple[int, int, Four, bool] | None:
        """Read an annotation that is not as COCO has it; None where it becomes a fault."""
        at = f"annotations[{place}]"
        fields = _fields(raw)
        owner = self._owner(fields, at)
        if owner is None:
            return None
        faults = self._columns.faults.setdefault(owner, [])
        box = self._box(fields, at, faults)
        label = self._label(fields, at, faults) if box is not None else None
        if box is None or label is None:
            return None
        if not faults:
            del self._columns.faults[owner]
        return owner, label, box, bool(whole(fields.get("iscrowd")) or fields.get("iscrowd") is True)

    def _owner(self, fields: Mapping[str, object], at: str) -> int | None:
        """Return the picture of an annotation; one of none is counted, and the first are said."""
        image = key(fields.get("image_id"))
        owner = self._ids.get(image) if image is not None else None
        if owner is None:
            self._unlisted += 1
            if self._unlisted <= _EXAMPLES:
                lacking = f"the file lists no image {one_line(image)}"
                about = lacking if image is not None else "it has no image_id"
                self._columns.loose.append(self._fault("unlisted-picture", at, about))
        return owner

    def _box(self, fields: Mapping[str, object], at: str, faults: list[Fault]) -> Four | None:
        """Return the box of an annotation, or the one around its polygons where it has none."""
        box = four(fields.get("bbox"))
        if box is None and fields.get("bbox") in (None, [], ()):
            box = _around(fields.get("segmentation"))
            if box is not None:
                told = "it has no bbox, and the box around its polygons is taken"
                faults.append(self._fault("mended", at, told))
        if box is None:
            why = "its bbox is not four numbers"
            if "segments_info" in fields:
                why = "it is of panoptic segmentation, which has no boxes here: bring instances_*.json"
            faults.append(self._fault("unreadable-annotation", at, why))
        return box

    def _label(self, fields: Mapping[str, object], at: str, faults: list[Fault]) -> int | None:
        """Return the class of an annotation."""
        category = key(fields.get("category_id"))
        label = self._columns.categories.index.get(category) if category is not None else None
        if label is None:
            lacking = f"the file has no category {one_line(category)}"
            about = lacking if category is not None else "it has no category_id"
            faults.append(self._fault("unknown-class", at, about))
        return label

    def _fault(self, kind: str, at: str, detail: str) -> Fault:
        return Fault(kind, f"{self._file} {at}", detail)


def _stated(raw: msgspec.Raw) -> tuple[int | str | None, str, object, object]:
    """Return id, name, width and height of an image; None and nothing where they are not stated."""
    try:
        image = _IMAGE.decode(raw)
    except _UNLIKE:
        fields = _fields(raw)
        name = fields.get("file_name", fields.get("filename", fields.get("coco_url")))  # as LVIS has it
        width, height = (whole(fields.get(each)) for each in ("width", "height"))
        return key(fields.get("id")), name if isinstance(name, str) else "", width, height
    return image.id, image.file_name, image.width, image.height


def _fields(raw: msgspec.Raw) -> dict[str, object]:
    try:
        found = msgspec.json.decode(raw)
    except _UNLIKE:
        return {}
    return found if isinstance(found, dict) else {}


def _around(segmentation: object) -> Four | None:
    """Return the x, y, width and height of the box around polygons; None for a mask or nothing."""
    xs: list[float] = []
    ys: list[float] = []
    for polygon in segmentation if isinstance(segmentation, list) else ():
        values = [number(value) for value in polygon] if isinstance(polygon, list) else []
        numbers = [value for value in values if value is not None]
        if len(numbers) != len(values) or len(numbers) < 6 or len(numbers) % 2:
            return None
        xs += numbers[::2]
        ys += numbers[1::2]
    if not xs:
        return None
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
