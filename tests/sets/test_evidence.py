"""What reviewed pictures say: intervals, the sample, thresholds, and the queue's order."""

from __future__ import annotations

import random

import pytest

from skillbank.sets.audit import in_random_order
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Accept, Add, Change, Operation, Proposal, Reject, Review
from skillbank.sets.store import SetStore
from tests.sets.conftest import BARE, EXIT, found, spec


@pytest.fixture
def many(sets: SetStore) -> LabelSet:
    made = sets.create("signs", [EXIT, BARE], who="ann")
    made.add_pictures([found(i) for i in range(120)], "ann")
    return made


def decide(labels: LabelSet, number: int, *operations: Operation) -> None:
    version = labels.picture(number).version
    labels.edit(number, [*operations, Review()], who="ann", version=version)


def propose_to_all(labels: LabelSet, wrong: float, missed: float) -> dict[int, list[Operation]]:
    """Let a model find one box in each picture; return what a person would do about each."""
    run = labels.start_run(spec())
    numbers = random.Random(3)
    found: dict[int, list[Proposal]] = {}
    todo: dict[int, list[Operation]] = {}
    for row in labels.pictures(limit=200):
        score = 0.31 + 0.3 * numbers.random()
        found[row.number] = [Proposal(1, (0, 0, 30, 30), score), Proposal(1, (60, 60, 70, 70), 0.1)]
    labels.propose(run, found)
    for number in found:
        first = labels.picture(number).boxes[0].number
        todo[number] = [Reject(first)] if numbers.random() < wrong else []
        if numbers.random() < missed:
            todo[number].append(Add(1, (60, 10, 90, 40)))
    return todo


def test_a_good_model_may_be_trusted_after_a_random_sample(many: LabelSet) -> None:
    todo = propose_to_all(many, wrong=0, missed=0)
    assert (many.audit().verdict, many.audit().pictures) == ("more", 0)
    order = [row.number for row in in_random_order(many.pictures(limit=200))]
    for at in range(0, 100, 20):
        asked = many.next("ann", count=20, sample=True)
        assert asked == order[at : at + 20]
        for number in asked:
            decide(many, number, *todo[number])
    found = many.audit()
    assert (found.pictures, found.verdict) == (100, "yes")
    assert found.overall.precision.value == 1 and 0.95 < found.overall.precision.low < 0.97


def test_a_bad_model_is_found_out_and_doubts_alone_say_nothing(many: LabelSet) -> None:
    todo = propose_to_all(many, wrong=0.5, missed=0.3)
    for number in many.next("ann", count=40, sample=True):
        decide(many, number, *todo[number])
    found = many.audit()
    assert (found.pictures, found.verdict) == (40, "no")
    exit_ = found.classes[1]
    wrong = sum(isinstance(o[0], Reject) for n, o in todo.items() if o and _reviewed(many, n))
    missed = sum(isinstance(o[-1], Add) for n, o in todo.items() if o and _reviewed(many, n))
    assert (exit_.precision.of - exit_.precision.hits, exit_.precision.of) == (wrong, 40)
    assert exit_.recall.of - exit_.recall.hits == missed


def _reviewed(labels: LabelSet, number: int) -> bool:
    return labels.picture(number).row.state == "reviewed"


def test_what_was_moved_far_or_renamed_was_not_right(many: LabelSet) -> None:
    run = many.start_run(spec())
    order = [row.number for row in in_random_order(many.pictures(limit=200))][:4]
    many.propose(run, {n: [Proposal(1, (0, 0, 30, 30), 0.9)] for n in order})
    boxes = [many.picture(n).boxes[0].number for n in order]
    decide(many, order[0], Change(boxes[0], box=(2, 2, 30, 30)))
    decide(many, order[1], Change(boxes[1], box=(50, 50, 80, 80)))
    decide(many, order[2], Change(boxes[2], class_number=2))
    decide(many, order[3], Accept(boxes[3]))
    exit_, bare = many.audit().classes.values()
    assert (exit_.precision.hits, exit_.precision.of) == (2, 4)
    assert (exit_.recall.hits, exit_.recall.of) == (2, 3) and (bare.recall.hits, bare.recall.of) == (0, 1)


def test_thresholds_part_right_from_wrong(many: LabelSet) -> None:
    run = many.start_run(spec())
    numbers = [row.number for row in many.pictures(limit=40)]
    # The model is right from .2 on, although .3 is its threshold, and once wrong at .9.
    scores = {n: 0.05 + 0.02 * i for i, n in enumerate(numbers)}
    many.propose(run, {n: [Proposal(1, (0, 0, 30, 30), score)] for n, score in scores.items()})
    assert many.suggest_thresholds() == {}
    for n in numbers:
        right, shown = scores[n] >= 0.2, scores[n] >= 0.3
        decide(many, n, *([Add(1, (0, 0, 30, 31))] if right and not shown else []))
    [(number, suggested)] = many.suggest_thresholds().items()
    assert number == 1 and 0.19 <= suggested.threshold <= 0.21 and suggested.n == 40
    assert (suggested.precision, suggested.recall) == (1, 1)


def test_the_queue_asks_for_one_of_those_that_look_alike(sets: SetStore) -> None:
    from dataclasses import replace

    from skillbank.datasets.looks import SMALL

    noise = random.Random(0)
    looks = [noise.randbytes(SMALL) for _ in range(3)]
    made = sets.create("signs", [EXIT], val=0, who="ann")
    made.add_pictures([replace(found(i), look=looks[i // 4]) for i in range(12)], "ann")
    groups = {row.number: row.group for row in made.pictures()}
    assert sorted(groups.values()) == [1] * 4 + [5] * 4 + [9] * 4
    run = made.start_run(spec(classes=(EXIT,)))
    made.propose(run, {n: [Proposal(1, (0, 0, 30, 30), 0.3 + 0.001 * n)] for n in groups})
    assert {groups[n] for n in made.next("ann", count=3)} == {1, 5, 9}


def test_pictures_to_validate_on_come_by_chance_and_those_to_train_on_by_use(many: LabelSet) -> None:
    rows = many.pictures(limit=200)
    chance = [row.number for row in in_random_order(rows) if row.split == "val"]
    run = many.start_run(spec())
    # The model doubts most what comes last by chance, and least what comes first.
    scores = {number: 0.9 - 0.6 * at / len(chance) for at, number in enumerate(chance)}
    doubts = {row.number: 0.31 + 0.005 * row.number for row in rows if row.split == "train"}
    found = {n: [Proposal(1, (0, 0, 30, 30), score)] for n, score in (scores | doubts).items()}
    many.propose(run, found)
    assert sorted(scores, key=scores.__getitem__) == chance[::-1]
    asked: list[int] = []
    while len(asked) < 60:
        numbers = many.next("ann", count=4)
        asked += numbers
        for number in numbers:
            decide(many, number)
    validating = [number for number in asked if number in scores]
    assert validating == chance[: len(validating)] and 11 <= len(validating) <= 13
    training = [number for number in asked if number in doubts]
    assert training == sorted(doubts, key=lambda number: (doubts[number], number))[: len(training)]
