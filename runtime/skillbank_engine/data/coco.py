"""Validation and test annotations: COCO JSON, with ids of any kind."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypedDict

from skillbank_engine.data.faults import Faults
from skillbank_engine.data.images import image_size, turned_note
from skillbank_engine.data.records import (
    Box,
    Record,
    checked_box,
    four_numbers,
    read_text,
    require_file,
    require_folder,
    require_image,
    whole_number,
)
from skillbank_engine.data.whole import whole_pictures
from skillbank_engine.errors import DataError


class _Truth(TypedDict):
    bbox: list[float]
    area: float
    iscrowd: int


class CocoBox(_Truth):
    """A true box as COCO tools take it."""

    id: int
    image_id: int
    category_id: int


class CocoImage(TypedDict):
    """A picture as COCO tools take it."""

    id: int
    width: int
    height: int


class CocoCategory(TypedDict):
    """A category as COCO tools take it."""

    id: int
    name: str


class CocoTruth(TypedDict):
    """Annotations as COCO tools take them."""

    images: list[CocoImage]
    categories: list[CocoCategory]
    annotations: list[CocoBox]


class CocoResult(TypedDict):
    """A detection as COCO tools take it."""

    image_id: int
    category_id: int
    bbox: list[float]
    score: float


_Found = tuple[int, Box, _Truth]
"""Index of the category, box in corners, and the fields that measuring needs."""


class CocoSource(Protocol):
    """Where a spec says that a data set is."""

    @property
    def image_dir(self) -> str:
        """The folder of the pictures."""
        ...

    @property
    def json_file(self) -> str:
        """The annotations."""
        ...


@dataclass(frozen=True)
class _Picture:
    path: Path
    width: int
    height: int


@dataclass(frozen=True)
class EvaluationSet:
    """Pictures with true boxes for measuring.

    Attributes
    ----------
    records : tuple of Record
        Pictures; their boxes and phrases are the true ones without crowd regions.
    image_ids : tuple of int
        COCO id of each record; its number from 1 on where the file's ids are no whole numbers.
    names : tuple of str
        Category names, in the order of the file's ids.
    category_ids : tuple of int
        The file's id of each name.
    document : dict
        The annotations as COCO tools take them; the category id is the index of the name.
    """

    records: tuple[Record, ...]
    image_ids: tuple[int, ...]
    names: tuple[str, ...]
    category_ids: tuple[int, ...]
    document: CocoTruth

    def __len__(self) -> int:
        return len(self.records)

    def pictures(self) -> Iterator[Path]:
        """The files of the pictures."""
        return (record.image for record in self.records)

    def numbers(self, category_ids: Sequence[int] | None) -> list[int] | None:
        """Return the indexes of the names that some ids of the file mean; None for None.

        Raises
        ------
        DataError
            The file lacks an id.
        """
        if category_ids is None:
            return None
        lacking = [number for number in category_ids if number not in self.category_ids]
        if lacking:
            known = ", ".join(map(str, self.category_ids[:10])) + (
                ", ..." if len(self.category_ids) > 10 else ""
            )
            raise DataError(
                f"dataset.eval_class_ids {list(category_ids)} has an id that the annotations lack (they have "
                f"{known}): correct it"
            )
        return [self.category_ids.index(number) for number in category_ids]


def tidy_name(text: str) -> str:
    """Make the white space of a name single blanks."""
    return " ".join(text.split())


def read_evaluation_set(
    source: CocoSource, key: str, *, skip_broken: bool = False, naming: Callable[[str], str] = tidy_name
) -> EvaluationSet:
    """Read a data set in COCO's format: ``dataset.val_data_sources``, for example.

    Parameters
    ----------
    source : pydantic model
        Has ``image_dir`` and ``json_file``.
    key : str
        The dotted key of the source, for messages.
    skip_broken : bool
        ``engine.skip_broken``: pictures and boxes that are broken are left out with a count.
    naming : callable
        What becomes of a category's name; names that it makes equal are refused.

    Raises
    ------
    DataError
        Anything missing or wrong, by file and id, and all at once what is wrong with pictures and boxes.
    """
    folder = require_folder(source.image_dir, f"{key}.image_dir")
    file = require_file(source.json_file, f"{key}.json_file")
    document = read_coco(file)
    faults = Faults(str(file), skip_broken)
    categories = _categories(document["categories"], file, naming)
    pictures = _pictures(document["images"], file, folder, faults)
    boxes = _boxes_of(document["annotations"], file, pictures, categories, faults)
    names = tuple(categories.values())
    records = {key: _record(picture, boxes[key], names) for key, picture in pictures.items() if picture}
    if skip_broken:
        whole = set(map(id, whole_pictures(tuple(records.values()), faults)))
        records = {key: record for key, record in records.items() if id(record) in whole}
    faults.settle()
    ids = list(range(1, len(records) + 1))
    if all(isinstance(key, int) for key in records):
        ids = [key for key in records if isinstance(key, int)]
    return EvaluationSet(
        tuple(records.values()), tuple(ids), names, tuple(categories), _document(ids, records, boxes, names)
    )


def _boxes_of(
    entries: list[object],
    file: Path,
    pictures: dict[int | str, _Picture | None],
    categories: Mapping[int, str],
    faults: Faults,
) -> dict[int | str, list[_Found]]:
    """Return the boxes of pictures; a picture that has lost all of its own is left out too."""
    order = {number: index for index, number in enumerate(categories)}
    boxes: dict[int | str, list[_Found]] = defaultdict(list)
    lost: dict[int | str, int] = {}
    for position, entry in enumerate(entries):
        place = f"{file} annotation {entry.get('id', position) if isinstance(entry, dict) else position}"
        before = faults.boxes
        with faults.of_a("box"):
            picture, found = _annotation(entry, place, pictures, order)
            if picture is not None:  # one that is left out takes its boxes along
                boxes[picture].append(found)
        owner = _id(entry.get("image_id")) if isinstance(entry, dict) and faults.boxes > before else None
        if owner is not None and pictures.get(owner) is not None:
            lost.setdefault(owner, before)
    for key, before in lost.items():
        there, pictures[key] = pictures[key], None
        with faults.of_a("picture"):
            faults.refuse_emptied(boxes[key], before, f"{file} image {key}")
            pictures[key] = there
    return boxes


def _record(picture: _Picture, boxes: Sequence[_Found], names: tuple[str, ...]) -> Record:
    shown = [(names[number], box) for number, box, fields in boxes if not fields["iscrowd"]]
    return Record(
        picture.path,
        picture.width,
        picture.height,
        tuple(box for _, box in shown),
        tuple(name for name, _ in shown),
        names,
    )


def _document(
    ids: Sequence[int],
    records: Mapping[int | str, Record],
    boxes: Mapping[int | str, Sequence[_Found]],
    names: Sequence[str],
) -> CocoTruth:
    """Return the annotations as COCO tools take them, those of the records alone."""
    found = [
        (number, category, fields)
        for number, key in zip(ids, records, strict=True)
        for category, _, fields in boxes.get(key, ())
    ]
    return {
        "images": [
            {"id": number, "width": record.width, "height": record.height}
            for number, record in zip(ids, records.values(), strict=True)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names)],
        "annotations": [
            {"id": place, "image_id": number, "category_id": category, **fields}
            for place, (number, category, fields) in enumerate(found, start=1)
        ],
    }


def read_coco(file: Path) -> dict[str, list[object]]:
    """Read a COCO document and see that its three lists are there.

    Raises
    ------
    DataError
        Not JSON, or not COCO.
    """
    try:
        document = json.loads(read_text(file))
    except ValueError as error:
        raise DataError(f"{file} cannot be read as JSON ({error}): correct it") from error
    for name in ("images", "annotations", "categories"):
        if not isinstance(document, dict) or not isinstance(document.get(name), list):
            raise DataError(
                f"{file} has no list '{name}': COCO annotations need images, annotations and categories"
            )
    if not document["images"] or not document["categories"]:
        raise DataError(f"{file} has no picture or no category: there is nothing to measure")
    coco: dict[str, list[object]] = document
    return coco


def _categories(entries: list[object], file: Path, naming: Callable[[str], str]) -> dict[int, str]:
    """Return name by id, in the order of the ids, which may be any whole numbers."""
    names: dict[int, str] = {}
    for entry in entries:
        if not isinstance(entry, dict) or (number := whole_number(entry.get("id"))) is None:
            raise DataError(f"{file} has a category without a whole number as id: correct it")
        if number in names:
            raise DataError(f"{file} has two categories with the id {number}: tell them apart")
        names[number] = naming(str(entry.get("name", "")))
    first: dict[str, int] = {}
    for number, name in sorted(names.items()):
        if not name:
            raise DataError(f"{file} category {number} has no name: the name is what the detector looks for")
        if name in first:
            raise DataError(
                f"{file} names both category {first[name]} and {number} '{name}': tell them apart"
            )
        first[name] = number
    return dict(sorted(names.items()))


def _pictures(
    entries: list[object], file: Path, folder: Path, faults: Faults
) -> dict[int | str, _Picture | None]:
    """Return the pictures by id; None for one that is at fault."""
    pictures: dict[int | str, _Picture | None] = {}
    for position, entry in enumerate(entries):
        place = f"{file} image number {position}"
        if not isinstance(entry, dict) or (key := _id(entry.get("id"))) is None:
            raise DataError(f"{place} needs an id (a number or a text) and a file_name: add them")
        if key in pictures:
            raise DataError(f"{file} has two images with id {key}: make ids unique")
        pictures[key] = None
        with faults.of_a("picture"):
            pictures[key] = _picture(entry, key, place, file, folder)
    return pictures


def _picture(entry: Mapping[str, object], key: int | str, place: str, file: Path, folder: Path) -> _Picture:
    name = entry.get("file_name")
    if not isinstance(name, str) or not name:
        raise DataError(f"{place} needs an id and a file_name: add them")
    path = require_image(folder, name, f"{file} image {key}", file)
    width, height = whole_number(entry.get("width")), whole_number(entry.get("height"))
    if width is None or height is None:
        width, height = image_size(path)
    return _Picture(path, width, height)


def _id(value: object) -> int | str | None:
    """Return an id so that 5, 5.0 and "5" are the same."""
    number = whole_number(value)
    return number if number is not None else value if isinstance(value, str) and value else None


def _annotation(
    entry: object, place: str, pictures: Mapping[int | str, _Picture | None], order: Mapping[int, int]
) -> tuple[int | str | None, _Found]:
    """Return the picture of an annotation (None: it is left out), and what was found."""
    if not isinstance(entry, dict):
        raise DataError(f"{place} must be an object with image_id, category_id and bbox")
    key = _id(entry.get("image_id"))
    if key is None or key not in pictures:
        raise DataError(
            f"{place} belongs to image {entry.get('image_id')!r}, which images lacks: correct image_id"
        )
    category = whole_number(entry.get("category_id"))
    if category is None or category not in order:
        raise DataError(
            f"{place} has category_id {entry.get('category_id')!r}, which categories lacks: correct it"
        )
    x, y, width, height = four_numbers(entry.get("bbox"), f"{place}: bbox")
    fields: _Truth = {
        "bbox": [x, y, width, height],
        "area": float(entry.get("area") or width * height),
        "iscrowd": int(bool(entry.get("iscrowd"))),
    }
    found = (order[category], (x, y, x + width, y + height), fields)
    picture = pictures[key]
    if picture is None:
        return None, found
    about = partial(turned_note, picture.path, picture.width, picture.height)
    box = checked_box(found[1], picture.width, picture.height, place, about)
    return key, (found[0], box, fields)
