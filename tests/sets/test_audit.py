"""The random sample: its intervals, what counts as right, wrong and missed, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.home import database_url
from skillbank.jobs.store import JobStore
from skillbank.sets.audit import audit_of, in_random_order, interval
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Add, Change, Operation, Reject, Review
from tests.web.sets import Truth, make_set, write_truth


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (10, 10), (1, 10), (95, 100), (50, 100), (1990, 2000)])
def test_intervals_are_those_of_clopper_and_pearson(hits: int, of: int) -> None:
    beta = pytest.importorskip("scipy.stats").beta
    low = beta.ppf(0.025, hits, of - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, of - hits) if hits < of else 1.0
    assert interval(hits, of) == pytest.approx((low, high), abs=1e-6)


def test_of_nothing_nothing_is_known() -> None:
    assert interval(0, 0) == (0.0, 1.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 400), st.data())
def test_an_interval_holds_its_share_and_is_mirrored(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    low, high = interval(hits, of)
    assert 0 <= low <= hits / of <= high <= 1
    assert interval(of - hits, of) == pytest.approx((1 - high, 1 - low), abs=1e-6)


@pytest.fixture
def truth(tmp_path: Path) -> list[Truth]:
    return write_truth(tmp_path / "photos", 12)


@pytest.fixture
def signs(home: Path, truth: list[Truth]) -> Iterator[LabelSet]:
    with JobStore(database_url()) as store:
        yield make_set(store, "signs", truth)


def review(signs: LabelSet, number: int, *operations: Operation) -> None:
    version = signs.picture(number).version
    signs.edit(number, [*operations, Review()], who="Ann", version=version)


def test_right_wrong_and_missed(signs: LabelSet) -> None:
    order = [row.number for row in in_random_order(signs.pictures())]
    nothing = audit_of(signs)
    assert (nothing.pictures, nothing.verdict, nothing.waiting) == (0, "more", tuple(order))
    first, second, third = order[:3]
    disc, block, _ = signs.picture(first).boxes
    review(signs, first)  # two right
    disc, block, _ = signs.picture(second).boxes
    x1, y1, x2, y2 = disc.corners
    review(
        signs, second, Change(disc.number, box=(x1 + 2, y1, x2 + 2, y2)), Change(block.number, class_number=1)
    )
    disc, block, _ = signs.picture(third).boxes
    review(signs, third, Reject(disc.number), Add(2, (5, 5, 30, 30)))
    review(signs, order[5])  # not at the head of the order by chance: it does not count
    audit = audit_of(signs)
    assert audit.pictures == 3 and audit.waiting == tuple(n for n in order[3:] if n != order[5])
    # Each class: right twice, wrong once, missed once (a block that is a disc, a block that was drawn).
    for number in (1, 2):
        rates = audit.classes[number]
        assert (rates.precision.hits, rates.precision.of) == (2, 3)
        assert (rates.recall.hits, rates.recall.of) == (2, 3)
    assert (audit.overall.precision.hits, audit.overall.precision.of) == (4, 6)
    assert audit.verdict == "more" and audit.more


def test_a_threshold_moves_what_the_sample_says(signs: LabelSet) -> None:
    for row in signs.pictures():
        review(signs, row.number)
    assert audit_of(signs).overall.recall.value == 1.0
    signs.set_threshold(2, 0.5, "Ann")  # blocks lie at .4: they would not have been shown
    audit = audit_of(signs, target=0.9)
    assert audit.classes[2].recall.value == 0.0 and audit.verdict == "no"
    signs.set_threshold(2, None, "Ann")
    assert audit_of(signs, target=0.8).verdict == "yes", "24 of 24: at least 85.8 %"
    assert audit_of(signs, target=0.95).verdict == "more"


def test_candidates_that_a_lower_threshold_would_show_are_wrong_but_where_somebody_drew(
    signs: LabelSet,
) -> None:
    order = [row.number for row in in_random_order(signs.pictures())]
    signs.set_threshold(2, 0.5, "Ann")  # blocks lie at .4
    review(signs, order[0])
    block = next(each for each in signs.picture(order[1]).boxes if each.class_number == 2)
    review(signs, order[1], Add(2, block.corners))
    assert audit_of(signs).classes[2].precision.of == 0
    signs.set_threshold(2, 0.3, "Ann")
    rates = audit_of(signs).classes[2]
    assert (rates.precision.hits, rates.precision.of) == (1, 2) and rates.recall.value == 1.0


def test_what_was_pulled_stays_right_when_its_class_is_merged(signs: LabelSet) -> None:
    order = [row.number for row in in_random_order(signs.pictures())]
    disc = signs.picture(order[0]).boxes[0]
    x1, y1, x2, y2 = disc.corners
    review(signs, order[0], Change(disc.number, box=(x1 + 1, y1, x2 + 1, y2)))
    signs.merge_classes([1], 2, "Ann")
    assert audit_of(signs).overall.precision.value == 1.0
