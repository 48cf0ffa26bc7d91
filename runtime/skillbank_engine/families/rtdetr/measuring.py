"""Measuring a detector on an evaluation set: average precisions and the training loss."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skillbank_engine.data.ahead import ahead
from skillbank_engine.data.records import Record
from skillbank_engine.data.transforms import View
from skillbank_engine.detection_metrics import (
    AveragePrecisions,
    Detection,
    average_precisions,
    detection_rows,
    measurable,
    nothing_to_measure,
)
from skillbank_engine.detection_review import reviewed
from skillbank_engine.device import Compute
from skillbank_engine.errors import DataError
from skillbank_engine.families.rtdetr.config import EvaluateSpec
from skillbank_engine.families.rtdetr.data import TestSet, relative_targets, view_of
from skillbank_engine.families.rtdetr.detector import DetectorOutput
from skillbank_engine.families.rtdetr.loss import detection_loss
from skillbank_engine.families.rtdetr.predictor import detections_of, view_pixels
from skillbank_engine.families.rtdetr.targets import TargetBatch, batch_targets
from skillbank_engine.results import write_text
from skillbank_engine.task import Metrics, Stage
from skillbank_engine.team import Team

if TYPE_CHECKING:
    from skillbank_engine.families.rtdetr.config.experiment import ExperimentSpec
    from skillbank_engine.families.rtdetr.task import RtDetr

__all__ = ["measurable", "measure", "nothing_to_measure"]


@dataclass
class Findings:
    """What was found in some pictures of an evaluation set.

    Attributes
    ----------
    detections : dict
        COCO image id to detections, whose labels count in the set's names.
    losses : list of (float, int)
        Training loss of each pass and the number of boxes that it is divided by.
    """

    detections: dict[int, list[Detection]] = field(default_factory=dict)
    losses: list[tuple[float, int]] = field(default_factory=list)


def measure(
    task: RtDetr, data: TestSet, stage: Stage, compute: Compute, team: Team, folder: Path | None
) -> Metrics | None:
    """Measure; see :meth:`.task.Task.measure`."""
    spec = task.spec
    class_ids = spec.dataset.eval_class_ids
    key = f"dataset.{stage}_data_sources"
    if not measurable(data.annotations, class_ids):
        raise DataError(nothing_to_measure(key, class_ids))
    places = class_places(task.labels, data.annotations.names, key)
    findings = find(task, data, stage, compute, team, places)
    parts = team.collect(findings)
    if parts is None:
        return None
    detections = {image: items for part in parts for image, items in part.detections.items()}
    found = average_precisions(data.annotations, detections, class_ids)
    losses = [loss for part in parts for loss in part.losses]
    if folder is not None:
        named = detection_rows(data.annotations, detections)
        write_text(folder / "detections.json", json.dumps(named, allow_nan=False) + "\n")
    metrics = _metrics(found, losses, stage)
    if stage == "val":
        return metrics
    return reviewed(metrics, data.annotations, detections, class_ids, task.pixels)


def _metrics(found: AveragePrecisions, losses: Sequence[tuple[float, int]], stage: Stage) -> Metrics:
    values = {f"{stage}_mAP": found.map, f"{stage}_mAP50": found.map50}
    text = f"mAP50 {found.map50:.3f}  mAP {found.map:.3f}"
    if losses:
        # Each pass is divided by its own number of boxes; together they count by it.
        loss = sum(value * count for value, count in losses) / sum(count for _, count in losses)
        values[f"{stage}_loss"] = loss
        text += f"  loss {loss:.3f}"
    return Metrics(values, found.per_class, text)


def class_places(labels: Sequence[str], names: Sequence[str], key: str) -> list[int | None]:
    """Say which of a set's names each class of the model is; None for one that the set lacks.

    Parameters
    ----------
    labels : sequence of str
        The model's.
    names : sequence of str
        The set's.
    key : str
        The spec's key of the set, for messages.

    Raises
    ------
    DataError
        The model knows none of the names.
    """
    order = {name: number for number, name in enumerate(names)}
    places = [order.get(label) for label in labels]
    if all(place is None for place in places):
        raise DataError(
            f"{key} has the categories {listed(names)}, none of which the model knows (it knows "
            f"{listed(labels)}): measure on annotations of the same classes"
        )
    return places


def listed(names: Sequence[str], most: int = 6) -> str:
    """Give some names for a message."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def find(
    task: RtDetr,
    data: TestSet,
    stage: Stage,
    compute: Compute,
    team: Team,
    places: Sequence[int | None],
) -> Findings:
    """Run the detector over this process' share of an evaluation set.

    Parameters
    ----------
    task, data, stage, compute, team
        As for :func:`measure`.
    places : sequence
        From :func:`class_places`.
    """
    findings, spec, framing = Findings(), task.spec, task.framing()
    threshold = spec.evaluate.conf_threshold if isinstance(spec, EvaluateSpec) else 0.0
    records = data.annotations.records

    def opened(index: int) -> View:
        return framing.apply(view_of(records[index], task.pixels))

    passes = _passes(len(records), _batch_size(spec))[team.rank :: team.size]
    coming = ahead(opened, chain.from_iterable(passes), _batch_size(spec))
    for chosen in passes:
        part = [records[index] for index in chosen]
        with task.pace.over(len(part)):
            views = list(islice(coming, len(part)))
            pixels = view_pixels(views, compute.device)
            if stage == "val":
                targets = _targets(task, part, views)
                logits, boxes = _validate(task, pixels, targets, compute, findings)
            else:
                assert task.answer is not None
                logits, boxes = task.answer(pixels)
            sizes = [(record.width, record.height) for record in part]
            found = detections_of(logits, boxes, sizes, framing, spec.model.num_select, threshold)
        for index, items in zip(chosen, found, strict=True):
            kept = ((item, places[item.label]) for item in items)
            findings.detections[data.annotations.image_ids[index]] = [
                replace(item, label=place) for item, place in kept if place is not None
            ]
    return findings


@torch.inference_mode()
def _validate(
    task: RtDetr, pixels: Tensor, targets: TargetBatch, compute: Compute, findings: Findings
) -> tuple[Tensor, Tensor]:
    """Run the module itself, and keep its training loss."""
    targets = targets.to(compute.device)
    task.module.eval()
    with compute.autocast(task.module.dtype):
        output: DetectorOutput = task.module(pixels, targets)
    total = detection_loss(output, targets, task.loss_weights)["loss"]
    findings.losses.append((float(total), max(targets.count, 1)))
    answer = task.module.architecture.answer
    return output.logits[answer], output.boxes[answer]


def _targets(task: RtDetr, records: Sequence[Record], views: Sequence[View]) -> TargetBatch:
    """Give the boxes, in pictures as they are seen, of classes that the model knows."""
    numbers = {label: number for number, label in enumerate(task.labels)}
    boxes, classes = [], []
    for record, view in zip(records, views, strict=True):
        known = [index for index in view.indices if record.phrases[index] in numbers]
        view = replace(view, boxes=view.boxes[known], indices=tuple(known))
        found, kinds = relative_targets(view, [numbers.get(name, 0) for name in record.phrases])
        boxes.append(found)
        classes.append(kinds)
    return batch_targets(boxes, classes)


def _passes(count: int, size: int) -> list[range]:
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def _batch_size(spec: ExperimentSpec) -> int:
    own = spec.evaluate.batch_size if isinstance(spec, EvaluateSpec) else -1
    return int(own if own > 0 else spec.dataset.batch_size)
