"""Validation and test annotations: COCO JSON whose category ids count from 0."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from grounding_dino.data.images import image_size, turned_note
from grounding_dino.data.records import (
    Box,
    Record,
    checked_box,
    four_numbers,
    require_file,
    require_folder,
    require_image,
)
from grounding_dino.errors import DataError
from grounding_dino.tokenizer import normalise_phrase


@dataclass(frozen=True)
class EvaluationSet:
    """Pictures with true boxes for measuring.

    Attributes
    ----------
    records : tuple of Record
        Pictures; their boxes and phrases are the true ones without crowd regions.
    image_ids : tuple of int
        COCO id of each record.
    names : tuple of str
        Category names; the index is the category id.
    document : dict
        The annotations as COCO tools take them.
    """

    records: tuple[Record, ...]
    image_ids: tuple[int, ...]
    names: tuple[str, ...]
    document: dict[str, Any]


def read_evaluation_set(source: Any, key: str) -> EvaluationSet:
    """Read ``dataset.val_data_sources`` or ``dataset.test_data_sources``.

    Parameters
    ----------
    source : pydantic model
        Has ``image_dir`` and ``json_file``.
    key : str
        The dotted key of the source, for messages.

    Raises
    ------
    DataError
        Anything missing or wrong, by file and id.
    """
    folder = require_folder(source.image_dir, f"{key}.image_dir")
    file = require_file(source.json_file, f"{key}.json_file")
    document = read_coco(file)
    names = _category_names(document["categories"], file)
    images = _images(document["images"], file)
    boxes: dict[int, list[Box]] = defaultdict(list)
    phrases: dict[int, list[str]] = defaultdict(list)
    sizes: dict[int, tuple[Path, int, int]] = {}
    for image_id, entry in images.items():
        path = require_image(folder, entry["file_name"], f"{file} image {image_id}")
        width, height = entry.get("width"), entry.get("height")
        if not isinstance(width, int) or not isinstance(height, int):
            width, height = image_size(path)
        sizes[image_id] = (path, width, height)
    annotations = []
    for position, entry in enumerate(document["annotations"]):
        place = f"{file} annotation {entry.get('id', position) if isinstance(entry, dict) else position}"
        clean = _annotation(entry, position, place, images, names)
        image_id, category = clean["image_id"], clean["category_id"]
        x, y, width, height = clean["bbox"]
        size = sizes[image_id][1:]
        about = partial(turned_note, sizes[image_id][0], *size)
        box = checked_box((x, y, x + width, y + height), *size, place, about)
        annotations.append(clean)
        if not clean["iscrowd"]:
            boxes[image_id].append(box)
            phrases[image_id].append(names[category])
    records = tuple(
        Record(path, width, height, tuple(boxes[image_id]), tuple(phrases[image_id]), names)
        for image_id, (path, width, height) in sizes.items()
    )
    tidy = {
        "images": [{"id": i, "width": width, "height": height} for i, (_, width, height) in sizes.items()],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names)],
        "annotations": annotations,
    }
    return EvaluationSet(records, tuple(sizes), names, tidy)


def read_coco(file: Path) -> dict[str, Any]:
    """Read a COCO document and see that its three lists are there.

    Raises
    ------
    DataError
        Not JSON, or not COCO.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as JSON ({error}): correct it") from error
    for name in ("images", "annotations", "categories"):
        if not isinstance(document, dict) or not isinstance(document.get(name), list):
            raise DataError(
                f"{file} has no list '{name}': COCO annotations need images, annotations and categories"
            )
    if not document["images"] or not document["categories"]:
        raise DataError(f"{file} has no picture or no category: there is nothing to measure")
    coco: dict[str, Any] = document
    return coco


def remap_categories(document: Mapping[str, Any]) -> dict[str, Any]:
    """Renumber category ids to 0..n-1 in the order of the old ids.

    Parameters
    ----------
    document : mapping
        A COCO document (:func:`read_coco`).

    Returns
    -------
    dict
        A new document; everything but the ids is kept.

    Raises
    ------
    DataError
        An annotation has a category that is not listed.
    """
    old = sorted(entry["id"] for entry in document["categories"])
    new = {number: position for position, number in enumerate(old)}
    annotations = []
    for entry in document["annotations"]:
        if entry.get("category_id") not in new:
            raise DataError(
                f"Annotation {entry.get('id')} has category_id {entry.get('category_id')!r}, which "
                "categories lacks: add the category or remove the annotation"
            )
        annotations.append({**entry, "category_id": new[entry["category_id"]]})
    categories = sorted(
        ({**entry, "id": new[entry["id"]]} for entry in document["categories"]),
        key=lambda entry: int(entry["id"]),
    )
    return {**document, "categories": categories, "annotations": annotations}


def _category_names(categories: list[Any], file: Path) -> tuple[str, ...]:
    """Check ids and names of the categories."""
    for entry in categories:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), int):
            raise DataError(f"{file} has a category without a whole number as id: correct it")
    ids = [entry["id"] for entry in categories]
    if ids != list(range(len(ids))):
        shown = ", ".join(str(number) for number in ids[:5]) + (", ..." if len(ids) > 5 else "")
        raise DataError(
            f"{file} numbers its categories {shown}, but they must count from 0 to {len(ids) - 1} in "
            f"order, or mAP comes out wrong: run 'grounding_dino remap {file}' and use the file that it "
            "writes"
        )
    names = tuple(normalise_phrase(str(entry.get("name", ""))) for entry in categories)
    for number, name in enumerate(names):
        if not name:
            raise DataError(f"{file} category {number} has no name: the name is what the detector looks for")
        if names.index(name) != number:
            raise DataError(
                f"{file} names both category {names.index(name)} and {number} '{name}': tell them apart"
            )
    return names


def _images(entries: list[Any], file: Path) -> dict[int, dict[str, Any]]:
    """Check the list of pictures and index it by id."""
    images: dict[int, dict[str, Any]] = {}
    for position, entry in enumerate(entries):
        if not isinstance(entry, dict) or "id" not in entry or not entry.get("file_name"):
            raise DataError(f"{file} image number {position} needs an id and a file_name: add them")
        if not isinstance(entry["id"], int):
            raise DataError(
                f"{file} image number {position} has the id {entry['id']!r}, which is no whole number: "
                "number the pictures, and let image_id of the annotations say the same"
            )
        if entry["id"] in images:
            raise DataError(f"{file} has two images with id {entry['id']}: make ids unique")
        images[entry["id"]] = entry
    return images


def _annotation(
    entry: Any, position: int, place: str, images: Mapping[int, Any], names: tuple[str, ...]
) -> dict[str, Any]:
    """Check one annotation and keep what measuring needs."""
    if not isinstance(entry, dict):
        raise DataError(f"{place} must be an object with image_id, category_id and bbox")
    if entry.get("image_id") not in images:
        raise DataError(
            f"{place} belongs to image {entry.get('image_id')!r}, which images lacks: correct image_id"
        )
    category = entry.get("category_id")
    if not isinstance(category, int) or not 0 <= category < len(names):
        raise DataError(f"{place} has category_id {category!r}, which categories lacks: correct it")
    bbox = four_numbers(entry.get("bbox"), f"{place}: bbox")
    return {
        "id": position + 1,
        "image_id": entry["image_id"],
        "category_id": category,
        "bbox": list(bbox),
        "area": float(entry.get("area") or bbox[2] * bbox[3]),
        "iscrowd": int(bool(entry.get("iscrowd"))),
    }
