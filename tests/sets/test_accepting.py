"""The rest accepted unseen: only where the sample says so, never taken for a review, and taken back."""

from __future__ import annotations

import pytest

from skillbank.sets.accepting import NotAcceptableError, count_of_rest
from skillbank.sets.audit import audit_of, chance_of, in_random_order
from skillbank.sets.backup import backup, restore
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Change, Filter, Proposal, Reject, Review
from skillbank.sets.rounds import rounds_of
from skillbank.sets.store import SetStore
from tests.sets.conftest import box, found, home, sets, signs, spec
from tests.sets.replaying import check_laws, held

__all__ = ["home", "sets", "signs"]
TARGET = 0.8
"""Eighteen of eighteen lie above it with 95 %."""


def labelled(signs: LabelSet, reviewed: int) -> list[int]:
    """Let a model find two boxes in each of ten pictures, review some by chance; return the others."""
    run = signs.start_run(spec())
    signs.propose(run, {n: [box(1, 0, 0.9), box(2, 40, 0.8), box(2, 70, 0.2)] for n in range(1, 11)})
    order = [row.number for row in in_random_order(signs.pictures())]
    for number in order[:reviewed]:
        signs.edit(number, [Review()], who="ann", version=signs.picture(number).version)
    return order[reviewed:]


def test_nothing_is_accepted_before_the_sample_says_yes(signs: LabelSet) -> None:
    labelled(signs, 0)
    before = held(signs), signs.version()
    with pytest.raises(NotAcceptableError, match="no picture of the random sample is reviewed"):
        signs.accept_rest("ann", target=TARGET)
    labelled(signs, 5)
    with pytest.raises(NotAcceptableError, match="5 reviewed pictures of the random sample are too few"):
        signs.accept_rest("ann", target=TARGET)
    for row in signs.pictures(where=Filter("reviewed")):
        some = signs.picture(row.number)
        boxes = [Reject(each.number) for each in some.boxes if each.shown]
        signs.edit(row.number, boxes, who="ann", version=some.version)
    with pytest.raises(NotAcceptableError, match="below 80%"):
        signs.accept_rest("ann", target=TARGET)
    assert before[1] < signs.version() and not signs.pictures(where=Filter("accepted"))


def test_the_rest_is_accepted_by_nobody(signs: LabelSet) -> None:
    [left] = labelled(signs, 9)
    last = max(map(chance_of, signs.contents().values()))
    late = next(found(i) for i in range(20, 1000) if chance_of(found(i).sha256) > last)
    signs.add_pictures([late], "ann")  # no model has looked at it
    before, sample, digest = held(signs), audit_of(signs, TARGET), signs.digest()
    rounds = rounds_of(signs)
    assert count_of_rest(signs, "bob") == 1
    done = signs.accept_rest("bob", target=TARGET)
    assert (done.pictures, done.boxes, done.left) == (1, 2, 1)
    assert count_of_rest(signs, "bob") == 0
    state = signs.picture(left)
    assert (state.row.state, state.row.reviewed_by, state.row.shown, state.row.undecided) == (
        "accepted",
        None,
        2,
        0,
    )
    assert [(each.state, each.by) for each in state.boxes] == [("accepted", None)] * 2 + [("proposed", None)]
    check_laws(signs)
    # What is said of the model and of people is as it was.
    after = audit_of(signs, TARGET)
    assert (after.overall, after.classes, after.pictures) == (sample.overall, sample.classes, 9)
    assert left in after.waiting, "who wants to see more of the sample may"
    assert rounds_of(signs) == rounds and signs.digest() == digest
    stands = signs.summary()
    assert (stands.reviewed, stands.accepted, stands.todo) == (9, 1, 1)
    assert [person.name for person in stands.people] == ["ann"] and stands.people[0].reviewed == 9
    assert [(one.accepted, one.unseen) for one in stands.classes] == [(9, 1), (9, 1)]
    event = signs.log(after=signs.version() - 1)[0]
    assert (event.kind, event.who, event.body["audit"]["sample"]) == ("accept_rest", "bob", 9)
    assert signs.next("eve") == [11], "the queue asks for what is to do"
    # Undone by whom it was done, and done again.
    assert signs.undo("ann") is not None and signs.redo("ann") is not None
    assert signs.undo("bob") is not None and held(signs) == before
    assert signs.redo("bob") is not None and signs.summary().accepted == 1
    check_laws(signs)


def test_it_is_data_only_where_it_is_asked_for(signs: LabelSet) -> None:
    [left] = labelled(signs, 9)
    signs.accept_rest("ann", target=TARGET)

    def names(*, accepted: bool = False, reviewed_only: bool = True) -> dict[str, tuple[int, bool]]:
        data, _ = signs.data_set(accepted=accepted, reviewed_only=reviewed_only)
        return {
            each.name: (len(each.boxes), each.undecided) for split in data.splits for each in split.pictures()
        }

    name = signs.picture(left).row.name
    assert len(names()) == 9 and name not in names()
    assert len(names(accepted=True)) == 10 and names(accepted=True)[name] == (2, False)
    assert names(reviewed_only=False)[name] == (2, False)


