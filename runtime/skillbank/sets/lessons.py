"""How likely a box is right, learned from boxes that people have decided: a logistic model of few numbers.

A model's score means something else for each caption, and of two names for one place the surer one is wrong
where a caption is always answered loudly. What tells them apart is the same for all models: the score, that
of each other name there, whether a surer box lies over it, its size, its shape and its colours. All classes
share one set of weights, and each has its own difference from it, which counts as far as there are boxes that
speak for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from skillbank.sets.model import Corners
from skillbank.sets.tints import tints

__all__ = ["Lesson", "Said", "Seen", "overlaps", "seen"]

Said: TypeAlias = tuple[int, Corners, float]
"""Class, corners in pixels and score of a box."""
_Numbers: TypeAlias = npt.NDArray[np.float64]
_SAME_PLACE = 0.5
"""Share of two boxes from which they are about one object."""
_BESIDE = 0.1
"""Share from which a surer box says something of one that it lies over."""
_LOUDEST = 0.99
_SHARED, _OWN = 1.0, 1.0
"""Variances that the shared weights and the differences of a class are expected to have."""
_MOST_NAMES = 8
"""Classes whose score at a box's place counts by itself: those with most boxes."""
_MOST_WEIGHTS = 400
"""Of all classes: those with most boxes have differences of their own, the others the shared weights."""
_STEPS, _STILL, _SHORTEST = 30, 1e-6, 1e-4


@dataclass(frozen=True)
class Seen:
    """Boxes of one picture as they are learned from.

    Attributes
    ----------
    classes
        Shape (boxes,).
    numbers
        What is known of each, the odds of its score first; shape (boxes, numbers).
    scores
        Shape (boxes,).
    here
        Whether two are about one place, shape (boxes, boxes).
    double
        Whether a surer box of the class shows the same object, shape (boxes,).
    """

    classes: npt.NDArray[np.int64]
    numbers: _Numbers
    scores: _Numbers
    here: npt.NDArray[np.bool_]
    double: npt.NDArray[np.bool_]

    def with_names(self, names: Sequence[int]) -> _Numbers:
        """Return the numbers, how loud each of some classes is at the place, and a one behind them."""
        alike = np.array(names, dtype=np.int64)[:, None] == self.classes
        heard = (self.here * (alike * self.scores)[:, None, :]).max(axis=2, initial=0.0)
        ones = np.ones((len(self.classes), 1))
        return np.concatenate([self.numbers, _odds(heard).T, ones], axis=1)


def seen(said: Sequence[Said], width: int, height: int, small: bytes = b"") -> Seen:
    """Return what is known of a picture's boxes.

    Parameters
    ----------
    said
        All that one run has found in it.
    small
        What the picture looks like, as `skillbank.datasets.looks.Look.small`; empty where nothing is known.
    """
    classes = np.array([each[0] for each in said], dtype=np.int64)
    corners = np.array([each[1] for each in said], dtype=float).reshape(-1, 4)
    scores = np.array([each[2] for each in said], dtype=float)
    shared = overlaps(corners, corners)
    np.fill_diagonal(shared, 0.0)
    order = np.argsort(-scores, kind="stable")
    rank = np.empty(len(said), dtype=np.int64)
    rank[order] = np.arange(len(said))
    surer = rank[None, :] < rank[:, None]
    alike = classes[None, :] == classes[:, None]
    double = _doubles(order, (shared >= _SAME_PLACE) & alike)
    there = ~double[None, :]
    rival = np.where((shared >= _SAME_PLACE) & ~alike & there, scores[None, :], 0.0).max(axis=1, initial=0.0)
    over = np.where((shared > _BESIDE) & surer & there, shared, 0.0).max(axis=1, initial=0.0)
    sides = np.maximum(corners[:, 2:] - corners[:, :2], 1e-3)
    size = np.log(sides.prod(axis=1) / (width * height)) / 2
    shape = np.abs(np.log(sides[:, 0] / sides[:, 1]))
    numbers = np.stack([_odds(scores), _odds(rival), 2 * over, size, shape], axis=1)
    looks = tints(small, corners, width, height)
    return Seen(classes, np.concatenate([numbers, looks], axis=1), scores, shared >= _SAME_PLACE, double)


