"""Training annotations: ODVG, one JSON document a line.

A line has either ``detection`` (boxes with a number that the label map names) or ``grounding`` (boxes with
phrases of a caption).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank_engine.data.faults import Faults
from skillbank_engine.data.images import image_size, turned_note
from skillbank_engine.data.records import (
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
from skillbank_engine.families.grounding_dino.tokenizer import normalise_phrase

if TYPE_CHECKING:
    from skillbank_engine.families.grounding_dino.config.dataset import TrainSource

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingSet:
    """All training sources together.

    Attributes
    ----------
    records : tuple of Record
        The annotated pictures, in the order of the files.
    labels : tuple of str
        Every class name of the label maps, without repeats.
    captions : tuple of str
        Captions of grounding lines: words for the vocabulary.
    """

    records: tuple[Record, ...]
    labels: tuple[str, ...]
    captions: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.records)

    def pictures(self) -> Iterator[Path]:
        """The files of the pictures."""
        return (record.image for record in self.records)

    def texts(self) -> Iterator[str]:
        """Every phrase and caption, for building a vocabulary."""
        yield from self.labels
        yield from self.captions
        for record in self.records:
            yield from record.phrases


def read_training_set(sources: Sequence[TrainSource], *, skip_broken: bool = False) -> TrainingSet:
    """Read ``dataset.train_data_sources``.

    Parameters
    ----------
    sources : list of pydantic model
        See :func:`read_source`.
    skip_broken : bool
        ``engine.skip_broken``: pictures and boxes that are broken are left out with a count.

    Raises
    ------
    DataError
        Anything missing or wrong, by file and line.
    """
    parts = [
        read_source(source, f"dataset.train_data_sources[{number}]", skip_broken=skip_broken)
        for number, source in enumerate(sources)
    ]
    records = tuple(record for part in parts for record in part.records)
    if not records:
        raise DataError("dataset.train_data_sources holds no picture: give at least one line of annotations")
    if not any(record.boxes for record in records):
        raise DataError(
            f"dataset.train_data_sources holds {len(records)} pictures but not one box: there is nothing to "
            "learn from; annotate some objects"
        )
    return TrainingSet(
        records,
        tuple(dict.fromkeys(label for part in parts for label in part.labels)),
        tuple(caption for part in parts for caption in part.captions),
    )


def read_source(source: TrainSource, key: str, *, skip_broken: bool = False) -> TrainingSet:
    """Read one source of annotated pictures.

    Parameters
    ----------
    source : pydantic model
        Has ``image_dir``, ``json_file`` and ``label_map``, which may be empty.
    key : str
        The dotted key of the source, for messages.
    skip_broken : bool
        Whether broken pictures and boxes are left out.

    Raises
    ------
    DataError
        Anything missing or wrong, by file and line, and all at once what is wrong with pictures and boxes.
    """
    folder = require_folder(source.image_dir, f"{key}.image_dir")
    file = require_file(source.json_file, f"{key}.json_file")
    names = read_label_map(require_file(source.label_map, f"{key}.label_map")) if source.label_map else {}
    faults = Faults(str(file), skip_broken)
    reader = _LineReader(file, folder, names, faults)
    records = tuple(reader.records())
    if skip_broken:
        records = whole_pictures(records, faults)
    faults.settle()
    return TrainingSet(records, tuple(dict.fromkeys(names.values())), tuple(reader.captions))


def read_label_map(path: Path) -> dict[int, str]:
    """Read ``{"0": "person", "1": "dog"}``.

    Raises
    ------
    DataError
        Not such a document, numbers not 0 to n-1, or an empty or repeated name.
    """
    try:
        document = json.loads(read_text(path))
    except ValueError as error:
        raise DataError(f"The label map {path} cannot be read as JSON ({error}): correct it") from error
    if (
        not isinstance(document, dict)
        or not document
        or not all(isinstance(v, str) for v in document.values())
    ):
        raise DataError(f'The label map {path} must be like {{"0": "person", "1": "dog"}}')
    try:
        names = {int(number): name for number, name in document.items()}
    except ValueError as error:
        raise DataError(
            f"The label map {path} has a key that is no number ({error}): count from 0"
        ) from error
    if sorted(names) != list(range(len(names))):
        raise DataError(
            f"The label map {path} must count from 0 to {len(names) - 1} without gaps, but its numbers are "
            f"{_shorten(sorted(names))}: renumber it and the annotations alike"
        )
    seen: dict[str, int] = {}
    for number in sorted(names):
        plain = normalise_phrase(names[number])
        if not plain:
            raise DataError(f"The label map {path} gives number {number} an empty name: name the class")
        if plain in seen:
            raise DataError(
                f"The label map {path} names both {seen[plain]} and {number} '{plain}': merge them or "
                "tell them apart"
            )
        seen[plain] = number
    return {number: normalise_phrase(names[number]) for number in sorted(names)}


class _LineReader:
    """Reads the lines of one file; remembers captions and which notes it has given."""

    def __init__(self, file: Path, folder: Path, names: Mapping[int, str], faults: Faults) -> None:
        self.captions: list[str] = []
        self._file = file
        self._folder = folder
        self._names = names
        self._faults = faults
        self._absent = tuple(names.values())
        self._noted = False

    def records(self) -> Iterator[Record]:
        """Yield one record for every line that is not blank and not at fault."""
        for number, line in enumerate(read_text(self._file).split("\n"), start=1):
            if line.strip():
                with self._faults.of_a("picture"):
                    yield self._record(line, f"{self._file} line {number}")

    def _record(self, line: str, place: str) -> Record:
        try:
            document = json.loads(line)
        except ValueError as error:
            raise DataError(f"{place} is not valid JSON ({error}): correct or remove the line") from error
        if not isinstance(document, dict):
            raise DataError(f"{place} must be a JSON object with file_name and detection or grounding")
        if {"images", "annotations", "categories"} <= document.keys():
            raise DataError(
                f"{place} holds COCO annotations, and training reads ODVG: convert them (skillbank data "
                "convert --to odvg)"
            )
        image = require_image(self._folder, self._file_name(document, place), place, self._file)
        width, height = whole_number(document.get("width")), whole_number(document.get("height"))
        if width is None or height is None:
            width, height = image_size(image)
        if width < 1 or height < 1:
            raise DataError(
                f"{place} says that the picture is {width} x {height} pixels: correct width and height, or "
                "leave them out"
            )
        faulty = self._faults.boxes
        if "detection" in document:
            pairs = list(self._detections(document["detection"], place))
            absent = self._absent
        elif "grounding" in document:
            pairs = list(self._regions(document["grounding"], place))
            absent = ()
        else:
            raise DataError(f"{place} has neither detection nor grounding: add the one that fits")
        about = partial(turned_note, image, width, height)
        boxes, phrases = [], []
        for where, box, phrase in pairs:
            with self._faults.of_a("box"):
                boxes.append(checked_box(four_numbers(box, f"{where}: bbox"), width, height, where, about))
                phrases.append(phrase)
        self._faults.refuse_emptied(boxes, faulty, place)
        return Record(image, width, height, tuple(boxes), tuple(phrases), absent)

    def _file_name(self, document: Mapping[str, object], place: str) -> str:
        name = document.get("file_name", document.get("filename"))
        if not isinstance(name, str) or not name:
            raise DataError(f"{place} has no file_name: add the name of its picture")
        if "file_name" not in document and not self._noted:
            self._noted = True
            _LOG.warning("%s says filename where file_name is meant; it is read all the same", place)
        return name

    def _detections(self, block: object, place: str) -> Iterator[tuple[str, object, str]]:
        """Yield place, box as written, and phrase of each object."""
        instances = block.get("instances") if isinstance(block, dict) else None
        if not isinstance(instances, list):
            raise DataError(f"{place} needs detection.instances, a list")
        if instances and not self._names:
            raise DataError(
                f"{place} has detection boxes, which need a label map: set label_map of its source"
            )
        for index, instance in enumerate(instances):
            where = f"{place} box {index}"
            with self._faults.of_a("box"):
                yield where, *self._detection(instance, where)

    def _detection(self, instance: object, where: str) -> tuple[object, str]:
        if not isinstance(instance, dict):
            raise DataError(f"{where} must be an object with bbox and label")
        number = whole_number(instance.get("label"))
        if number is None or number not in self._names:
            raise DataError(
                f"{where} has label {instance.get('label')!r}, which the label map lacks (it has 0 to "
                f"{len(self._names) - 1}): correct the label or extend the map"
            )
        return instance.get("bbox"), self._names[number]

    def _regions(self, block: object, place: str) -> Iterator[tuple[str, object, str]]:
        """Yield place, box as written, and phrase of each object."""
        if not isinstance(block, dict) or not isinstance(regions := block.get("regions"), list):
            raise DataError(f"{place} needs grounding.regions, a list")
        if isinstance(block.get("caption"), str):
            self.captions.append(block["caption"])
        for index, region in enumerate(regions):
            where = f"{place} box {index}"
            phrase = ""
            with self._faults.of_a("box"):
                phrase = self._phrase(region, where)
            if not phrase:
                continue
            boxes = region.get("bbox")
            # One phrase may point at several things.
            several = (
                isinstance(boxes, list) and bool(boxes) and all(isinstance(item, list) for item in boxes)
            )
            for box in boxes if several else [boxes]:
                yield where, box, phrase

    @staticmethod
    def _phrase(region: object, where: str) -> str:
        said = region.get("phrase") if isinstance(region, dict) else None
        phrase = normalise_phrase(said) if isinstance(said, str) else ""
        if not phrase:
            raise DataError(f"{where} has no phrase: say what the box shows")
        return phrase


def _shorten(numbers: list[int]) -> str:
    text = ", ".join(str(number) for number in numbers[:5])
    return f"{text}, ..." if len(numbers) > 5 else text
