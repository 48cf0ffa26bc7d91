"""What RT-DETR learns from and is measured on: pictures with COCO annotations, in batches of one size."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from skillbank_engine.data.cache import PictureCache
from skillbank_engine.data.coco import EvaluationSet, read_evaluation_set
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.records import Record
from skillbank_engine.data.transforms import View, image_tensor
from skillbank_engine.data.whole import open_annotated
from skillbank_engine.errors import DataError
from skillbank_engine.families.rtdetr.framing import Framing
from skillbank_engine.families.rtdetr.targets import TargetBatch, batch_targets
from skillbank_engine.families.rtdetr.variation import Variation
from skillbank_engine.task import Batch, Samples

if TYPE_CHECKING:
    from skillbank_engine.data.coco import CocoSource


@dataclass(frozen=True)
class TrainingSet:
    """Annotated pictures of one or several sources.

    Attributes
    ----------
    records : tuple of Record
        Pictures with boxes and the class name of each.
    names : tuple of str
        All class names, in the order of the first source's ids; those that only further ones have follow.
    """

    records: tuple[Record, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.records)

    def pictures(self) -> Iterator[Path]:
        """Yield the files."""
        return (record.image for record in self.records)


@dataclass(frozen=True)
class TestSet:
    """Annotated pictures to measure on."""

    annotations: EvaluationSet

    def __len__(self) -> int:
        return len(self.annotations.records)

    def pictures(self) -> Iterator[Path]:
        """Yield the files."""
        return (record.image for record in self.annotations.records)


def read_training_set(sources: Sequence[CocoSource], *, skip_broken: bool) -> TrainingSet:
    """Read ``dataset.train_data_sources``.

    Raises
    ------
    DataError
        Anything missing or wrong, or no box at all.
    """
    if not sources:
        raise DataError("dataset.train_data_sources is empty: name a folder of pictures and COCO annotations")
    records: list[Record] = []
    names: dict[str, None] = {}
    for number, source in enumerate(sources):
        found = read_evaluation_set(source, f"dataset.train_data_sources[{number}]", skip_broken=skip_broken)
        records.extend(found.records)
        names.update(dict.fromkeys(found.names))
    if not any(record.boxes for record in records):
        raise DataError(
            "dataset.train_data_sources have no box that could be learned from: annotate some objects"
        )
    return TrainingSet(tuple(records), tuple(names))


def read_test_set(source: CocoSource, key: str, *, skip_broken: bool) -> TestSet:
    """Read a set with true boxes; see :func:`.data.coco.read_evaluation_set`."""
    return TestSet(read_evaluation_set(source, key, skip_broken=skip_broken))


def relative_targets(view: View, names: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Give the boxes of a view as ``(m, 4)`` relative ``cxcywh`` with their classes ``(m,)``.

    Parameters
    ----------
    view : View
        In its frame.
    names : sequence of int
        Class of each of the record's boxes.
    """
    width, height = view.image.size
    corners = view.boxes.reshape(-1, 4) / np.array([width, height, width, height])
    boxes = np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], 1)
    classes = torch.tensor([names[number] for number in view.indices], dtype=torch.int64)
    return torch.from_numpy(boxes.astype(np.float32)), classes


def view_of(record: Record, pixels: PixelScale | None) -> View:
    """Open the picture of a record."""
    boxes = np.array(record.boxes, dtype=np.float64).reshape(-1, 4)
    return View(open_annotated(record, pixels), boxes, tuple(range(len(record.boxes))))


@dataclass(frozen=True)
class DetectionBatch(Batch):
    """What one pass trains on.

    Attributes
    ----------
    pixels : Tensor
        ``(B, 3, H, W)``: uint8 from the loader, 0 to 1 once prepared.
    targets : TargetBatch
        True boxes.
    """

    pixels: Tensor
    targets: TargetBatch


@dataclass(frozen=True)
class DetectionSample:
    """One view: ``(3, h, w)`` uint8, relative ``cxcywh`` boxes, classes, and the batch's size if it leads."""

    pixels: Tensor
    boxes: Tensor
    classes: Tensor
    side: int


class DetectionSamples(Samples[DetectionSample, DetectionBatch]):
    """Random views of the training pictures.

    Parameters
    ----------
    data : TrainingSet
        The annotations.
    labels : sequence of str
        Class names of the model, in order; all of the set's are among them.
    framing : Framing
        The size of training.
    variation : Variation
        What is changed at random.
    sides : sequence of int
        Sizes to choose from for each batch (``multi_scales``); none for that of ``framing``.
    cache_bytes : int
        How much memory decoded pictures may take.
    pixels : PixelScale
        Of the data set.
    """

    def __init__(
        self,
        data: TrainingSet,
        labels: Sequence[str],
        *,
        framing: Framing,
        variation: Variation,
        sides: Sequence[int],
        cache_bytes: int,
        pixels: PixelScale,
    ) -> None:
        place = {name: number for number, name in enumerate(labels)}
        self._records = data.records
        self._classes = [[place[name] for name in record.phrases] for record in data.records]
        self._framing, self._variation, self._pixels = framing, variation, pixels
        self._sides = tuple(sides)
        # What is cut out is taken from the picture itself; only where nothing is, its small copy can be kept.
        self._framed = variation.keeps_size
        sizes = [(framing.width, framing.height)] * len(data) if self._framed and cache_bytes else []
        self._cache = PictureCache(sizes, cache_bytes)

    def __len__(self) -> int:
        return len(self._records)

    def sample(self, index: int, epoch: int, numbers: random.Random) -> DetectionSample:
        """Make one sample; see the base class."""
        record = self._records[index]
        view = self._variation.apply(self._view(index, record), record.phrases, numbers)
        if not self._framed:
            view = self._framing.apply(view)
        boxes, classes = relative_targets(view, self._classes[index])
        side = numbers.choice(self._sides) if self._sides else 0
        return DetectionSample(image_tensor(view.image), boxes, classes, side)

    def _view(self, index: int, record: Record) -> View:
        if not self._framed:
            return view_of(record, self._pixels)
        kept = self._cache.get(index)
        if kept is None:
            view = self._framing.apply(view_of(record, self._pixels))
            self._cache.put(index, view.image)
            return view
        boxes = np.array(record.boxes, dtype=np.float64).reshape(-1, 4)
        inner = self._framing.inner(record.width, record.height)
        scale = np.array([inner[0] / record.width, inner[1] / record.height] * 2)
        return View(kept, boxes * scale, tuple(range(len(boxes))))

    def collate(self, samples: Sequence[DetectionSample]) -> DetectionBatch:
        """Put samples together, at the size that the first one drew."""
        pixels = torch.stack([sample.pixels for sample in samples])
        side = samples[0].side
        if side:
            pixels = torch.nn.functional.interpolate(
                pixels, size=self._scaled(side), mode="bilinear", align_corners=False, antialias=True
            )
        targets = batch_targets([sample.boxes for sample in samples], [sample.classes for sample in samples])
        return DetectionBatch(pixels, targets)

    def _scaled(self, side: int) -> tuple[int, int]:
        """Height and width for a drawn size: the longer side has it, the other follows in steps of 32."""
        height, width = self._framing.height, self._framing.width
        longest = max(height, width)
        return max(32, round(height / longest * side / 32) * 32), max(
            32, round(width / longest * side / 32) * 32
        )
