"""A set that learns: what people decided says what is shown of the rest, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skillbank.sets import learning
from skillbank.sets.accepting import NotAcceptableError
from skillbank.sets.audit import in_random_order
from skillbank.sets.backup import backup, restore
from skillbank.sets.label_set import LabelSet
from skillbank.sets.lessons import Lesson, overlaps, seen
from skillbank.sets.model import Accept, Change, Operation, Reject, Review, VersionConflictError
from skillbank.sets.store import SetStore
from tests.sets.conftest import box, found, spec
from tests.sets.replaying import check_laws, events_of

EXIT, BARE = 1, 2


@pytest.fixture
def loud(signs: LabelSet) -> LabelSet:
    """Ten pictures: an exit that is found hardly, and called bare more loudly; a bare on its own is one.

    The threshold of the classes is the run's, .3: the exits are hidden, or have the wrong name.
    """
    signs.set_threshold(BARE, None, "ann")
    run = signs.start_run(spec())
    here = [box(EXIT, 10, 0.12), box(BARE, 10, 0.35), box(BARE, 60, 0.5)]
    signs.propose(run, dict.fromkeys(range(1, 11), here))
    return signs


def shown(labels: LabelSet, number: int) -> list[tuple[int, float]]:
    return sorted((each.class_number, each.x1) for each in labels.picture(number).boxes if each.shown)


def correct(labels: LabelSet, number: int, who: str = "ann") -> None:
    """Say that the exit is one and the louder name is none."""
    state = labels.picture(number)
    hard, wrong, right = sorted(state.boxes, key=lambda each: each.number)[:3]
    done: list[Operation] = [Accept(hard.number), Reject(wrong.number), Accept(right.number), Review()]
    labels.edit(number, done, who=who, version=state.version)


def test_what_was_decided_says_what_is_shown_of_the_rest(loud: LabelSet) -> None:
    assert shown(loud, 10) == [(BARE, 10), (BARE, 60)]
    loud.learn(True, "ann")
    assert shown(loud, 10) == [(BARE, 10), (BARE, 60)], "nothing is decided yet"
    for number in range(1, 1 + learning.FEWEST):
        correct(loud, number)
    [following] = loud.next("ann")
    assert shown(loud, following) == shown(loud, 10) == [(EXIT, 10), (BARE, 60)]
    assert loud.summary().learns and loud.runs()[-1].learned == learning.FEWEST
    boxes = loud.picture(10).boxes
    assert all(each.chance is not None and each.state == "proposed" for each in boxes)
    assert [each.score for each in boxes] == [0.12, 0.35, 0.5], "a model's scores stay what they were"
    check_laws(loud)


def test_accepting_takes_what_was_learned_and_a_page_of_before_hears_of_it(loud: LabelSet) -> None:
    before = loud.picture(10)
    loud.learn(True, "ann")
    for number in range(1, 4):
        correct(loud, number)
    loud.next("ann")
    with pytest.raises(VersionConflictError):  # what it shows is not what would be accepted now
        loud.edit(10, [Review()], who="ann", version=before.version)
    state = loud.edit(10, [Review()], who="ann", version=loud.picture(10).version)
    accepted = {(each.class_number, each.x1) for each in state.boxes if each.state == "accepted"}
    assert accepted == {(EXIT, 10), (BARE, 60)}


def test_a_picture_that_somebody_is_at_stays_as_it_is(loud: LabelSet) -> None:
    loud.learn(True, "ann")
    [theirs] = loud.next("bea")
    before = loud.picture(theirs)
    for number in [number for number in range(1, 11) if number != theirs][:3]:
        correct(loud, number)
    [mine] = loud.next("ann")
    assert shown(loud, mine) == [(EXIT, 10), (BARE, 60)]
    assert loud.picture(theirs) == before
    correct(loud, theirs, "bea")


def test_it_goes_back_to_thresholds_and_an_undo_is_of_decisions(loud: LabelSet) -> None:
    loud.learn(True, "ann")
    for number in range(1, 4):
        correct(loud, number)
    loud.next("ann")
    undone = loud.undo("ann")
    assert undone is not None and undone.picture == 3 and loud.summary().learns
    loud.learn(False, "ann")
    assert shown(loud, 10) == [(BARE, 10), (BARE, 60)]
    assert all(each.chance is None for each in loud.picture(10).boxes) and loud.runs()[-1].learned is None
    assert [event.kind for event in events_of(loud)].count("learning") == 2
    loud.learn(False, "ann")
    assert [event.kind for event in events_of(loud)].count("learning") == 2, "it is off already"
    check_laws(loud)


def test_a_threshold_that_a_person_says_counts(loud: LabelSet) -> None:
    loud.learn(True, "ann")
    for number in range(1, 4):
        correct(loud, number)
    loud.next("ann")
    loud.set_threshold(BARE, 0.6, "ann")
    assert shown(loud, 10) == [(EXIT, 10)]
    loud.set_threshold(BARE, 0.1, "ann", run=1)  # one that was suggested gives way to what was learned
    assert shown(loud, 10) == [(EXIT, 10), (BARE, 60)]
    check_laws(loud)


def test_it_learns_again_when_enough_more_is_reviewed(loud: LabelSet) -> None:
    loud.learn(True, "ann")
    steps = []
    for number in range(1, 10):
        correct(loud, number)
        loud.next("ann")
        steps.append(loud.runs()[-1].learned)
    assert steps == [None, None, *range(3, 10)], "of few pictures each one teaches"


def test_a_later_run_begins_anew_and_learns_from_what_it_says_again(loud: LabelSet) -> None:
    loud.learn(True, "ann")
    for number in range(1, 4):
        correct(loud, number)
    loud.next("ann")
    later = loud.start_run(spec("b"))
    loud.propose(later, {n: [box(EXIT, 10, 0.2), box(BARE, 10, 0.6)] for n in range(1, 11)})
    assert all(each.chance is None for each in loud.picture(10).boxes if each.run == later.number)
    loud.next("ann")
    assert loud.runs()[-1].learned == 3 and shown(loud, 10) == [(EXIT, 10)]
    check_laws(loud)


def test_what_was_moved_was_right_where_it_was_found(loud: LabelSet) -> None:
    loud.learn(True, "ann")
    for number in range(1, 4):
        state = loud.picture(number)
        hard, wrong, right = state.boxes
        moved: list[Operation] = [Change(hard.number, None, (12.0, 10.0, 34.0, 31.0)), Reject(wrong.number)]
        loud.edit(number, [*moved, Accept(right.number), Review()], who="ann", version=state.version)
    loud.next("ann")
    assert shown(loud, 10) == [(EXIT, 10), (BARE, 60)]


def test_what_comes_after_a_lesson_is_shown_by_it_too(loud: LabelSet) -> None:
    loud.learn(True, "ann")
    for number in range(1, 4):
        correct(loud, number)
    loud.next("ann")
    [new] = loud.add_pictures([found(11)], "ann").new
    loud.propose(loud.runs()[-1], {new: [box(EXIT, 10, 0.12), box(BARE, 10, 0.35), box(BARE, 60, 0.5)]})
    before = loud.picture(10)
    loud.next("ann")
    assert shown(loud, new) == [(EXIT, 10), (BARE, 60)]
    assert loud.picture(10) == before and loud.runs()[-1].learned == 3, "all others are as they were"
    check_laws(loud)


def test_the_audit_judges_what_is_shown_and_not_scores(loud: LabelSet) -> None:
    order = [row.number for row in in_random_order(loud.pictures())]
    loud.learn(True, "ann")
    for number in order[:3]:
        correct(loud, number)
    assert loud.audit().pictures == 3 and loud.audit().overall.precision.value == 0.5
    loud.next("ann")
    none = loud.audit()
    assert (none.pictures, none.earlier, none.overall.precision.of) == (0, 3, 0), "scores showed those"
    with pytest.raises(NotAcceptableError, match="since the latest model looked or the set learned"):
        loud.accept_rest("ann")
    for number in order[3:5]:  # what is shown is right
        loud.edit(number, [Review()], who="ann", version=loud.picture(number).version)
    said = loud.audit()
    assert (said.pictures, said.earlier) == (2, 3)
    assert (said.overall.precision.hits, said.overall.precision.of) == (4, 4)
    assert said.overall.recall.value == 1.0
    state = loud.picture(order[5])  # it has learned that the first is shown, whatever its score: it is wrong
    loud.edit(order[5], [Reject(state.boxes[0].number), Review()], who="ann", version=state.version)
    assert loud.audit().classes[EXIT].precision.value == pytest.approx(2 / 3)


def test_a_backup_keeps_what_was_learned(loud: LabelSet, sets: SetStore, tmp_path: Path) -> None:
    loud.learn(True, "ann")
    for number in range(1, 4):
        correct(loud, number)
    loud.next("ann")
    backup(loud, tmp_path / "signs.set")
    again = restore(sets, tmp_path / "signs.set", "again")
    assert again.summary().learns and again.runs()[-1].learned == 3
    assert shown(again, 10) == shown(loud, 10)


def test_a_lesson_tells_a_loud_class_from_a_quiet_one() -> None:
    chance = np.random.default_rng(0)
    examples, right = [], []
    for _ in range(40):
        is_there = chance.random(2) < 0.5
        scores = np.where(is_there, [0.2, 0.7], [0.05, 0.55]) + chance.uniform(-0.02, 0.02, 2)
        places = [(0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 60.0, 60.0)]
        examples.append(seen([(n + 1, places[n], float(scores[n])) for n in range(2)], 100, 100))
        right.append(is_there)
    lesson = Lesson.of(examples, right, 0.3)
    assert lesson is not None
    quiet, loud = (
        lesson.chances(seen([(n, (0.0, 0.0, 10.0, 10.0), score)], 100, 100))[0]
        for n, score in ((1, 0.2), (2, 0.55))
    )
    assert quiet > 0.6 and loud < 0.4
    assert Lesson.of(examples, [np.ones(2, dtype=bool)] * 40, 0.3) is None, (
        "where all are right there is nothing to learn"
    )


def test_a_double_of_a_surer_box_is_not_likely() -> None:
    both = seen(
        [
            (1, (0.0, 0.0, 10.0, 10.0), 0.5),
            (1, (0.0, 1.0, 10.0, 11.0), 0.6),
            (2, (0.0, 0.0, 10.0, 10.0), 0.4),
        ],
        50,
        50,
    )
    assert both.double.tolist() == [True, False, False]
    assert overlaps(
        np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 3.0, 2.0]])
    ).item() == pytest.approx(1 / 3)


def test_a_name_that_takes_over_while_a_review_is_said_is_not_accepted_unseen(loud: LabelSet) -> None:
    state = loud.picture(1)
    quiet, shouted, _ = state.boxes
    assert shouted.shown and not quiet.shown
    loud.set_threshold(EXIT, 0.1, "ann")
    before = loud.picture(1)
    assert not before.boxes[0].shown, "the surer name of the place is shown"
    both: list[Operation] = [Reject(shouted.number), Review()]
    after = loud.edit(1, both, who="ann", version=before.version)
    assert [box.state for box in after.boxes] == ["proposed", "rejected", "accepted"]
    loud.undo("ann")
    apart = loud.edit(
        2, [Reject(loud.picture(2).boxes[1].number)], who="ann", version=loud.picture(2).version
    )
    assert apart.boxes[0].shown, "it is shown once the other is rejected"
    seen = loud.edit(2, [Review()], who="ann", version=apart.version)
    assert [box.state for box in seen.boxes] == ["accepted", "rejected", "accepted"]
    check_laws(loud)


def test_what_is_asked_for_is_shown_by_the_last_lesson_and_the_rest_little_by_little(
    loud: LabelSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_MOST_BOXES", 7)  # two pictures at a time
    loud.learn(True, "ann")
    for number in range(1, 4):
        correct(loud, number)

    def taught() -> set[int]:
        return {n for n in range(4, 11) if shown(loud, n) == [(EXIT, 10), (BARE, 60)]}

    seen_by: list[int] = []
    while len(taught()) < 7:
        [asked] = loud.next("ann")
        assert asked in taught(), "nobody is asked about what an earlier lesson shows"
        seen_by.append(len(taught()))
    assert seen_by[0] < 7 and seen_by == sorted(seen_by)
    [late] = loud.next("bea", sample=True)
    for number in sorted(set(range(4, 11)) - {late})[:3]:  # what was drawn hardly is none now
        state = loud.picture(number)
        wrong: list[Operation] = [Reject(each.number) for each in state.boxes]
        loud.edit(number, [*wrong, Review()], who="ann", version=state.version)
    before = {number: loud.picture(number).boxes[0].chance for number in range(4, 11)}
    loud.learn(True, "ann")  # said again it goes through all that is open, but for what somebody is at
    after = {number: loud.picture(number).boxes[0].chance for number in range(4, 11)}
    changed = {number for number in before if before[number] != after[number]}
    todo = {row.number for row in loud.pictures() if row.state == "todo"}
    assert changed == todo - {late}
    check_laws(loud)


def test_a_lesson_of_another_process_is_learned_again(
    loud: LabelSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_MOST_BOXES", 7)
    loud.learn(True, "ann")
    for number in range(1, 4):
        correct(loud, number)
    loud.next("ann")
    monkeypatch.setattr(learning, "_LESSONS", learning._Lessons())
    loud.learn(True, "ann")
    assert all(shown(loud, number) == [(EXIT, 10), (BARE, 60)] for number in range(4, 11))
