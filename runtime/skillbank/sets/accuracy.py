"""How well models find what people have marked: average precision as COCO measures it, with intervals.

A model is compared with the objects of the same pictures, and the interval says how far the number would be
off with other pictures like these: they are drawn again, with repetition, some hundred times (bootstrap).
The same draws are used for all models, so that the interval of a difference is that of the models and not
that of the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from statistics import NormalDist
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from skillbank.sets.model import Corners, Proposal

__all__ = ["THRESHOLDS", "Accuracy", "Estimate", "Truth", "accuracy", "difference"]

THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""Least overlap of a box that is right; mAP is the mean over all of them, mAP50 takes the first."""
_RECALLS = np.linspace(0.0, 1.0, 101)
_MOST = 100
"""Boxes of a class in a picture that count, the surest first."""
_DRAWS, _FEWEST = 1000, 200
_WORK = 400_000_000
"""Boxes times draws that may be counted; with more boxes there are fewer draws."""
_BLOCK = 4_000_000
_SURE = 0.95

_Numbers: TypeAlias = npt.NDArray[np.float64]


class Truth(NamedTuple):
    """An object that a person has marked or accepted."""

    class_number: int
    box: Corners


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, and where it would lie with other pictures like these: nominally in 95 of 100 cases.

    With 20 to 40 pictures it holds in about 80, since average precision of few pictures is too high by
    itself; that of a difference does not suffer from it.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How well a model finds the objects of some pictures.

    Attributes
    ----------
    map50, map
        Mean over the classes that have objects in the pictures; None where there is none.
    classes
        By class number: AP50, and how many objects there are.
    draws50, draws
        The same means in each draw of pictures, shape (draws,).
    """

    map50: Estimate | None
    map: Estimate | None
    classes: dict[int, tuple[float, int]]
    pictures: int
    draws50: _Numbers = field(repr=False, compare=False)
    draws: _Numbers = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class _Judged:
    """Boxes of one class in all pictures, the surest first.

    Attributes
    ----------
    picture
        Index of the picture of each, shape (boxes,).
    right
        Whether each finds an object, at each overlap, shape (10, boxes).
    objects
        How many there are in each picture, shape (pictures,).
    """

    picture: npt.NDArray[np.int64]
    right: npt.NDArray[np.bool_]
    objects: npt.NDArray[np.int64]


def accuracy(
    truths: Sequence[Sequence[Truth]], found: Sequence[Sequence[Proposal]], *, seed: int = 0
) -> Accuracy:
    """Compare what a model has found in pictures with the objects in them.

    Parameters
    ----------
    truths, found
        For each picture, in the same order.
    seed
        Of the draws of pictures; models that are compared have the same.
    """
    classes = sorted({truth.class_number for picture in truths for truth in picture})
    judged = {number: _judged(number, truths, found) for number in classes}
    if not classes:
        empty = np.zeros(0)
        return Accuracy(None, None, {}, len(truths), empty, empty)
    weights = _weights(len(truths), sum(each.right.shape[1] for each in judged.values()), seed)
    whole = np.ones((1, len(truths)))
    own = {number: _precisions(each, whole)[0] for number, each in judged.items()}
    drawn = np.stack([_precisions(judged[number], weights) for number in classes])
    draws50, draws = _means(drawn[:, :, :1]), _means(drawn)
    return Accuracy(
        _estimate(float(np.mean([own[number][0] for number in classes])), draws50),
        _estimate(float(np.mean([own[number] for number in classes])), draws),
        {number: (float(own[number][0]), int(judged[number].objects.sum())) for number in classes},
        len(truths),
        draws50,
        draws,
    )


def difference(before: Accuracy, after: Accuracy) -> tuple[Estimate, Estimate] | None:
    """Return by how much a model is better than another in mAP50 and mAP; both saw the same pictures."""
    if before.map50 is None or before.map is None or after.map50 is None or after.map is None:
        return None
    size = min(len(before.draws), len(after.draws))
    return (
        _estimate(after.map50.value - before.map50.value, after.draws50[:size] - before.draws50[:size]),
        _estimate(after.map.value - before.map.value, after.draws[:size] - before.draws[:size]),
    )


def _estimate(value: float, draws: _Numbers) -> Estimate:
    """Return a number with its interval from draws, corrected for what they lie above or below it.

    Average precision of few pictures, or of a draw of them, is too high: a bias-corrected interval (Efron)
    takes back what the draws show of it.
    """
    draws = draws[~np.isnan(draws)]
    normal, count = NormalDist(), len(draws)
    below = (np.sum(draws < value) + np.sum(draws == value) / 2) / count
    off = normal.inv_cdf(float(np.clip(below, 1 / count, 1 - 1 / count)))
    reach = normal.inv_cdf(0.5 + _SURE / 2)
    shares = [100 * normal.cdf(2 * off + side) for side in (-reach, reach)]
    low, high = (float(each) for each in np.percentile(draws, shares))
    return Estimate(value, min(low, value), max(high, value))


def _weights(pictures: int, boxes: int, seed: int) -> _Numbers:
    """Return how often each picture is drawn, shape (draws, pictures)."""
    count = int(max(_FEWEST, min(_DRAWS, _WORK // max(1, boxes * len(THRESHOLDS)))))
    chance = np.random.default_rng(seed)
    return chance.multinomial(pictures, np.full(pictures, 1 / pictures), size=count).astype(float)


def _judged(number: int, truths: Sequence[Sequence[Truth]], found: Sequence[Sequence[Proposal]]) -> _Judged:
    scores: list[float] = []
    places: list[int] = []
    right: list[npt.NDArray[np.bool_]] = []
    objects = np.zeros(len(truths), dtype=np.int64)
    for place, (there, proposals) in enumerate(zip(truths, found, strict=True)):
        marked = [truth.box for truth in there if truth.class_number == number]
        objects[place] = len(marked)
        own = sorted((p for p in proposals if p.class_number == number), key=lambda p: -p.score)[:_MOST]
        if own:
            scores += [proposal.score for proposal in own]
            places += [place] * len(own)
            right.append(_matches([proposal.box for proposal in own], marked))
    matched = np.concatenate(right, axis=1) if right else np.zeros((len(THRESHOLDS), 0), dtype=bool)
    order = np.argsort(-np.array(scores), kind="stable")
    return _Judged(np.array(places, dtype=np.int64)[order], matched[:, order], objects)


def _matches(boxes: Sequence[Corners], objects: Sequence[Corners]) -> npt.NDArray[np.bool_]:
    """Return for boxes, the surest first, whether each finds an object that none before has, (10, boxes)."""
    right = np.zeros((len(THRESHOLDS), len(boxes)), dtype=bool)
    if not objects:
        return right
    shared = _overlaps(np.array(boxes), np.array(objects))
    free = np.ones((len(THRESHOLDS), len(objects)), dtype=bool)
    least = np.minimum(np.array(THRESHOLDS), 1 - 1e-10)[:, None]
    rows = np.arange(len(THRESHOLDS))
    for place, row in enumerate(shared):
        fits = np.where(free & (row >= least), row, -1.0)
        best = len(objects) - 1 - np.argmax(fits[:, ::-1], axis=1)  # of equal ones the last, as COCO does
        right[:, place] = fits[rows, best] >= 0
        free[rows[right[:, place]], best[right[:, place]]] = False
    return right


def _overlaps(boxes: _Numbers, objects: _Numbers) -> _Numbers:
    """Return the share of each box (rows) and object (columns), ``xyxy``, from 0 to 1."""
    low = np.maximum(boxes[:, None, :2], objects[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], objects[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(each[:, 2:] - each[:, :2], axis=1) for each in (boxes, objects)]
    whole: _Numbers = areas[0][:, None] + areas[1][None, :] - shared
    shares: _Numbers = np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)
    return shares


def _precisions(judged: _Judged, weights: _Numbers) -> _Numbers:
    """Return the average precision in each draw at each overlap, (draws, 10); NaN without an object."""
    made = np.full((len(weights), len(THRESHOLDS)), np.nan)
    objects = weights @ judged.objects
    if judged.right.shape[1] == 0:
        made[objects > 0] = 0.0
        return made
    step = max(1, _BLOCK // judged.right.shape[1])
    for start in range(0, len(weights), step):
        part = slice(start, start + step)
        times = weights[part][:, judged.picture]
        total = np.cumsum(times, axis=1)
        counts, places = np.unique(objects[part], return_inverse=True)
        needed = np.stack([_needed(int(count)) for count in counts])[places]
        for level, right in enumerate(judged.right):
            # Between two that are right precision only falls, and no recall is reached.
            areas = _areas(np.cumsum(times[:, right], axis=1), total[:, right], needed)
            made[part, level] = np.where(objects[part] > 0, areas, np.nan)
    return made


def _areas(right: _Numbers, total: _Numbers, needed: npt.NDArray[np.int64]) -> _Numbers:
    """Return the mean of the precision at 101 recalls, for each row of counts at right boxes."""
    rows, boxes = right.shape
    if boxes == 0:
        return np.zeros(rows)
    precision = np.divide(right, total, out=np.zeros_like(right), where=total > 0)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    # All rows in one search: each lies behind the one before, as whole numbers, so that nothing is rounded.
    behind = (int(max(right.max(), needed.max())) + 1) * np.arange(rows)[:, None]
    flat = np.searchsorted((right.astype(np.int64) + behind).ravel(), (needed + behind).ravel())
    places = flat.reshape(rows, -1) - boxes * np.arange(rows)[:, None]
    reached = np.take_along_axis(precision, np.minimum(places, boxes - 1), axis=1)
    means: _Numbers = np.where(places < boxes, reached, 0.0).sum(axis=1) / len(_RECALLS)
    return means


@cache
def _needed(objects: int) -> npt.NDArray[np.int64]:
    """Return how many of some objects have to be found for each recall."""
    return np.searchsorted(np.arange(objects + 1) / max(1, objects), _RECALLS, side="left")


def _means(drawn: _Numbers) -> _Numbers:
    """Return the mean over classes and overlaps in each draw; classes without an object do not count.

    Parameters
    ----------
    drawn
        Shape (classes, draws, overlaps).
    """
    known = ~np.isnan(drawn)
    counts = known.sum(axis=(0, 2))
    sums = np.where(known, drawn, 0.0).sum(axis=(0, 2))
    means: _Numbers = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    return means
