"""Labels as files: with their scores as our own JSON, as COCO and as the texts of the family's inference.

As data sets the room of data sets writes them (`skillbank.labelling.data_sets`).

Each format is a function from labelled pictures to the texts of its files. All of them keep boxes inside the
picture, in pixels of two decimals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import PurePosixPath

from skillbank.errors import UsageError
from skillbank.labelling.data_sets import DATA_SETS, data_set_files
from skillbank.labelling.findings import Labelled

__all__ = ["FORMATS", "Texts", "label_files", "see_that_names_differ"]

Texts = Iterator[tuple[PurePosixPath, str]]


def see_that_names_differ(kinds: Collection[str], phrases: Sequence[str]) -> None:
    """Refuse descriptions that a format cannot tell apart."""
    names: dict[str, str] = {}
    for phrase in phrases if "kitti" in kinds else ():
        first = names.setdefault(_unblanked(phrase), phrase)
        if first != phrase:
            raise UsageError(
                f"'{first}' and '{phrase}' are both '{_unblanked(phrase)}' in kitti files; "
                "word one of them otherwise, or choose another format."
            )


def label_files(name: str, pictures: Sequence[Labelled], phrases: Sequence[str]) -> Texts:
    """Yield the files of a format: relative paths and texts."""
    return FORMATS[name](pictures, phrases)


def _json(pictures: Sequence[Labelled], phrases: Sequence[str]) -> Texts:
    images = [
        {
            "image": picture.name,
            "width": picture.width,
            "height": picture.height,
            "detections": [finding.document() for finding in picture.findings],
        }
        for picture in pictures
    ]
    yield PurePosixPath("labels.json"), _text({"descriptions": list(phrases), "images": images})


def _coco(pictures: Sequence[Labelled], phrases: Sequence[str]) -> Texts:
    """One document as `references/dataset-formats.md` has it: pictures from 1, categories from 0."""
    numbers = {phrase: number for number, phrase in enumerate(phrases)}
    images = [
        {"id": number, "file_name": picture.name, "width": picture.width, "height": picture.height}
        for number, picture in enumerate(pictures, 1)
    ]
    annotations: list[dict[str, object]] = []
    for number, picture in enumerate(pictures, 1):
        for finding in picture.findings:
            left, top, right, bottom = finding.box
            width, height = round(right - left, 2), round(bottom - top, 2)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": numbers[finding.phrase],
                    "bbox": [left, top, width, height],
                    "area": round(width * height, 2),
                    "iscrowd": 0,
                    "score": finding.score,
                }
            )
    categories = [{"id": number, "name": phrase} for phrase, number in numbers.items()]
    document = {"images": images, "annotations": annotations, "categories": categories}
    yield PurePosixPath("coco.json"), _text(document)


def _kitti(pictures: Sequence[Labelled], phrases: Sequence[str]) -> Texts:
    """One line an object as the family's inference writes it; blanks in names become underscores."""
    for picture, place in _places(pictures):
        lines = (
            f"{_unblanked(f.phrase)} 0.00 0 0.00 {' '.join(f'{v:.2f}' for v in f.box)} "
            f"{' '.join(['0.00'] * 7)} {f.score:.4f}\n"
            for f in picture.findings
        )
        yield PurePosixPath("kitti") / place, "".join(lines)


def _unblanked(phrase: str) -> str:
    return phrase.replace(" ", "_")


def _places(pictures: Sequence[Labelled]) -> Iterator[tuple[Labelled, PurePosixPath]]:
    """Yield each picture with the name of its text file; ``a.jpg`` and ``a.png`` are told apart."""
    taken: set[PurePosixPath] = set()
    for picture in pictures:
        plain = PurePosixPath(picture.name)
        place, number = plain.with_suffix(".txt"), 1
        while place in taken:
            number += 1
            place = plain.with_name(f"{plain.stem}_{number}.txt")
        taken.add(place)
        yield picture, place


def _text(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Sequence[Labelled], Sequence[str]], Texts]] = {
    "json": _json,
    "coco": _coco,
    "kitti": _kitti,
    **{name: partial(data_set_files, name) for name in DATA_SETS},
}
"""What labels can be written as, by name."""
