"""Several names for one object: which is shown, which competes, and what brings another forward."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.sets import naming
from skillbank.sets.geometry import overlap
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Accept, Add, Change, Filter, LabelBox, Operation, Reject, Review
from skillbank.sets.naming import Bid, named
from skillbank.sets.store import SetStore
from tests.sets.conftest import box, home, sets, signs, spec
from tests.sets.replaying import check_laws

__all__ = ["home", "sets", "signs"]

TWO = [box(1, 0, 0.9), box(2, 1, 0.6)]
"""Two names for one object; the bound of a run is .7, and .5 and .3 are the classes' thresholds."""


def shown(there: LabelSet, number: int = 1) -> list[tuple[int, float | None]]:
    return sorted((each.class_number, each.score) for each in there.picture(number).boxes if each.shown)


def of_class(there: LabelSet, class_number: int, number: int = 1) -> LabelBox:
    [found] = [b for b in there.picture(number).boxes if b.class_number == class_number]
    return found


def test_the_surest_name_is_shown_and_the_other_is_a_candidate_that_competes(signs: LabelSet) -> None:
    run = signs.start_run(spec())
    far = [box(1, 0, 0.9), box(2, 30, 0.6)]
    signs.propose(run, {1: TWO, 2: far, 3: [box(1, 0, 0.9), box(2, 1, 0.4)]})
    assert shown(signs) == [(1, 0.9)] and of_class(signs, 2).candidate
    assert shown(signs, 2) == [(1, 0.9), (2, 0.6)] and shown(signs, 3) == [(1, 0.9)]
    row = signs.picture(1).row
    assert (row.shown, row.undecided, row.clashes) == (1, 1, 1)
    assert [p.number for p in signs.pictures(where=Filter("disagreeing"))] == [1], "below its threshold"
    check_laws(signs)


def test_a_moved_threshold_brings_the_other_name_forward(signs: LabelSet) -> None:
    signs.propose(signs.start_run(spec()), {1: TWO})
    signs.set_threshold(1, 0.95, "ann")
    assert shown(signs) == [(2, 0.6)] and signs.picture(1).row.clashes == 0
    signs.undo("ann")
    assert shown(signs) == [(1, 0.9)]
    check_laws(signs)


def test_the_bound_moves_without_the_model(signs: LabelSet) -> None:
    run = signs.start_run(spec())
    signs.propose(run, {1: TWO})
    version = signs.picture(1).version
    again = signs.start_run(replace(spec(), across=1.0))
    assert again.number == run.number and again.settings["across"] == 1.0
    assert shown(signs) == [(1, 0.9), (2, 0.6)] and signs.picture(1).version == version + 1
    assert next(iter(signs.missing(again))).number == 2, "the first one is done"
    check_laws(signs)


def test_what_a_person_says_of_one_name_tells_of_the_other(signs: LabelSet) -> None:
    signs.propose(signs.start_run(spec()), dict.fromkeys(range(1, 6), TWO))
    first = {number: of_class(signs, 1, number).number for number in range(1, 5)}
    second = {number: of_class(signs, 2, number).number for number in range(1, 5)}
    said: dict[int, list[Operation]] = {
        1: [Accept(first[1])],
        2: [Reject(first[2])],
        3: [Accept(second[3])],
        4: [Reject(first[4]), Change(second[4], box=(0, 10, 21, 31))],
    }
    for number, operations in said.items():
        signs.edit(number, operations, who="ann", version=signs.picture(number).version)
    assert shown(signs, 1) == [(1, 0.9)] and signs.picture(1).row.clashes == 0, "settled"
    assert shown(signs, 2) == [(2, 0.6)], "the other comes forward"
    assert shown(signs, 3) == [(2, 0.6)], "the surer one gives way to the person"
    assert shown(signs, 4) == [(2, 0.6)]
    signs.edit(5, [Review()], who="ann", version=signs.picture(5).version)
    states = {b.class_number: (b.state, b.shown) for b in signs.picture(5).boxes}
    assert states == {1: ("accepted", True), 2: ("proposed", False)}
    check_laws(signs)


def test_a_drawn_box_settles_the_names_of_its_place(signs: LabelSet) -> None:
    signs.propose(signs.start_run(spec()), {1: TWO})
    version = signs.picture(1).version
    signs.edit(1, [Reject(of_class(signs, 1).number), Add(1, (0, 10, 21, 30))], who="ann", version=version)
    assert shown(signs) == [(1, None)]


def test_two_runs_that_name_alike_do_not_differ_by_the_names_that_are_hidden(
    sets: SetStore, signs: LabelSet
) -> None:
    signs.propose(signs.start_run(spec()), {1: TWO})
    signs.propose(signs.start_run(spec("n")), {1: TWO})
    assert signs.picture(1).row.apart == 0 and shown(signs) == [(1, 0.9)]


MARKS = st.lists(
    st.builds(
        lambda kind, x, width, score, run: Bid(kind, (x, 0, x + width, 10), score, run),
        st.integers(1, 3), st.floats(0, 20), st.floats(5, 15), st.floats(0, 1), st.integers(1, 2),
    ),
    max_size=8,
)  # fmt: skip


@given(MARKS, MARKS, st.floats(0, 1))
def test_of_names_beyond_the_bound_one_is_shown(marks: list[Bid], decided: list[Bid], most: float) -> None:
    found = named(marks, decided, lambda _: most)
    chosen = [marks[n] for n in found.shown]
    for number, mark in enumerate(marks):
        rivals = [
            other
            for other in [*decided, *(each for each in chosen if each.run == mark.run and each is not mark)]
            if (other.class_number != mark.class_number or any(other is each for each in decided))
            and overlap(other.corners, mark.corners) > most
        ]
        if most < 1 and number in found.shown:
            assert not rivals
        else:
            assert most >= 1 or rivals, "nothing is hidden without a reason"
    if most >= 1:
        assert len(chosen) == len(marks)


CORNER = st.sampled_from([0.0, 3.0, 10.0, 10.5, 20.0, 33.3, 40.0])
BIDS = st.builds(
    lambda c, x, y, w, h, score, run: Bid(c, (x, y, x + w, y + h), score, run),
    st.none() | st.integers(1, 3),
    CORNER,
    CORNER,
    st.sampled_from([0.0, 1.0, 10.0, 12.0, 20.0]),
    st.sampled_from([0.0, 5.0, 10.0, 11.0]),
    st.none() | st.sampled_from([0.2, 0.5, 0.9]),
    st.none() | st.integers(1, 2),
)


@given(
    proposals=st.lists(BIDS, max_size=30), decided=st.lists(BIDS, max_size=6), rows=st.sampled_from([1, 7])
)
def test_many_boxes_are_named_as_few_are(proposals: list[Bid], decided: list[Bid], rows: int) -> None:
    found = []
    for many in (1, 1000):  # as arrays, and one by one
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(naming, "_MANY", many)
            patch.setattr(naming, "_ROWS", rows)
            found.append(named(proposals, decided, lambda run: (0.5, 0.3)[run - 1]))
    assert found[0] == found[1]


def test_a_renamed_box_brings_up_none_that_had_its_name(signs: LabelSet) -> None:
    signs.propose(signs.start_run(spec()), {1: TWO})
    before = signs.picture(1)
    [shown_one] = [box for box in before.boxes if box.shown]
    [other] = [box for box in before.boxes if not box.shown]
    renamed = [Change(shown_one.number, other.class_number)]
    after = signs.edit(1, renamed, who="ann", version=before.version)
    assert [box.number for box in after.boxes if box.shown] == [shown_one.number]
