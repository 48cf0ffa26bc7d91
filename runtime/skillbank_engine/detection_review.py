"""What a detector gets wrong: which classes it takes for which, and on which pictures most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from PIL import Image

from skillbank_engine.boxes import iou
from skillbank_engine.data.coco import EvaluationSet
from skillbank_engine.data.images import open_image
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.records import Box, Record
from skillbank_engine.detection_metrics import Detection, Found, measurable
from skillbank_engine.drawing import beside, draw_detections, phrase_colours
from skillbank_engine.exchange import Confusion, Looked, Metrics

NOTHING = "nothing"
"""Stands for what is not there: of a box that is missed, and of one that was found where none is."""
_OVERLAP = 0.5
_WORST = 20
_OUTLINE = 3


def review(
    data: EvaluationSet,
    detections: Mapping[int, Sequence[Found]],
    class_ids: Sequence[int] | None,
    pixels: PixelScale,
) -> tuple[Confusion, list[Looked]]:
    """Compare detections with the true boxes at the score at which most is right (the best F1, at IoU .5).

    Parameters
    ----------
    data : EvaluationSet
        The true boxes.
    detections : mapping
        COCO image id to detections, whose labels count in the set's names.
    class_ids : sequence of int, optional
        ``dataset.eval_class_ids``: others are left out.
    pixels : PixelScale
        Of the model, to show pictures by.

    Returns
    -------
    Confusion, list of Looked
        Boxes by true and found class, and the worst pictures: truth left, found right.
    """
    chosen = data.numbers(class_ids)
    counted = set(range(len(data.names)) if chosen is None else chosen)
    numbers = {name: number for number, name in enumerate(data.names)}
    true, found = [], []
    for image_id, record in zip(data.image_ids, data.records, strict=True):
        labels = [numbers[name] for name in record.phrases]
        true.append(
            [(box, label) for box, label in zip(record.boxes, labels, strict=True) if label in counted]
        )
        found.append([item for item in detections.get(image_id, ()) if item.label in counted])
    least = _best_score(true, found)
    present = {label for boxes in true for _, label in boxes} | set(measurable(data, class_ids))
    kept = [[item for item in items if item.score >= least] for items in found]
    present |= {item.label for items in kept for item in items}
    order = {label: place for place, label in enumerate(sorted(present))}
    matrix = np.zeros((len(order) + 1, len(order) + 1), dtype=np.int64)
    rows: list[tuple[float, int, int]] = []
    for number, (boxes, items) in enumerate(zip(true, kept, strict=True)):
        pairs = _pairs(boxes, items)
        missed = [label for place, (_, label) in enumerate(boxes) if place not in {a for a, _ in pairs}]
        extra = [item.label for place, item in enumerate(items) if place not in {b for _, b in pairs}]
        for a, b in pairs:
            matrix[order[boxes[a][1]], order[items[b].label]] += 1
        for label in missed:
            matrix[order[label], -1] += 1
        for label in extra:
            matrix[-1, order[label]] += 1
        right = sum(boxes[a][1] == items[b].label for a, b in pairs)
        whole = len(boxes) + len(items)
        if whole > 2 * right:
            rows.append((2 * right / whole, number, whole - 2 * right))
    names = (*(data.names[label] for label in sorted(present)), NOTHING)
    about = f"Boxes count from a score of {least:.2f} on, at which most is right, and from IoU .5 on."
    colours = phrase_colours(data.names)
    worst = [
        Looked(
            data.records[number].image.name,
            _note(true[number], kept[number]),
            partial(_drawn, data.records[number], true[number], kept[number], data.names, colours, pixels),
        )
        for _, number, _ in sorted(rows, key=lambda row: (row[0], -row[2], row[1]))[:_WORST]
    ]
    return Confusion(names, matrix.tolist(), "boxes", about), worst


def reviewed(
    metrics: Metrics,
    data: EvaluationSet,
    detections: Mapping[int, Sequence[Found]],
    class_ids: Sequence[int] | None,
    pixels: PixelScale,
) -> Metrics:
    """Add to what was measured what :func:`review` gives; ``metrics.json`` gets the confusion."""
    confusion, worst = review(data, detections, class_ids, pixels)
    told = {"classes": list(confusion.names), "boxes": confusion.counts, "about": confusion.about}
    return replace(metrics, more={**metrics.more, "confusion": told}, confusion=confusion, worst=worst)


Boxes = list[tuple[Box, int]]


def _best_score(true: Sequence[Boxes], found: Sequence[Sequence[Found]]) -> float:
    """The score from which on detections give the best F1."""
    flags: list[tuple[float, bool]] = []
    for boxes, items in zip(true, found, strict=True):
        free = set(range(len(boxes)))
        overlaps = _overlaps(boxes, items)
        for place in sorted(range(len(items)), key=lambda place: -items[place].score):
            own = [a for a in free if boxes[a][1] == items[place].label and overlaps[a, place] >= _OVERLAP]
            if own:
                free.remove(max(own, key=lambda a: overlaps[a, place]))
            flags.append((items[place].score, bool(own)))
    flags.sort(key=lambda flag: -flag[0])
    if not any(right for _, right in flags):
        return _OVERLAP
    total, rights = sum(map(len, true)), np.cumsum([right for _, right in flags])
    shares = 2 * rights / (np.arange(1, len(flags) + 1) + total)
    return flags[int(shares.argmax())][0]


def _pairs(boxes: Boxes, items: Sequence[Found]) -> list[tuple[int, int]]:
    """True and found boxes that belong together: those of one class first, then by overlap."""
    overlaps = _overlaps(boxes, items)
    near = [(a, b) for a in range(len(boxes)) for b in range(len(items)) if overlaps[a, b] >= _OVERLAP]
    near.sort(key=lambda pair: (boxes[pair[0]][1] != items[pair[1]].label, -overlaps[pair]))
    pairs: list[tuple[int, int]] = []
    for a, b in near:
        if all(a != one and b != other for one, other in pairs):
            pairs.append((a, b))
    return pairs


def _overlaps(boxes: Boxes, items: Sequence[Found]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """IoU of all true boxes (rows) with all found ones."""
    true = torch.tensor([box for box, _ in boxes], dtype=torch.float64).reshape(-1, 1, 4)
    found = torch.tensor([item.box for item in items], dtype=torch.float64).reshape(1, -1, 4)
    shares: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = iou(true, found).numpy()
    return shares


def _note(boxes: Boxes, items: Sequence[Found]) -> str:
    pairs = _pairs(boxes, items)
    wrong = sum(boxes[a][1] != items[b].label for a, b in pairs)
    parts = {
        "missed": len(boxes) - len(pairs),
        "where nothing is": len(items) - len(pairs),
        "of another class": wrong,
    }
    return ", ".join(f"{count} {what}" for what, count in parts.items() if count)


def _drawn(
    record: Record,
    boxes: Boxes,
    items: Sequence[Found],
    names: Sequence[str],
    colours: Sequence[tuple[int, int, int]],
    pixels: PixelScale,
) -> Image.Image:
    image = open_image(record.image, pixels)
    truth = [Detection(label, box, 1.0) for box, label in boxes]
    left = draw_detections(image, truth, names, colours, _OUTLINE, scores=False)
    return beside(left, draw_detections(image, items, names, colours, _OUTLINE))
