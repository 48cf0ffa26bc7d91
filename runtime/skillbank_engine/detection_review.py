"""What a detector gets wrong: which classes it takes for which, and on which pictures most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

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
    whole = _pictures(data, detections, class_ids)
    least = _best_score(whole)
    pictures = [picture.above(least) for picture in whole]
    present = {label for picture in whole for _, label in picture.boxes} | set(measurable(data, class_ids))
    shown = sorted(present | {item.label for picture in pictures for item in picture.items})
    names = (*(data.names[label] for label in shown), NOTHING)
    about = f"Boxes count from a score of {least:.2f} on, at which most is right, and from IoU .5 on."
    return Confusion(names, _counts(pictures, shown), "boxes", about), _worst(pictures, data.names, pixels)


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


@dataclass(frozen=True)
class _Picture:
    """A picture with its true boxes and what was found on it."""

    record: Record
    boxes: Boxes
    items: Sequence[Found]

    def above(self, least: float) -> _Picture:
        """The same with what has at least a score."""
        return replace(self, items=[item for item in self.items if item.score >= least])

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """True and found boxes that belong together: those of one class first, then by overlap."""
        boxes, items, overlaps = self.boxes, self.items, _overlaps(self.boxes, self.items)
        near = [(a, b) for a in range(len(boxes)) for b in range(len(items)) if overlaps[a, b] >= _OVERLAP]
        near.sort(key=lambda pair: (boxes[pair[0]][1] != items[pair[1]].label, -overlaps[pair]))
        pairs: list[tuple[int, int]] = []
        for a, b in near:
            if all(a != one and b != other for one, other in pairs):
                pairs.append((a, b))
        return pairs

    @property
    def taken(self) -> list[tuple[int, int]]:
        """Of each pair the true and the found label."""
        return [(self.boxes[a][1], self.items[b].label) for a, b in self.pairs]

    @property
    def missed(self) -> list[int]:
        """Labels of true boxes that nothing belongs to."""
        paired = {a for a, _ in self.pairs}
        return [label for place, (_, label) in enumerate(self.boxes) if place not in paired]

    @property
    def extra(self) -> list[int]:
        """Labels of what was found where nothing is."""
        paired = {b for _, b in self.pairs}
        return [item.label for place, item in enumerate(self.items) if place not in paired]

    @property
    def faults(self) -> dict[str, int]:
        """How much is wrong, by what it is."""
        return {
            "missed": len(self.missed),
            "where nothing is": len(self.extra),
            "of another class": sum(true != found for true, found in self.taken),
        }


def _pictures(
    data: EvaluationSet, detections: Mapping[int, Sequence[Found]], class_ids: Sequence[int] | None
) -> list[_Picture]:
    """All pictures with what counts on them."""
    chosen = data.numbers(class_ids)
    counted = set(range(len(data.names)) if chosen is None else chosen)
    numbers = {name: number for number, name in enumerate(data.names)}
    pictures = []
    for image_id, record in zip(data.image_ids, data.records, strict=True):
        labels = [numbers[name] for name in record.phrases]
        boxes = [(box, label) for box, label in zip(record.boxes, labels, strict=True) if label in counted]
        found = [item for item in detections.get(image_id, ()) if item.label in counted]
        pictures.append(_Picture(record, boxes, found))
    return pictures


def _best_score(pictures: Sequence[_Picture]) -> float:
    """The score from which on detections give the best F1."""
    flags: list[tuple[float, bool]] = []
    for picture in pictures:
        boxes, items = picture.boxes, picture.items
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
    total, rights = sum(len(picture.boxes) for picture in pictures), np.cumsum([right for _, right in flags])
    shares = 2 * rights / (np.arange(1, len(flags) + 1) + total)
    return flags[int(shares.argmax())][0]


def _counts(pictures: Sequence[_Picture], shown: Sequence[int]) -> list[list[int]]:
    """Boxes by true and found label; the last row and column are what is not there."""
    order = {label: place for place, label in enumerate(shown)}
    matrix = np.zeros((len(order) + 1, len(order) + 1), dtype=np.int64)
    for picture in pictures:
        for true, found in picture.taken:
            matrix[order[true], order[found]] += 1
        for label in picture.missed:
            matrix[order[label], -1] += 1
        for label in picture.extra:
            matrix[-1, order[label]] += 1
    counts: list[list[int]] = matrix.tolist()
    return counts


def _worst(pictures: Sequence[_Picture], names: Sequence[str], pixels: PixelScale) -> list[Looked]:
    """The pictures of the least F1, those with more boxes first."""
    colours = phrase_colours(names)
    rows: list[tuple[float, int, int]] = []
    for number, picture in enumerate(pictures):
        right = 2 * sum(true == found for true, found in picture.taken)
        whole = len(picture.boxes) + len(picture.items)
        if whole > right:
            rows.append((right / whole, right - whole, number))
    return [
        Looked(
            pictures[number].record.image.name,
            ", ".join(f"{count} {what}" for what, count in pictures[number].faults.items() if count),
            partial(_drawn, pictures[number], names, colours, pixels),
        )
        for _, _, number in sorted(rows)[:_WORST]
    ]


def _overlaps(boxes: Boxes, items: Sequence[Found]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """IoU of all true boxes (rows) with all found ones."""
    true = torch.tensor([box for box, _ in boxes], dtype=torch.float64).reshape(-1, 1, 4)
    found = torch.tensor([item.box for item in items], dtype=torch.float64).reshape(1, -1, 4)
    shares: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = iou(true, found).numpy()
    return shares


def _drawn(
    picture: _Picture, names: Sequence[str], colours: Sequence[tuple[int, int, int]], pixels: PixelScale
) -> Image.Image:
    image = open_image(picture.record.image, pixels)
    truth = [Detection(label, box, 1.0) for box, label in picture.boxes]
    left = draw_detections(image, truth, names, colours, _OUTLINE, scores=False)
    return beside(left, draw_detections(image, picture.items, names, colours, _OUTLINE))
