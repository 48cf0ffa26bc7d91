"""Measuring detections on COCO annotations: mAP over IoU .50 to .95, mAP at .50, and both by category."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from skillbank_engine.data.coco import EvaluationSet
from skillbank_engine.errors import DataError

if TYPE_CHECKING:
    from skillbank_engine.data.coco import CocoResult


@dataclass(frozen=True)
class Detection:
    """One found object.

    Attributes
    ----------
    label : int
        Index of its class.
    box : tuple of float
        ``xyxy`` in pixels of the original picture.
    score : float
        0 to 1.
    """

    label: int
    box: tuple[float, float, float, float]
    score: float


class Found(Protocol):
    """What is measured of a detection, whatever else a family's own has; as `Detection`."""

    @property
    def label(self) -> int:
        """Index of its class."""
        ...

    @property
    def box(self) -> tuple[float, float, float, float]:
        """``xyxy`` in pixels of the original picture."""
        ...

    @property
    def score(self) -> float:
        """0 to 1."""
        ...


@dataclass(frozen=True)
class AveragePrecisions:
    """What was measured; shares in 0 to 1.

    Attributes
    ----------
    map, map50 : float
        Mean average precision over the categories that have a true box, at IoU .50:.95 and at .50.
    per_class : dict
        Category name to ``{"mAP", "mAP50"}``; categories without a true box are left out.
    """

    map: float
    map50: float
    per_class: dict[str, dict[str, float]]


def measurable(data: EvaluationSet, class_ids: Sequence[int] | None) -> list[int]:
    """Give the indexes of the categories that count and have a true box, which is what an average needs.

    Parameters
    ----------
    data : EvaluationSet
        The true boxes.
    class_ids : sequence of int, optional
        ``dataset.eval_class_ids``; None for all categories.

    Raises
    ------
    DataError
        An id that the annotations lack.
    """
    chosen = data.numbers(class_ids)
    boxes = {entry["category_id"] for entry in data.document["annotations"] if not entry["iscrowd"]}
    return sorted(boxes if chosen is None else boxes & set(chosen))


def nothing_to_measure(key: str, class_ids: Sequence[int] | None) -> str:
    """Say what is amiss with an evaluation set in which :func:`measurable` finds nothing.

    Parameters
    ----------
    key : str
        The spec's key of the set.
    class_ids : sequence of int, optional
        As for :func:`measurable`.
    """
    what = "no box" if class_ids is None else f"no box of dataset.eval_class_ids {list(class_ids)}"
    return f"Nothing to measure: the annotations of {key} have {what}"


def coco_results(detections: Mapping[int, Sequence[Found]]) -> list[CocoResult]:
    """Turn detections, by COCO image id, into the list that COCO tools read."""
    return [
        {
            "image_id": image_id,
            "category_id": item.label,
            "bbox": [item.box[0], item.box[1], item.box[2] - item.box[0], item.box[3] - item.box[1]],
            "score": item.score,
        }
        for image_id, items in detections.items()
        for item in items
    ]


def detection_rows(data: EvaluationSet, detections: Mapping[int, Sequence[Found]]) -> list[dict[str, object]]:
    """Turn detections, by COCO image id, into a list with picture and class by name.

    Parameters
    ----------
    data : EvaluationSet
        What was measured on.
    detections : mapping
        COCO image id to detections, whose labels count in the set's names.
    """
    pictures = dict(zip(data.image_ids, (record.image.name for record in data.records), strict=True))
    return [
        {
            "image": pictures[image_id],
            "image_id": image_id,
            "category_id": data.category_ids[item.label],
            "phrase": data.names[item.label],
            "box": [round(value, 2) for value in item.box],
            "score": round(item.score, 5),
        }
        for image_id, items in detections.items()
        for item in items
    ]


def average_precisions(
    data: EvaluationSet,
    detections: Mapping[int, Sequence[Found]],
    class_ids: Sequence[int] | None = None,
) -> AveragePrecisions:
    """Compute average precisions with faster-coco-eval (at most 100 detections a picture).

    Parameters
    ----------
    data : EvaluationSet
        The true boxes.
    detections : mapping
        COCO image id to detections, whose labels count in the set's names.
    class_ids : sequence of int, optional
        Measure these categories only.

    Raises
    ------
    DataError
        None of them has a true box.
    """
    results = coco_results(detections)
    counted = measurable(data, class_ids)
    if not counted:
        raise DataError(nothing_to_measure("the evaluation set", class_ids))
    if not results:
        nothing = {data.names[number]: {"mAP": 0.0, "mAP50": 0.0} for number in counted}
        return AveragePrecisions(0.0, 0.0, nothing)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from faster_coco_eval import COCO, COCOeval_faster  # who only looks measures nothing

        truth = COCO(data.document)
        evaluator = COCOeval_faster(truth, truth.loadRes(results), "bbox", print_function=_say_nothing)
        if class_ids is not None:
            evaluator.params.catIds = data.numbers(class_ids)
        evaluator.evaluate()
        evaluator.accumulate()
    # Axes: IoU threshold, recall, category, size of objects (0: all), detections a picture (-1: 100).
    precision = np.asarray(evaluator.eval["precision"])[:, :, :, 0, -1]
    per_class: dict[str, dict[str, float]] = {}
    for position, category in enumerate(evaluator.params.catIds):
        values = precision[:, :, position]
        # -1 marks a category that has no true box.
        if (values > -1).any():
            per_class[data.names[category]] = {
                "mAP": float(values[values > -1].mean()),
                "mAP50": float(values[0][values[0] > -1].mean()),
            }
    count = max(len(per_class), 1)
    return AveragePrecisions(
        sum(item["mAP"] for item in per_class.values()) / count,
        sum(item["mAP50"] for item in per_class.values()) / count,
        per_class,
    )


def _say_nothing(*_arguments: object, **_more: object) -> None:
    """Stand in for print: the evaluator would write its tables to stdout."""
