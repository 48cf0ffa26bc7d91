"""Labels as files: our own JSON, COCO, YOLO, and the text files that the family's inference writes.

Each format is a function from labelled pictures to the texts of its files. All of them keep boxes inside the
picture; COCO and the family's files are in pixels of two decimals, YOLO's in shares of the sides of six.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from skillbank.errors import UsageError
from skillbank.labelling.findings import Labelled

__all__ = ["FORMATS", "Texts", "label_files", "see_that_names_differ", "yolo_images"]

Texts = Iterator[tuple[PurePosixPath, str]]
_SHARE = 1_000_000
_DATA = """\
# Labels that a model made; nobody has checked them. skillbank-labels.json above, if any, says which model.
# There is no `path`: ultralytics then reads `images` from beside this file, also when the folder has moved.
train: images
# ultralytics wants this key, and a training wants pictures here. What was only labelled is no measure of a
# model: name a folder of pictures with checked labels.
val:
"""


def see_that_names_differ(kinds: Collection[str], phrases: Sequence[str]) -> None:
    """Refuse descriptions that a format cannot tell apart.

    Raises
    ------
    UsageError
        When two are one name in the family's files, which have no blanks in names.
    """
    names: dict[str, str] = {}
    for phrase in phrases if "kitti" in kinds else ():
        first = names.setdefault(_unblanked(phrase), phrase)
        if first != phrase:
            raise UsageError(
                f"'{first}' and '{phrase}' are both '{_unblanked(phrase)}' in kitti files; "
                "word one of them otherwise, or choose another format."
            )


def label_files(name: str, pictures: Sequence[Labelled], phrases: Sequence[str]) -> Texts:
    """Yield the files of a format: relative paths and texts.

    Parameters
    ----------
    name
        One of `FORMATS`.
    phrases
        The descriptions; their order gives the numbers of classes, from 0.
    """
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
    annotations: list[dict[str, Any]] = []
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


def _yolo(pictures: Sequence[Labelled], phrases: Sequence[str]) -> Texts:
    """A folder that trainers of YOLO take: `data.yaml`, and `labels/` beside `images/`."""
    import yaml

    root = PurePosixPath("yolo")
    names = dict(enumerate(phrases))
    said = yaml.safe_dump({"names": names}, sort_keys=False, allow_unicode=True)
    yield root / "data.yaml", f"{_DATA}{said}"
    yield root / "classes.txt", "".join(f"{phrase}\n" for phrase in phrases)
    numbers = {phrase: number for number, phrase in names.items()}
    for picture, place in _yolo_places(pictures):
        size = picture.width, picture.height
        lines = (f"{numbers[f.phrase]} {_shares(f.box, size)}\n" for f in picture.findings)
        yield root / "labels" / place, "".join(lines)


def yolo_images(pictures: Sequence[Labelled]) -> Iterator[tuple[str, PurePosixPath]]:
    """Yield each picture's name and where trainers of YOLO look for it: named like its label file."""
    for picture, place in _yolo_places(pictures):
        yield (
            picture.name,
            PurePosixPath("yolo/images") / place.with_suffix(PurePosixPath(picture.name).suffix),
        )


def _yolo_places(pictures: Sequence[Labelled]) -> Iterator[tuple[Labelled, PurePosixPath]]:
    """Yield the names of label files; a folder ``images`` gets another name.

    Trainers find the labels of a picture by putting ``labels`` for the last ``images`` in its path.
    """
    renamed = []
    for picture in pictures:
        plain = PurePosixPath(picture.name)
        folders = [f"{part}_" if part.lower() == "images" else part for part in plain.parts[:-1]]
        renamed.append(replace(picture, name=PurePosixPath(*folders, plain.name).as_posix()))
    for picture, (_, place) in zip(pictures, _places(renamed), strict=True):
        yield picture, place


def _shares(box: tuple[float, float, float, float], size: tuple[int, int]) -> str:
    """Return centre and size as shares of the picture; the box that they mean is inside of it."""
    left, top, right, bottom = box
    (x, w), (y, h) = _share(left, right, size[0]), _share(top, bottom, size[1])
    return " ".join(f"{value / _SHARE:.6f}" for value in (x, y, w, h))


def _share(low: float, high: float, size: int) -> tuple[int, int]:
    """Return centre and length of a stretch in millionths; rounding never takes it over an edge."""
    centre = min(max(round((low + high) / 2 / size * _SHARE), 1), _SHARE - 1)
    length = round((high - low) / size * _SHARE)
    return centre, max(1, min(length, 2 * centre, 2 * (_SHARE - centre)))


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


def _text(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Sequence[Labelled], Sequence[str]], Texts]] = {
    "json": _json,
    "coco": _coco,
    "yolo": _yolo,
    "kitti": _kitti,
}
"""What labels can be written as, by name."""
