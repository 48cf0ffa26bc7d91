"""Thresholds of people count for every run; suggested ones for the run whose scores they are from."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from skillbank.errors import UsageError
from skillbank.home import database_url
from skillbank.jobs.database import VERSIONS
from skillbank.jobs.store import JobStore
from skillbank.sets.backup import backup, restore
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Add, Change, Proposal, Reject, Review, SetNotFoundError
from skillbank.sets.store import SetStore
from tests.sets.conftest import BARE, EXIT, box, found, spec
from tests.sets.replaying import check_laws


def shown(labels: LabelSet, number: int) -> list[float]:
    return sorted(each.score or 0 for each in labels.picture(number).boxes if each.shown)


@pytest.fixture
def two(signs: LabelSet) -> LabelSet:
    """Pictures 1 and 2 with the proposals of run 1, picture 3 with those of run 2."""
    first, second = signs.start_run(spec("a")), signs.start_run(spec("b"))
    here = [box(1, 10, 0.2), box(1, 50, 0.4)]
    signs.propose(first, {1: here, 2: here})
    signs.propose(second, {3: here})
    return signs


def test_what_was_suggested_for_a_run_neither_hides_nor_shows_what_another_finds(two: LabelSet) -> None:
    two.set_threshold(1, 0.1, "ann", run=1)
    assert (shown(two, 1), shown(two, 3)) == ([0.2, 0.4], [0.4])
    two.set_threshold(1, 0.9, "ann", run=1)
    assert (shown(two, 1), shown(two, 3)) == ([], [0.4])
    # What comes later is another run's too, and the run's own goes on.
    two.propose(two.start_run(spec("c")), {1: [box(1, 10, 0.35)], 4: [box(1, 10, 0.2)]})
    assert (shown(two, 1), shown(two, 2), shown(two, 4)) == ([0.35], [], [])
    check_laws(two)


def test_what_a_person_says_counts_for_all_runs(two: LabelSet) -> None:
    two.set_threshold(1, 0.1, "ann", run=1)
    two.set_threshold(1, 0.1, "ann")
    assert (shown(two, 1), shown(two, 3)) == ([0.2, 0.4], [0.2, 0.4])
    two.propose(two.start_run(spec("c")), {4: [box(1, 10, 0.2)]})
    assert shown(two, 4) == [0.2]
    check_laws(two)


def test_an_undo_brings_back_what_a_person_had_said(two: LabelSet) -> None:
    two.set_threshold(1, 0.1, "ann")
    two.set_threshold(1, 0.9, "ann", run=2)
    assert (shown(two, 1), shown(two, 3)) == ([0.4], [])
    two.undo("ann")
    assert (shown(two, 1), shown(two, 3)) == ([0.2, 0.4], [0.2, 0.4])
    two.redo("ann")
    assert two.classes()[0].threshold_run == 2 and shown(two, 1) == [0.4]
    check_laws(two)


def test_other_changes_of_a_class_leave_its_run(two: LabelSet) -> None:
    two.set_threshold(1, 0.1, "ann", run=1)
    two.change_class(1, "ann", name="way out", captions=["a way out"])
    assert (two.classes()[0].threshold, two.classes()[0].threshold_run) == (0.1, 1)
    two.set_threshold(1, None, "ann", run=1)
    assert (two.classes()[0].threshold, two.classes()[0].threshold_run) == (None, None)


def test_no_threshold_is_for_a_run_that_there_is_not(two: LabelSet) -> None:
    with pytest.raises(SetNotFoundError, match="no run 9"):
        two.set_threshold(1, 0.1, "ann", run=9)
    with pytest.raises(UsageError, match="say the threshold beside it"):
        two.change_class(1, "ann", threshold_run=1)
    assert two.classes()[0].threshold is None


def reviewed(sets: SetStore) -> LabelSet:
    """Forty pictures: the first run was right from .6 on, of what it found people have said so."""
    made = sets.create("signs", [EXIT, BARE], who="ann")
    made.add_pictures([found(i) for i in range(40)], "ann")
    numbers = [row.number for row in made.pictures(limit=100)]
    run = made.start_run(spec("a"))
    scores = {n: 0.31 + 0.015 * i for i, n in enumerate(numbers)}
    made.propose(run, {n: [Proposal(1, (0, 0, 30, 30), score)] for n, score in scores.items()})
    for n in numbers:
        state = made.picture(n)
        wrong = [Reject(state.boxes[0].number)] if scores[n] < 0.6 else []
        made.edit(n, [*wrong, Review()], who="ann", version=state.version)
    return made


def test_suggestions_are_of_the_latest_run_from_what_it_says_again(sets: SetStore) -> None:
    made = reviewed(sets)
    [first] = made.suggest_thresholds().values()
    assert first.run == 1 and 0.59 < first.threshold < 0.61 and first.precision == first.recall == 1
    made.set_threshold(1, first.threshold, "ann", run=1)
    second = made.start_run(spec("b"))
    assert made.suggest_thresholds() == {}, "the scores of another run say nothing of its own"
    # The second model gives the same objects a score of .2 and more, and what was rejected one of .1.
    objects = {
        row.number
        for row in made.pictures(limit=100)
        if made.picture(row.number).boxes[0].state != "rejected"
    }
    made.propose(
        second,
        {
            row.number: [Proposal(1, (1, 0, 30, 30), 0.2 if row.number in objects else 0.1)]
            for row in made.pictures(limit=100)
        },
    )
    assert all(len(made.picture(row.number).boxes) == 1 for row in made.pictures(limit=100))
    [now] = made.suggest_thresholds().values()
    assert (now.run, now.n, now.precision, now.recall) == (2, 40, 1, 1) and 0.1 < now.threshold < 0.2
    assert made.classes()[0].threshold_run == 1, "nothing is taken silently"
    check_laws(made)


def test_what_a_run_does_not_find_again_it_has_missed(sets: SetStore) -> None:
    made = reviewed(sets)
    second = made.start_run(spec("b"))
    rows = made.pictures(limit=100)
    objects = [row.number for row in rows if made.picture(row.number).boxes[0].state != "rejected"]
    heard = objects[::2]
    made.propose(
        second,
        {row.number: [Proposal(1, (0, 0, 30, 30), 0.4)] if row.number in heard else [] for row in rows},
    )
    [now] = made.suggest_thresholds().values()
    assert (now.n, now.precision, now.recall) == (len(heard), 1, len(heard) / len(objects))


def test_what_was_drawn_and_moved_is_found_again(signs: LabelSet) -> None:
    first, second = signs.start_run(spec("a")), signs.start_run(spec("b"))
    numbers = [row.number for row in signs.pictures()]
    signs.propose(first, {n: [Proposal(1, (0, 0, 30, 30), 0.5)] for n in numbers})
    for n in numbers:
        state = signs.picture(n)
        moved = Change(state.boxes[0].number, box=(60, 40, 90, 70))
        signs.edit(n, [moved, Add(1, (0, 0, 20, 20)), Review()], who="ann", version=state.version)
    again = [(0, 0, 30, 30), (60, 40, 90, 70), (0, 0, 20, 20)]
    signs.propose(
        second, {n: [Proposal(1, place, 0.9 - 0.2 * i) for i, place in enumerate(again)] for n in numbers}
    )
    [now] = signs.suggest_thresholds().values()
    # Of the moved box its best score counts, which was of where it is not.
    assert (now.run, now.n) == (2, 20)


def test_a_backup_of_before_has_thresholds_of_people(two: LabelSet, sets: SetStore, tmp_path: Path) -> None:
    two.set_threshold(1, 0.1, "ann")
    backup(two, tmp_path / "now")
    with gzip.open(tmp_path / "now") as file:
        lines = [json.loads(line) for line in file][:-1]
    for line in lines:
        if line.get("table") == "label_classes":
            del line["row"]["threshold_run"]
        elif line.get("table") == "label_runs":
            del line["row"]["source"], line["row"]["learned"]
        elif line.get("table") == "label_boxes":
            del line["row"]["chance"]
        elif line.get("table") == "label_events":
            line["row"]["body"].pop("again", None)
            for entry in line["row"]["body"]["changes"]:
                for fields in (entry["before"], entry["after"]):
                    (fields or {}).pop("threshold_run", None)
                    (fields or {}).pop("source", None)
    del lines[0]["set"]["learns"]
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    end = {"end": True, "lines": len(lines), "sha256": hashlib.sha256(data).hexdigest()}
    (tmp_path / "before").write_bytes(gzip.compress(data + json.dumps(end).encode() + b"\n"))
    again = restore(sets, tmp_path / "before", "again")
    assert (again.classes()[0].threshold, again.classes()[0].threshold_run) == (0.1, None)
    assert shown(again, 3) == [0.2, 0.4] and again.suggest_thresholds() == {}
    again.undo("ann")
    assert shown(again, 3) == [0.4]
    again.remove_class(1, "ann")
    again.undo("ann")
    assert shown(again, 3) == [0.4]


def test_a_store_of_before_has_thresholds_of_people(home: Path) -> None:
    with JobStore(database_url()) as store:
        SetStore(store.engine).create("signs", [EXIT, BARE], who="ann")
        with store.engine.begin() as db:
            db.execute(sa.text("ALTER TABLE label_classes DROP COLUMN threshold_run"))
            db.execute(sa.text("ALTER TABLE label_runs DROP COLUMN source"))
            db.execute(sa.text("ALTER TABLE label_runs DROP COLUMN learned"))
            db.execute(sa.text("ALTER TABLE label_boxes DROP COLUMN chance"))
            db.execute(sa.text("ALTER TABLE label_sets DROP COLUMN learns"))
            db.execute(VERSIONS.update().values(version=6))
    with JobStore(database_url()) as store:
        signs = SetStore(store.engine).open("signs")
        assert [(each.threshold, each.threshold_run) for each in signs.classes()] == [
            (None, None),
            (0.5, None),
        ]
        assert not signs.summary().learns
        signs.start_run(spec())
        signs.set_threshold(2, 0.4, "ann", run=1)
        assert signs.classes()[1].threshold_run == 1
