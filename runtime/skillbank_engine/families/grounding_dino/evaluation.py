"""Measuring on COCO annotations: mAP over IoU .50 to .95, mAP at .50, and both by category."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import torch

from skillbank_engine.data.ahead import ahead
from skillbank_engine.data.coco import EvaluationSet
from skillbank_engine.data.records import Record
from skillbank_engine.detection_metrics import average_precisions
from skillbank_engine.families.grounding_dino.detector import DetectorOutput
from skillbank_engine.families.grounding_dino.loss import LossWeights, detection_loss
from skillbank_engine.families.grounding_dino.predictor import Detection, Predictor
from skillbank_engine.families.grounding_dino.targets import TargetBatch, batch_targets
from skillbank_engine.team import ALONE, Team


@dataclass(frozen=True)
class Metrics:
    """What was measured; shares in 0 to 1.

    Attributes
    ----------
    map, map50 : float
        Mean average precision over the categories that have a true box, at IoU .50:.95 and at .50.
    per_class : dict
        Category name to ``{"mAP", "mAP50"}``; categories without a true box are left out.
    loss : float
        Mean training loss, NaN when it was not asked for.
    """

    map: float
    map50: float
    per_class: dict[str, dict[str, float]]
    loss: float = float("nan")


@dataclass(frozen=True)
class Findings:
    """What was found in some pictures of an evaluation set.

    Attributes
    ----------
    detections : dict
        COCO image id to detections.
    losses : list of (float, int)
        Training loss of each pass and the number of boxes that it is divided by.
    """

    detections: dict[int, list[Detection]]
    losses: list[tuple[float, int]]


def measure(
    predictor: Predictor,
    data: EvaluationSet,
    batch_size: int,
    *,
    weights: LossWeights | None = None,
    class_ids: Sequence[int] | None = None,
    threshold: float = 0.0,
) -> tuple[Metrics, dict[int, list[Detection]]]:
    """Run a predictor over an evaluation set and measure; see :func:`find` and :func:`summarise`.

    Parameters
    ----------
    predictor : Predictor
        Made for the set's category names, in order.
    data : EvaluationSet
        Pictures and true boxes.
    batch_size : int
        Pictures a pass.
    weights : LossWeights, optional
        Also compute the training loss.
    class_ids : sequence of int, optional
        Measure these categories only.
    threshold : float
        Detections below this score do not count.

    Returns
    -------
    metrics : Metrics
        The measures.
    detections : dict
        COCO image id to what was found there.
    """
    found = find(predictor, data, batch_size, weights=weights, threshold=threshold)
    return summarise(data, [found], class_ids), found.detections


def find(
    predictor: Predictor,
    data: EvaluationSet,
    batch_size: int,
    *,
    weights: LossWeights | None = None,
    threshold: float = 0.0,
    team: Team = ALONE,
) -> Findings:
    """Run a predictor over this process' share of an evaluation set.

    Whole passes are shared out, each of which gives the same whoever makes it.

    Parameters
    ----------
    predictor, data, batch_size, weights, threshold
        As for :func:`measure`.
    team : Team
        Who shares the work.
    """
    detections: dict[int, list[Detection]] = {}
    losses: list[tuple[float, int]] = []
    shares = list(_equal_sizes(data.records, batch_size))[team.rank :: team.size]
    paths = (data.records[index].image for index in chain.from_iterable(shares))
    coming = ahead(predictor.look, paths, batch_size)
    for chosen in shares:
        records = [data.records[index] for index in chosen]
        with predictor.pace.over(len(records)):
            pictures = list(islice(coming, len(chosen)))
            passes = predictor.run(pictures)
            found = predictor.read(passes, pictures, threshold)
        for index, items in zip(chosen, found, strict=True):
            detections[data.image_ids[index]] = items
        if weights is not None:
            for prompt, batch, output in passes:
                if not isinstance(output, DetectorOutput):
                    raise TypeError("the training loss needs the whole output of a detector")
                targets = _targets(records, prompt.phrases).to(batch.token_ids.device)
                total = detection_loss(output, targets, batch.phrase_tokens, weights)["loss"]
                losses.append((float(total), max(targets.count, 1)))
    return Findings(detections, losses)


def summarise(
    data: EvaluationSet, findings: Sequence[Findings], class_ids: Sequence[int] | None = None
) -> Metrics:
    """Measure what was found, by one process or several."""
    detections = {key: items for part in findings for key, items in part.detections.items()}
    losses = [loss for part in findings for loss in part.losses]
    metrics = average_precisions(data, detections, class_ids)
    # Each batch is divided by its own number of boxes; together they count by it.
    boxes = sum(count for _, count in losses)
    loss = sum(value * count for value, count in losses) / boxes if losses else float("nan")
    return Metrics(metrics.map, metrics.map50, metrics.per_class, loss)


def _equal_sizes(records: Sequence[Record], batch_size: int) -> Iterator[list[int]]:
    """Yield batches of indices of equally large pictures.

    Padding would leak into the group norms of the network: a picture's result would depend on its company.
    """
    groups: dict[tuple[int, int], list[int]] = {}
    for index, record in enumerate(records):
        groups.setdefault((record.width, record.height), []).append(index)
    for group in groups.values():
        yield from (group[start : start + batch_size] for start in range(0, len(group), batch_size))


def _targets(records: Sequence[Record], phrases: Sequence[str]) -> TargetBatch:
    """True boxes of those phrases that stand in one prompt."""
    place = {phrase: number for number, phrase in enumerate(phrases)}
    boxes, numbers = [], []
    for record in records:
        kept = [index for index, phrase in enumerate(record.phrases) if phrase in place]
        corners = torch.tensor([record.boxes[index] for index in kept]).reshape(-1, 4)
        relative = corners / torch.tensor([record.width, record.height] * 2)
        size = relative[:, 2:] - relative[:, :2]
        boxes.append(torch.cat([relative[:, :2] + size / 2, size], 1))
        numbers.append(torch.tensor([place[record.phrases[index]] for index in kept], dtype=torch.int64))
    return batch_targets(boxes, numbers)
