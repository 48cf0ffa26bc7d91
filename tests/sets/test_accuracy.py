"""Average precision against pycocotools, and intervals that hold what they promise."""

from __future__ import annotations

import contextlib
import io
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from skillbank.sets.accuracy import Truth, accuracy, difference
from skillbank.sets.model import Proposal

Pictures = tuple[list[list[Truth]], list[list[Proposal]]]


def some(seed: int, pictures: int = 25, classes: int = 3, sure: float = 0.8) -> Pictures:
    """Return objects of pictures, and what a model of some skill would find."""
    chance = random.Random(seed)
    truths, found = [], []
    for _ in range(pictures):
        there, seen = [], []
        for _ in range(chance.randint(0, 6)):
            x, y, w, h = (
                chance.uniform(0, 60),
                chance.uniform(0, 60),
                chance.uniform(8, 40),
                chance.uniform(8, 40),
            )
            truth = Truth(chance.randint(1, classes), (x, y, x + w, y + h))
            there.append(truth)
            for _ in range(chance.choice([1, 1, 2])):  # the same thing twice, now and then
                off = [chance.gauss(0, 2.5) for _ in range(4)]
                box = tuple(side + by for side, by in zip(truth.box, off, strict=True))
                kind = truth.class_number if chance.random() < sure else chance.randint(1, classes)
                # Scores of few values, so that many are equal.
                seen.append(Proposal(kind, box, round(chance.betavariate(3, 2), 1)))  # type: ignore[arg-type]
        for _ in range(chance.randint(0, 4)):
            x, y = chance.uniform(0, 80), chance.uniform(0, 80)
            seen.append(
                Proposal(chance.randint(1, classes + 1), (x, y, x + 15, y + 15), chance.betavariate(2, 4))
            )
        truths.append(there)
        found.append(seen)
    return truths, found


def by_coco(truths: list[list[Truth]], found: list[list[Proposal]]) -> tuple[float, float]:
    """Return mAP50 and mAP as pycocotools has them."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def wide(box: Any) -> list[float]:
        return [box[0], box[1], box[2] - box[0], box[3] - box[1]]

    marked = [
        {"image_id": i, "category_id": t.class_number, "bbox": wide(t.box), "iscrowd": 0}
        | {"area": wide(t.box)[2] * wide(t.box)[3]}
        for i, there in enumerate(truths)
        for t in there
    ]
    seen = [
        {"image_id": i, "category_id": p.class_number, "bbox": wide(p.box), "score": p.score}
        for i, there in enumerate(found)
        for p in there
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": i} for i in range(len(truths))],
            "categories": [
                {"id": n, "name": str(n)} for n in sorted({t.class_number for there in truths for t in there})
            ],
            "annotations": [{"id": n, **each} for n, each in enumerate(marked, 1)],
        }
        coco.createIndex()
        known = set(coco.getCatIds())
        judge = COCOeval(coco, coco.loadRes([each for each in seen if each["category_id"] in known]), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return float(judge.stats[1]), float(judge.stats[0])


@pytest.mark.parametrize("seed", range(12))
def test_it_is_what_pycocotools_says(seed: int) -> None:
    truths, found = some(seed, pictures=4 + 5 * seed, classes=1 + seed % 4, sure=0.5 + seed / 24)
    seen = accuracy(truths, found)
    assert seen.map50 is not None and seen.map is not None
    assert (seen.map50.value, seen.map.value) == pytest.approx(by_coco(truths, found), abs=1e-12)


def test_more_than_a_hundred_boxes_of_a_picture_are_cut_as_there() -> None:
    chance = random.Random(5)
    truths = [[Truth(1, (10 * i, 0, 10 * i + 9, 9)) for i in range(130)] for _ in range(2)]
    found = [
        [Proposal(1, (10 * i + chance.uniform(0, 3), 0, 10 * i + 9, 9), chance.random()) for i in range(130)]
        for _ in range(2)
    ]
    seen = accuracy(truths, found)
    assert seen.map50 is not None and seen.map is not None
    assert (seen.map50.value, seen.map.value) == pytest.approx(by_coco(truths, found), abs=1e-12)


def test_a_draw_is_the_number_of_its_pictures() -> None:
    """Each draw is what measuring the pictures that were drawn, with repetition, gives."""
    truths, found = some(3, pictures=12)
    scores = iter(random.Random(1).sample(range(1, 10_000), 10_000 - 1))  # no two are equal
    found = [[replace(p, score=next(scores) / 10_000) for p in there] for there in found]
    seen = accuracy(truths, found, seed=7)
    weights = np.random.default_rng(7).multinomial(12, np.full(12, 1 / 12), size=len(seen.draws))
    for draw in range(30):
        places = [i for i, times in enumerate(weights[draw]) for _ in range(times)]
        expected = by_coco([truths[i] for i in places], [found[i] for i in places])
        assert (seen.draws50[draw], seen.draws[draw]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.slow
def test_intervals_hold_the_number_of_all_pictures_mostly() -> None:
    truths, found = some(11, pictures=1200)
    worse = [[p for p in there if p.class_number != 2 or p.score > 0.6] for there in found]
    whole, poorer = accuracy(truths, found), accuracy(truths, worse)
    between = difference(poorer, whole)
    assert whole.map50 is not None and between is not None
    inside = apart = 0
    wide = 0.0
    for start in range(0, 1200, 40):
        part = accuracy(truths[start : start + 40], found[start : start + 40])
        other = accuracy(truths[start : start + 40], worse[start : start + 40])
        here = difference(other, part)
        assert part.map50 is not None and here is not None
        assert part.map50.low <= part.map50.value <= part.map50.high
        inside += part.map50.low <= whole.map50.value <= part.map50.high
        apart += here[0].low <= between[0].value <= here[0].high
        wide += part.map50.high - part.map50.low
    assert inside >= 21 and apart >= 25  # of 30
    assert whole.map50.high - whole.map50.low < wide / 30 / 3  # more pictures say more


def test_the_interval_of_a_difference_is_that_of_the_models() -> None:
    truths, found = some(4, pictures=40)
    worse = [[p for p in there if p.score > 0.65 or p.class_number != 1] for there in found]
    one, other = accuracy(truths, worse), accuracy(truths, found)
    between = difference(one, other)
    assert between is not None and one.map50 is not None and other.map50 is not None
    assert between[0].value == pytest.approx(other.map50.value - one.map50.value)
    assert 0 < between[0].low < between[0].value < between[0].high
    assert between[0].high - between[0].low < other.map50.high - other.map50.low
    same = difference(other, other)
    assert same is not None and (same[0].low, same[0].high) == (0, 0)


def test_without_objects_or_boxes() -> None:
    boxes = [Proposal(1, (0.0, 0.0, 9.0, 9.0), 0.5)]
    assert accuracy([[]], [boxes]).map50 is None
    assert accuracy([], []).map is None
    assert difference(accuracy([[]], [boxes]), accuracy([[]], [[]])) is None
    nothing = accuracy([[Truth(1, (0, 0, 9, 9))], []], [[], []])
    assert nothing.map50 is not None and nothing.map50.value == nothing.map50.low == 0
    assert nothing.classes == {1: (0.0, 1)}