def overlaps(first: _Numbers, second: _Numbers) -> _Numbers:
    """Return the shares of boxes (first, 4) with boxes (second, 4), shape (first, second)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = np.clip(high - low, 0.0, None).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    shares: _Numbers = both / np.maximum(areas[0][:, None] + areas[1][None, :] - both, 1e-9)
    return shares


def _doubles(order: npt.NDArray[np.int64], same: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    double = np.zeros(len(order), dtype=bool)
    for place in order:
        if not double[place]:
            double |= same[place]
            double[place] = False
    return double


def _odds(scores: _Numbers) -> _Numbers:
    """Return the logarithm of the odds of scores; a model that says nothing is near to impossible."""
    kept = np.clip(scores, 1 - _LOUDEST, _LOUDEST)
    odds: _Numbers = np.log(kept / (1 - kept))
    return odds


@dataclass(frozen=True)
class Lesson:
    """What was learned.

    Attributes
    ----------
    names
        Classes whose scores at a place are heard.
    shared
        Weights of the numbers, of these names and a constant.
    own
        What a class adds to them, by class number.
    """

    names: tuple[int, ...]
    shared: _Numbers
    own: dict[int, _Numbers]

    @classmethod
    def of(
        cls, examples: Sequence[Seen], right: Sequence[npt.NDArray[np.bool_]], usual: float
    ) -> Lesson | None:
        """Learn from boxes of pictures that are reviewed; None where all are right, or none is.

        Parameters
        ----------
        right
            Which of each picture's boxes are objects of their class.
        usual
            Score from which a box is right until something speaks against it.
        """
        single = [~each.double for each in examples]
        classes = np.concatenate([each.classes[keep] for each, keep in zip(examples, single, strict=True)])
        truth = np.concatenate([each[keep] for each, keep in zip(right, single, strict=True)]).astype(float)
        if not 0 < truth.sum() < len(truth):
            return None
        known, counts = np.unique(classes, return_counts=True)
        often = known[np.argsort(-counts, kind="stable")]
        names = tuple(map(int, often[:_MOST_NAMES]))
        rows = [each.with_names(names)[keep] for each, keep in zip(examples, single, strict=True)]
        design = np.concatenate(rows)
        width = design.shape[1]
        often = often[: _MOST_WEIGHTS // width]
        wide = np.concatenate([design, *(design * (classes == number)[:, None] for number in often)], axis=1)
        expected = np.zeros(wide.shape[1])
        expected[0], expected[width - 1] = 1.0, -float(_odds(np.array([usual]))[0])
        tight = np.full(wide.shape[1], 1 / _OWN)
        tight[:width] = 1 / _SHARED
        found = _fitted(wide, truth, expected, tight).reshape(-1, width)
        return cls(names, found[0], {int(number): found[1 + place] for place, number in enumerate(often)})

    def chances(self, boxes: Seen) -> _Numbers:
        """Return how likely each box is right, shape (boxes,); one that doubles a surer one is not."""
        none = np.zeros_like(self.shared)
        weights = np.stack([self.shared + self.own.get(int(n), none) for n in boxes.classes])
        odds = (boxes.with_names(self.names) * weights).sum(axis=1)
        return np.where(boxes.double, 0.0, _sigmoid(odds))


def _sigmoid(odds: _Numbers) -> _Numbers:
    chances: _Numbers = 1 / (1 + np.exp(-np.clip(odds, -30.0, 30.0)))
    return chances


def _fitted(rows: _Numbers, truth: _Numbers, expected: _Numbers, tight: _Numbers) -> _Numbers:
    """Return the most likely weights, found in Newton's steps, each as long as it leads downwards.

    Parameters
    ----------
    expected, tight
        What each weight is before anything is seen, and one over its variance.
    """

    def loss(weights: _Numbers) -> float:
        odds = rows @ weights
        far = tight @ (weights - expected) ** 2 / 2
        return float(np.logaddexp(0.0, odds).sum() - truth @ odds + far)

    weights = expected.copy()
    now = loss(weights)
    for _ in range(_STEPS):
        chance = _sigmoid(rows @ weights)
        slope = rows.T @ (chance - truth) + tight * (weights - expected)
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + np.diag(tight)
        step, length = np.linalg.solve(bend, slope), 1.0
        while (then := loss(weights - length * step)) > now and length > _SHORTEST:
            length /= 2
        if then >= now:
            break
        weights, now = weights - length * step, then
        if np.abs(step).max() < _STILL:
            break
    return weights