def test_a_review_makes_it_a_persons(signs: LabelSet) -> None:
    [left] = labelled(signs, 9)
    signs.accept_rest("bob", target=TARGET)
    first = signs.picture(left).boxes[0].number
    version = signs.picture(left).version
    signs.edit(left, [Change(first, box=(1, 11, 22, 33)), Review()], who="eve", version=version)
    state = signs.picture(left)
    assert (state.row.state, state.row.reviewed_by) == ("reviewed", "eve")
    assert [(each.state, each.by) for each in state.boxes[:2]] == [("edited", "eve"), ("accepted", "eve")]
    assert signs.summary().accepted == 0 and [one.unseen for one in signs.summary().classes] == [0, 0]
    assert audit_of(signs, TARGET).pictures == 10
    check_laws(signs)


def test_a_review_of_it_is_one_action_and_counts_what_it_confirms(signs: LabelSet) -> None:
    [left] = labelled(signs, 9)
    signs.accept_rest("bob", target=TARGET)
    [before] = rounds_of(signs)
    signs.edit(left, [Review("todo")], who="eve", version=signs.picture(left).version)
    signs.undo("eve")
    signs.edit(left, [Review()], who="eve", version=signs.picture(left).version)
    [after] = rounds_of(signs)
    assert after.actions - before.actions == 3, "to do again, an undo, and a review"
    assert after.reviewed - before.reviewed == 1 and after.total.accepted - before.total.accepted == 2


def test_it_can_be_to_do_again(signs: LabelSet) -> None:
    [left] = labelled(signs, 9)
    before = signs.picture(left).boxes
    signs.accept_rest("bob", target=TARGET)
    signs.edit(left, [Review("todo")], who="eve", version=signs.picture(left).version)
    assert signs.picture(left).boxes == before and signs.picture(left).row.undecided == 2


def test_what_somebody_is_at_stays_to_do(signs: LabelSet) -> None:
    [left] = labelled(signs, 9)
    assert signs.next("eve") == [left]
    done = signs.accept_rest("bob", target=TARGET)
    assert (done.pictures, done.left) == (0, 1) and signs.picture(left).row.state == "todo"


def test_a_picture_with_proposals_of_no_run_stays_to_do(signs: LabelSet) -> None:
    [left] = labelled(signs, 9)
    signs.take_asked(left, [Proposal(1, (60, 50, 80, 70), 0.9, "a red door")], "ann", "tiny")
    done = signs.accept_rest("bob", target=TARGET)
    assert (done.pictures, done.left) == (0, 1), "the sample says nothing of what a person asks for"
    assert signs.undo("ann") is not None and signs.accept_rest("bob", target=TARGET).pictures == 1


def test_it_is_not_redone_over_what_a_later_model_says(signs: LabelSet) -> None:
    [left] = labelled(signs, 9)
    signs.accept_rest("bob", target=TARGET)
    signs.undo("bob")
    signs.propose(signs.start_run(spec("n")), {left: [box(2, 30, 0.95)]})
    assert signs.redo("bob") is None and signs.picture(left).row.state == "todo"
    check_laws(signs)


def test_the_sample_of_one_model_says_nothing_of_the_next(signs: LabelSet) -> None:
    [left] = labelled(signs, 9)
    later = signs.start_run(spec("n"))
    signs.propose(later, {n: [box(2, 30, 0.95)] for n in range(1, 11) if n != left})
    with pytest.raises(NotAcceptableError, match="since the latest model looked"):
        signs.accept_rest("bob", target=TARGET)
    said = signs.audit(target=TARGET)
    assert (said.pictures, said.earlier, said.waiting) == (0, 9, (left,))


def test_what_only_an_earlier_model_has_seen_stays_to_do(signs: LabelSet) -> None:
    labelled(signs, 0)
    later = signs.start_run(spec("n"))
    order = [row.number for row in in_random_order(signs.pictures())]
    signs.propose(later, {n: [box(1, 0, 0.9), box(2, 40, 0.8)] for n in order[:9]})
    for number in order[:9]:
        signs.edit(number, [Review()], who="ann", version=signs.picture(number).version)
    done = signs.accept_rest("bob", target=TARGET)
    assert (done.pictures, done.left) == (0, 1)


def test_a_later_model_finds_fault_with_it_and_changes_nothing(signs: LabelSet) -> None:
    [left] = labelled(signs, 9)
    signs.accept_rest("bob", target=TARGET)
    again = signs.start_run(spec("n"))
    assert [row.number for row in signs.missing(again, unreviewed=True)] == [left]
    signs.propose(again, {left: [box(2, 0, 0.95)]})
    row = signs.picture(left).row
    assert (row.state, row.shown, row.undecided) == ("accepted", 2, 0) and row.against > 0
    assert signs.next("eve") == [left], "labels that a model contradicts come first"
    check_laws(signs)


def test_a_backup_keeps_it(signs: LabelSet, sets: SetStore, tmp_path_factory: pytest.TempPathFactory) -> None:
    labelled(signs, 9)
    signs.accept_rest("bob", target=TARGET)
    file = tmp_path_factory.mktemp("kept") / "signs.set"
    backup(signs, file)
    again = restore(sets, file, "again")
    assert held(again) == held(signs) and again.summary().accepted == 1
