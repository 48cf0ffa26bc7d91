"""What people did in each round, as the log tells it."""

from __future__ import annotations

from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Accept, Add, Change, Operation, Reject, Restore, Review
from skillbank.sets.rounds import ClassRound, Round, rounds_of
from tests.sets.conftest import box, spec


def do(labels: LabelSet, number: int, *operations: Operation, who: str = "ann", seconds: float = 0) -> None:
    version = labels.picture(number).version
    labels.edit(number, operations, who=who, version=version, seconds=seconds)


def proposed(labels: LabelSet, model: str, numbers: range) -> None:
    """Let a model propose an exit at .9 and .8, and somebody bare at .7, in pictures."""
    run = labels.start_run(spec(model))
    labels.propose(run, {n: [box(1, 0, 0.9), box(1, 30, 0.8), box(2, 60, 0.7)] for n in numbers})


def last(labels: LabelSet) -> Round:
    return rounds_of(labels)[-1]


def test_nothing_has_happened(signs: LabelSet) -> None:
    assert rounds_of(signs) == []
    proposed(signs, "m", range(1, 4))
    [only] = rounds_of(signs)
    assert (only.run, only.model, only.reviewed, only.actions) == (1, "m", 0, 0)
    assert only.seconds_a_picture is None and only.classes == {}


def test_boxes_are_counted_by_what_became_of_them(signs: LabelSet) -> None:
    proposed(signs, "m", range(1, 11))
    _, second, third = (each.number for each in signs.picture(1).boxes)
    moved = (2.0, 10.0, 21.0, 31.0)
    do(signs, 1, Reject(second), Change(third, class_number=1), Add(2, (1, 40, 30, 70)), seconds=6)
    do(signs, 1, Review(), seconds=4)
    do(signs, 2, Change(signs.picture(2).boxes[0].number, box=moved), Review(), who="bob", seconds=5)
    found = last(signs)
    assert found.classes == {
        1: ClassRound(accepted=2, edited=2, added=0, rejected=1),
        2: ClassRound(accepted=1, edited=0, added=1, rejected=0),
    }
    assert found.total == ClassRound(accepted=3, edited=2, added=1, rejected=1)
    assert (found.reviewed, found.seconds, found.seconds_a_picture) == (2, 15, 7.5)
    assert found.people == {"ann": 1, "bob": 1}
    assert found.actions == 3 + 1 + 2  # three boxes, a review, a box with a review
    assert found.reviewed_val == sum(signs.picture(n).row.split == "val" for n in (1, 2))


def test_what_is_undone_was_not_done_but_took_its_time(signs: LabelSet) -> None:
    proposed(signs, "m", range(1, 3))
    do(signs, 1, Reject(1), seconds=3)
    do(signs, 1, Add(1, (1, 40, 30, 70)), Review(), seconds=3)
    for _ in range(2):
        signs.undo("ann")
    found = last(signs)
    assert (found.reviewed, found.classes, found.seconds) == (0, {}, 6)
    assert found.actions == 1 + 2 + 2
    signs.redo("ann")
    assert last(signs).classes == {1: ClassRound(rejected=1)}
    do(signs, 1, Restore(1))
    assert last(signs).classes == {}


def test_a_round_ends_where_another_model_looks(signs: LabelSet) -> None:
    do(signs, 1, Add(1, (1, 40, 30, 70)))
    proposed(signs, "m", range(1, 11))
    do(signs, 2, Review())
    proposed(signs, "m", range(1, 11))  # the same again is no other round
    do(signs, 3, Review())
    proposed(signs, "n", range(4, 11))
    do(signs, 4, Accept(signs.picture(4).boxes[0].number))
    do(signs, 2, Review("todo"))
    do(signs, 2, Review())
    before, one, two = rounds_of(signs)
    assert (before.run, before.classes) == (None, {1: ClassRound(added=1)})
    assert (one.model, one.reviewed, two.model, two.reviewed) == ("m", 2, "n", 0)
    assert one.total.accepted == 6 and two.classes == {1: ClassRound(accepted=1)}
    assert rounds_of(signs)[1] == one


def test_what_is_done_to_classes_is_no_decision_about_boxes(signs: LabelSet) -> None:
    proposed(signs, "m", range(1, 4))
    do(signs, 1, Review())
    before = last(signs)
    signs.change_class(1, "ann", name="way out")
    signs.merge_classes([2], 1, "ann")
    assert last(signs).total == before.total and last(signs).actions == before.actions
    assert last(signs).classes == {1: ClassRound(accepted=3)}
    signs.undo("ann")
    assert last(signs).classes == before.classes
    signs.undo("ann")
    proposed(signs, "n", range(1, 4))
    signs.merge_classes([2], 1, "ann")
    assert last(signs).classes == {} and last(signs).actions == 0


def test_rows_of_crops_are_decisions(signs: LabelSet) -> None:
    proposed(signs, "m", range(1, 4))
    boxes = [each for n in (1, 2, 3) for each in signs.picture(n).boxes if each.class_number == 1]
    signs.decide({each.number: "reject" if each.picture == 2 else "accept" for each in boxes}, "ann")
    assert last(signs).classes == {1: ClassRound(accepted=4, rejected=2)}
    signs.decide({}, "ann", reclass=[boxes[0].number], class_number=2)
    assert last(signs).classes == {
        1: ClassRound(accepted=3, rejected=2),
        2: ClassRound(edited=1),
    }
