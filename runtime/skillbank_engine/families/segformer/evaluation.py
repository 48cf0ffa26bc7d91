"""Measuring a model on pictures with masks."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import cross_entropy

from skillbank_engine.data.images import open_image
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.drawing import beside
from skillbank_engine.errors import DataError
from skillbank_engine.exchange import Confusion, Looked, Metrics, Stage
from skillbank_engine.families.segformer.config.dataset import IGNORED
from skillbank_engine.families.segformer.data.masks import mask_classes
from skillbank_engine.families.segformer.data.sets import MaskSet
from skillbank_engine.families.segformer.drawing import class_colours, draw_classes
from skillbank_engine.families.segformer.metrics import SegmentationMetrics, confusion
from skillbank_engine.families.segformer.prediction import Predictor, best_classes
from skillbank_engine.results import write_text
from skillbank_engine.team import Team

if TYPE_CHECKING:
    from skillbank_engine.data.pixels import Array

_LOG = logging.getLogger(__name__)

_WORST = 20
"""So many pictures are listed as the worst."""


class _Row(TypedDict):
    image: str
    miou: float
    acc: float


@dataclass
class _Tally:
    """What one process has seen."""

    matrix: Array
    loss: float = 0.0
    pictures: list[_Row] = field(default_factory=list)


def measure(
    predictor: Predictor,
    data: MaskSet,
    stage: Stage,
    team: Team,
    *,
    batch_size: int,
    pixels: PixelScale,
    folder: Path | None = None,
    drawn_every: int = 1,
) -> Metrics | None:
    """Compare what a model finds with the masks, each in its own size.

    Parameters
    ----------
    predictor : Predictor
        The model.
    data : MaskSet
        The truth.
    stage : str
        Begins the names of the numbers.
    team : Team
        The processes that share the work.
    batch_size : int
        Pictures at once.
    pixels : PixelScale
        Of the model.
    folder : Path, optional
        Gets ``pictures.json`` (the worst first) and ``images_annotated/`` (truth left, found right).
    drawn_every : int
        Of so many batches one is drawn.

    Returns
    -------
    Metrics or None
        ``miou``, ``acc``, ``mean_acc`` and ``loss``, each behind the stage; on the main process.
    """
    names = data.classes.names
    tally = _Tally(np.zeros((len(names), len(names)), dtype=np.int64))
    mine = range(team.rank, len(data), team.size)

    def read(number: int) -> Image.Image:
        return open_image(data.items[number].pair.image, pixels)

    for batch, number, image, logits in predictor.answers(mine, read, batch_size):
        pair = data.items[number].pair
        truth, _ = mask_classes(pair.mask, data.classes)
        if truth.shape != (image.height, image.width):
            raise DataError(f"{pair.image} or its mask was changed while it was in use: start again")
        found = best_classes(logits)
        matrix = confusion(truth, found, len(names))
        tally.matrix += matrix
        target = torch.from_numpy(truth).long().to(logits.device)[None]
        tally.loss += float(cross_entropy(logits[None], target, ignore_index=IGNORED, reduction="sum"))
        own = SegmentationMetrics.of(matrix, names)
        tally.pictures.append({"image": pair.name, "miou": own.miou, "acc": own.accuracy})
        if folder is not None and batch % drawn_every == 0:
            place = folder / "images_annotated" / f"{pair.name}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            _sides(image, truth, found, names).save(place)
    every = team.collect(tally)
    if every is None:
        return None
    numbers = {item.pair.name: number for number, item in enumerate(data.items)}

    def draw(name: str) -> Image.Image:
        ((_, number, image, logits),) = predictor.answers([numbers[name]], read, 1)
        truth, _ = mask_classes(data.items[number].pair.mask, data.classes)
        return _sides(image, truth, best_classes(logits), names)

    return _summary(every, data, stage, folder, draw)


def _sides(image: Image.Image, truth: Array, found: Array, names: Sequence[str]) -> Image.Image:
    """Truth left, found right."""
    colours = class_colours(len(names))
    return beside(*(draw_classes(image, classes, names, colours) for classes in (truth, found)))


def _summary(
    every: Sequence[_Tally],
    data: MaskSet,
    stage: Stage,
    folder: Path | None,
    draw: Callable[[str], Image.Image],
) -> Metrics:
    matrix = np.sum([tally.matrix for tally in every], axis=0)
    found = SegmentationMetrics.of(matrix, data.classes.names)
    if stage == "test" and found.absent:
        _LOG.warning(
            "no pixel of %s is of %s: the means leave %s out",
            data.split,
            ", ".join(found.absent),
            "it" if len(found.absent) == 1 else "them",
        )
    pictures = sorted(
        (row for tally in every for row in tally.pictures), key=lambda row: (row["miou"], row["image"])
    )
    if folder is not None:
        write_text(folder / "pictures.json", json.dumps(pictures, indent=1) + "\n")
    loss = sum(tally.loss for tally in every) / max(1, int(matrix.sum()))
    return Metrics(
        values={
            f"{stage}_miou": found.miou,
            f"{stage}_acc": found.accuracy,
            f"{stage}_mean_acc": found.mean_accuracy,
            f"{stage}_loss": loss,
        },
        per_class=found.per_class,
        text=f"mIoU {found.miou:.3f}  pixel accuracy {found.accuracy:.3f}  loss {loss:.4f}",
        more={
            "absent": list(found.absent),
            "confusion": {"classes": list(data.classes.names), "pixels": matrix.tolist()},
            "worst": pictures[:_WORST],
        },
        confusion=Confusion(data.classes.names, matrix.tolist(), "pixels"),
        worst=[
            Looked(row["image"], f"mIoU {row['miou']:.3f}", partial(draw, row["image"]))
            for row in pictures[:_WORST]
            if row["acc"] < 1
        ],
    )
