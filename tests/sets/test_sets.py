from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from skillbank.errors import PlatformError, UsageError
from skillbank.sets import writing
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import (
    Accept,
    Add,
    Change,
    ClassSpec,
    Filter,
    Operation,
    Reject,
    Restore,
    Review,
    SetNotFoundError,
    VersionConflictError,
)
from skillbank.sets.store import SetStore
from skillbank.stored import now
from tests.sets.conftest import BARE, EXIT, box, found, spec
from tests.sets.replaying import check_laws


def test_a_set_is_made_opened_renamed_and_removed(sets: SetStore) -> None:
    made = sets.create("signs", [EXIT], who="ann")
    assert [c.spec for c in sets.open("signs").classes()] == [EXIT]
    with pytest.raises(UsageError, match="there is a label set signs already"):
        sets.create("signs", who="ann")
    with pytest.raises(SetNotFoundError, match=r"no label set 'sings' \(did you mean 'signs'\?\)"):
        sets.open("sings")
    sets.rename("signs", "exits", "ann")
    assert sets.names() == ("exits",) and made.version() == 2
    sets.remove("exits", "ann")
    assert sets.list() == []
    with pytest.raises(SetNotFoundError, match="removed meanwhile"):
        made.undo("ann")
    again = sets.create("exits", who="ann")
    assert again.id != made.id


@pytest.mark.parametrize("name", ["", "../x", "a b", "-a", "a/b", "x" * 101, "ä", "s\n"])
def test_a_name_is_no_path(sets: SetStore, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a label set"):
        sets.create(name, who="ann")


@pytest.mark.parametrize("who", ["", " ", "run 3", "imported", "a\nb", "x" * 101])
def test_a_person_has_a_name(signs: LabelSet, who: str) -> None:
    with pytest.raises(UsageError, match="a person's name"):
        signs.undo(who)


def test_pictures_are_known_by_content_and_dealt_once(signs: LabelSet) -> None:
    stands = signs.summary()
    assert (stands.pictures, stands.train_pictures, stands.val_pictures) == (10, 8, 2)
    splits = {p.number: p.split for p in signs.pictures()}
    added = signs.add_pictures([found(3), found(4, "/elsewhere/p04.jpg"), found(10)], "ann")
    assert added.new == (11,) and added.known == (4,) and added.moved == (5,)
    assert signs.picture(5).row.place == "/elsewhere/p04.jpg"
    assert splits.items() <= {p.number: p.split for p in signs.pictures()}.items()
    # Another picture in the place of one: what was marked must not be shown on it.
    changed = signs.add_pictures([found(99, "/photos/p00.jpg")], "ann")
    assert signs.picture(1).row.place == "" and signs.picture(changed.new[0]).row.name == "p99.jpg"


def test_pages_go_on_behind_a_picture(signs: LabelSet) -> None:
    for order in ("name", "number", "use"):
        every, after = [], None
        while page := signs.pictures(order=order, after=after, limit=3):
            every += [p.number for p in page]
            after = page[-1].number
        assert sorted(every) == list(range(1, 11))
    with pytest.raises(UsageError, match="pictures are filtered by"):
        signs.pictures(where=Filter("odd"))


def test_proposals_are_shown_above_the_threshold_and_kept_below_it(signs: LabelSet) -> None:
    run = signs.start_run(spec(threshold=0.3))
    assert signs.propose(run, {1: [box(1, 0, 0.4), box(2, 30, 0.4), box(1, 60, 0.1)]}) == 1
    assert [b.candidate for b in signs.picture(1).boxes] == [False, True, True]
    signs.set_threshold(2, 0.35, "ann")
    assert [b.candidate for b in signs.picture(1).boxes] == [False, False, True]
    signs.set_threshold(1, 0.05, "ann")
    assert [b.candidate for b in signs.picture(1).boxes] == [False, False, False]
    signs.set_threshold(2, None, "ann")
    assert signs.picture(1).row.undecided == 3
    assert signs.summary().boxes["proposed"] == 3


def test_the_same_run_does_only_what_is_missing(signs: LabelSet) -> None:
    run = signs.start_run(spec())
    assert [p.number for p in signs.missing(run)] == list(range(1, 11))
    signs.propose(run, {1: [box(1, 0, 0.9)], 2: []})
    before = signs.picture(1)
    assert signs.propose(run, {1: [box(1, 0, 0.9)], 2: [box(1, 0, 0.9)]}) == 0
    assert signs.picture(1) == before and signs.picture(2).boxes == ()
    again = signs.start_run(spec())
    assert again.number == run.number and [p.number for p in signs.missing(again)] == list(range(3, 11))
    other = signs.start_run(spec("n"))
    assert other.number != run.number and len(list(signs.missing(other))) == 10
    with pytest.raises(UsageError, match="no class new"):
        signs.start_run(spec(classes=(ClassSpec("new"),)))


def test_a_later_run_leaves_decisions_and_repeats_none(signs: LabelSet) -> None:
    first = signs.start_run(spec())
    signs.propose(first, {1: [box(1, 0, 0.9), box(1, 30, 0.9), box(1, 60, 0.9), box(2, 60, 0.9)]})
    one, two, three, four = signs.picture(1).boxes
    state = signs.edit(
        1,
        [Accept(one.number), Reject(two.number), Change(three.number, 2, (50, 30, 70, 50))],
        who="ann",
        version=signs.picture(1).version,
    )
    decided = state.boxes[:3]
    second = signs.start_run(spec("n"))
    # Each repeats a decision, also what was proposed before somebody moved and renamed it; the last is new.
    again = [box(1, 1, 0.8), box(1, 31, 0.8), box(1, 61, 0.8), box(1, 10, 0.8)]
    signs.propose(second, {1: again})
    after = signs.picture(1)
    assert after.boxes[:3] == decided and [b.run for b in after.boxes[3:]] == [2]
    assert after.boxes[3].number > four.number and after.row.apart == 2
    # An earlier run that comes late does not push it out.
    late = {1: [box(2, 0, 0.9)], 2: [box(1, 0, 0.9)]}
    assert signs.propose(first, late) == 1 and signs.picture(1) == after


def test_an_edit_is_one_thing_and_knows_its_version(signs: LabelSet) -> None:
    start = signs.picture(1)
    drawn = signs.edit(1, [Add(1, (10, 10, 30, 30))], who="ann", version=start.version, seconds=2.5)
    [mine] = drawn.boxes
    assert (mine.state, mine.origin, mine.by, mine.score) == ("accepted", "ann", "ann", None)
    with pytest.raises(VersionConflictError, match=r"p00\.jpg has changed meanwhile") as caught:
        signs.edit(1, [Reject(mine.number)], who="bob", version=start.version)
    assert caught.value.current == drawn == signs.picture(1)
    with pytest.raises(UsageError, match="no pixel in the picture"):
        outside: list[Operation] = [Reject(mine.number), Add(1, (200, 10, 300, 20))]
        signs.edit(1, outside, who="bob", version=drawn.version)
    with pytest.raises(SetNotFoundError, match="no class 7"):
        signs.edit(1, [Add(7, (0, 0, 9, 9))], who="bob", version=drawn.version)
    with pytest.raises(SetNotFoundError, match="no box 99"):
        signs.edit(1, [Accept(99)], who="bob", version=drawn.version)
    assert signs.picture(1) == drawn
    cut = signs.edit(1, [Change(mine.number, box=(90, 70, 300, 300))], who="bob", version=drawn.version)
    assert cut.boxes[0].corners == (90, 70, 100, 80) and cut.boxes[0].state == "accepted"
    assert cut.row.seconds == 2.5


def test_reviewed_accepts_what_is_shown_and_hides_what_is_not(signs: LabelSet) -> None:
    run = signs.start_run(spec())
    signs.propose(run, {1: [box(1, 0, 0.9), box(1, 30, 0.2)]})
    state = signs.edit(1, [Review("reviewed")], who="ann", version=signs.picture(1).version)
    assert [b.state for b in state.boxes] == ["accepted", "proposed"] and state.row.reviewed_by == "ann"
    signs.set_threshold(1, 0.1, "ann")
    assert signs.picture(1).boxes[1].candidate
    undone = signs.edit(1, [Review("todo")], who="ann", version=signs.picture(1).version)
    assert [b.shown for b in undone.boxes] == [True, True] and undone.row.reviewed_by is None
    assert undone.boxes[0].state == "accepted"


def test_a_decision_is_taken_back(signs: LabelSet) -> None:
    run = signs.start_run(spec())
    signs.propose(run, {1: [box(1, 0, 0.9)]})
    before = signs.picture(1).boxes
    number = before[0].number
    decisions: list[Operation] = [Reject(number), Accept(number), Change(number, 2, (0, 0, 9, 9))]
    for decision in decisions:
        version = signs.picture(1).version
        operations: list[Operation] = [decision, Restore(number)]
        signs.edit(1, operations, who="ann", version=version)
        assert signs.picture(1).boxes == before


def test_rows_of_crops_are_decided_at_once(signs: LabelSet) -> None:
    run = signs.start_run(spec())
    signs.propose(run, {n: [box(1, 0, 0.9), box(1, 40, 0.1)] for n in range(1, 6)})
    crops = signs.crops(1, limit=3)
    assert [c.picture for c in crops] == [1, 2, 3]
    assert [c.picture for c in signs.crops(1, after=crops[-1].number)] == [4, 5]
    assert signs.decide({crops[0].number: "reject", crops[1].number: "accept"}, "ann") == 2
    assert signs.decide({crops[1].number: "accept"}, "ann") == 0
    assert signs.decide({}, "ann", reclass=[crops[1].number], class_number=2) == 1
    assert signs.box(crops[1].number).state == "edited"
    [count, _] = signs.summary().classes
    assert (count.proposed, count.candidates, count.rejected) == (3, 5, 1)


def test_undo_and_redo_are_each_persons_own(signs: LabelSet) -> None:
    start = signs.picture(1).boxes
    signs.edit(1, [Add(1, (0, 0, 20, 20))], who="ann", version=1)
    signs.edit(1, [Add(2, (30, 0, 50, 20))], who="bob", version=2)
    full = signs.picture(1)
    undone = signs.undo("ann")
    assert undone is not None and (undone.kind, undone.picture) == ("undo", 1)
    assert [b.origin for b in signs.picture(1).boxes] == ["bob"]
    assert signs.redo("ann") is not None and signs.picture(1).boxes == full.boxes
    assert signs.redo("ann") is None and signs.redo("bob") is None
    assert signs.undo("bob") is not None and signs.undo("ann") is not None
    assert signs.picture(1).boxes == start and signs.undo("bob") is None
    assert signs.picture(1).version == 7


def test_an_undo_leaves_what_somebody_has_changed_since(signs: LabelSet) -> None:
    state = signs.edit(1, [Add(1, (0, 0, 20, 20)), Add(1, (40, 0, 60, 20))], who="ann", version=1)
    one, two = state.boxes
    signs.edit(1, [Reject(one.number)], who="bob", version=2)
    undone = signs.undo("ann")
    assert undone is not None and undone.body["kept"] == [{"what": "box", "number": one.number}]
    assert [b.number for b in signs.picture(1).boxes] == [one.number]
    signs.redo("ann")
    assert [(b.number, b.state) for b in signs.picture(1).boxes] == [
        (one.number, "rejected"),
        (two.number, "accepted"),
    ]


def test_what_others_decided_since_somebody_looked_stays(signs: LabelSet) -> None:
    run = signs.start_run(spec())
    signs.propose(run, {1: [box(1, 0, 0.9), box(1, 30, 0.9), box(1, 60, 0.9)]})
    numbers = [each.number for each in signs.crops(1)]
    one, two, three = numbers
    seen = signs.version()
    assert signs.decide({one: "reject"}, "bob") == signs.decide({two: "reject"}, "ann") == 1
    done = signs.decide_seen(dict.fromkeys(numbers, "accept"), "ann", seen)
    assert (done.changed, done.left) == (2, 1), "her own decision is hers to change"
    assert [signs.box(number).state for number in numbers] == ["rejected", "accepted", "accepted"]
    done = signs.decide_seen({}, "ann", seen, reclass=numbers, class_number=2)
    assert (done.changed, done.left) == (2, 1)
    assert signs.decide({one: "accept"}, "ann") == 1, "who has seen it may change it"
    signs.undo("ann")
    assert signs.box(three).class_number == 2


def test_who_has_not_heard_of_a_merge_means_what_came_of_it(signs: LabelSet) -> None:
    before = signs.picture(1)
    signs.merge_classes([2], 1, "bob")
    drawn = signs.edit(
        1, [Add(2, (10, 10, 30, 30)), Add(1, (40, 10, 60, 30))], who="ann", version=before.version
    )
    assert [box.class_number for box in drawn.boxes] == [1, 1]
    named = signs.edit(1, [Change(drawn.boxes[0].number, 2)], who="ann", version=drawn.version)
    assert named.boxes == drawn.boxes
    signs.remove_class(1, "bob")
    with pytest.raises(SetNotFoundError, match="no class 2 any more"):
        signs.edit(1, [Add(2, (10, 10, 30, 30))], who="ann", version=signs.picture(1).version)


def test_classes_are_changed_renamed_merged_and_removed(signs: LabelSet) -> None:
    run = signs.start_run(spec())
    signs.propose(run, {1: [box(1, 0, 0.9), box(2, 40, 0.9)]})
    accepted = signs.edit(1, [Accept(1)], who="ann", version=2).boxes[0]
    signs.set_classes([ClassSpec("exit", ("door",)), ClassSpec("hat")], "ann")
    assert [c.name for c in signs.classes()] == ["exit", "bare", "hat"]
    assert signs.picture(1).boxes[0] == accepted
    with pytest.raises(UsageError, match="merge exit into it"):
        signs.change_class(1, "ann", name="hat")
    signs.change_class(1, "ann", name="way out")
    signs.merge_classes([1, 2], 3, "ann")
    assert [(c.number, c.captions) for c in signs.classes()] == [
        (3, ("hat", "door", "person without a helmet"))
    ]
    assert {b.class_number for b in signs.picture(1).boxes} == {3}
    assert signs.picture(1).boxes[0].by == "ann"
    # A model that still looks for a class that was merged finds boxes of the one it is in now.
    signs.propose(run, {2: [box(1, 0, 0.9)]})
    assert signs.picture(2).boxes[0].class_number == 3
    signs.undo("ann")
    assert [c.name for c in signs.classes()] == ["way out", "bare", "hat"]
    assert [b.class_number for b in signs.picture(1).boxes] == [1, 2]
    signs.remove_class(1, "ann")
    assert [b.class_number for b in signs.picture(1).boxes] == [2]
    signs.undo("ann")
    assert signs.picture(1).boxes[0].number == accepted.number


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([ClassSpec(" ")], "a class's name has 1 to 200"),
        ([ClassSpec("a"), ClassSpec("a")], "said twice"),
        ([ClassSpec("a", ("b",), ("b",))], "found by 'b' and not"),
        ([ClassSpec("a", threshold=1.5)], "a score from 0 to 1"),
        ([ClassSpec("a", threshold=float("nan"))], "a score from 0 to 1"),
    ],
)
def test_classes_that_cannot_be_are_refused(signs: LabelSet, asked: list[ClassSpec], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        signs.set_classes(asked, "ann")
    assert len(signs.classes()) == 2


def test_the_queue_asks_the_unsure_first_and_each_of_one_person(signs: LabelSet) -> None:
    run = signs.start_run(spec())
    scores = {1: 0.9, 2: 0.31, 3: 0.5, 4: 0.28, 5: 0.99}
    signs.propose(run, {n: [box(1, 0, score)] for n, score in scores.items()})
    ann = signs.next("ann", count=3)
    bob = signs.next("bob", count=10)
    assert len(ann) == 3 and not set(ann) & set(bob) and len(ann + bob) == 10
    splits = {p.number: p.split for p in signs.pictures()}
    train = [n for n in ann if splits[n] == "train"]
    best = sorted((n for n in scores if splits[n] == "train"), key=lambda n: abs(scores[n] - 0.3))
    assert train == best[: len(train)] and "val" in {splits[n] for n in ann}
    signs.next("bob", count=1)
    assert len(signs.next("ann", count=10)) == 9


def test_filters(signs: LabelSet) -> None:
    run = signs.start_run(spec())
    clash = [box(1, 0, 0.9), box(2, 5, 0.9)]
    signs.propose(run, {1: [box(1, 0, 0.32)], 2: clash, 3: [box(2, 0, 0.1)]})
    signs.edit(4, [Add(1, (0, 0, 9, 9)), Review()], who="ann", version=1)

    def numbers(*fields: object) -> list[int]:
        return [p.number for p in signs.pictures(where=Filter(*fields))]  # type: ignore[arg-type]

    assert numbers("unsure") == [1] and numbers("disagreeing") == [2] and numbers("reviewed") == [4]
    assert 4 not in numbers("todo") and numbers("empty") == [3, 5, 6, 7, 8, 9, 10]
    assert numbers("all", None, 1) == [1, 2, 4] and numbers("all", None, 2) == [2]
    assert numbers("near_duplicates") == [] and len(numbers("all", "val")) == 2
    assert BARE.threshold == 0.5 and signs.summary().people[0].name == "ann"


def test_people_at_one_picture_lose_nothing(sets: SetStore, signs: LabelSet) -> None:
    """Each repeats what a newer version has refused; the set is opened anew by each, as by processes."""

    def draw(who: str) -> int:
        mine, refused = sets.open("signs"), 0
        for i in range(15):
            while True:
                state = mine.picture(1)
                try:
                    mine.edit(1, [Add(1, (i, 0, i + 10, 10))], who=who, version=state.version)
                    break
                except VersionConflictError:
                    refused += 1
        return refused

    people = ["ann", "bob", "eve", "joe"]
    with ThreadPoolExecutor(len(people)) as pool:
        assert sum(pool.map(draw, people)) >= 0
    boxes = signs.picture(1).boxes
    assert Counter(b.origin for b in boxes) == dict.fromkeys(people, 15)
    assert signs.picture(1).version == 1 + 60
    check_laws(signs)


def test_a_page_of_ten_thousand_is_read_by_an_index(signs: LabelSet) -> None:
    """What a plan of the database says is the same on a busy machine."""
    if signs.engine.dialect.name != "sqlite":
        return
    with signs.engine.connect() as db:
        plans = {
            order: " ".join(
                row[3]
                for row in db.exec_driver_sql(
                    "EXPLAIN QUERY PLAN SELECT * FROM label_pictures WHERE set_id = 1 "
                    f'ORDER BY "{order}", number LIMIT 100'
                )
            )
            for order in ("use", "number", "name")
        }
    assert all(
        "USING INDEX" in plan and "TEMP B-TREE" not in plan.replace("TEMP B-TREE FOR LAST TERM", "")
        for plan in plans.values()
    ), plans


def test_pictures_that_have_changed_places_are_followed(signs: LabelSet) -> None:
    first, second = signs.picture(1).row, signs.picture(2).row
    swapped = [replace(found(0), place=second.place), replace(found(1), place=first.place)]
    added = signs.add_pictures(swapped, "ann")
    assert set(added.moved) == {1, 2}
    assert (signs.picture(1).row.place, signs.picture(2).row.place) == (second.place, first.place)


def test_a_class_is_changed_as_a_whole_or_not_at_all(signs: LabelSet) -> None:
    before = signs.classes(gone=True)
    for fields in (
        {"name": "way out", "threshold": 0.4, "captions": ["a" * 1000]},
        {"name": "way out", "threshold": 7.0},
        {"name": "bare", "captions": ["b"]},
    ):
        with pytest.raises(UsageError):
            signs.change_class(1, "ann", **fields)
        assert signs.classes(gone=True) == before
    signs.change_class(1, "ann", name="way out", threshold=0.4, captions=["b"])
    [changed, _] = signs.classes(gone=True)
    assert (changed.name, changed.threshold, changed.captions, changed.not_captions) == (
        "way out",
        0.4,
        ("b",),
        ("poster",),
    )
    for _ in range(3):
        signs.undo("ann")
    assert signs.classes(gone=True) == before
    check_laws(signs)


def test_a_clock_that_was_ahead_keeps_nobody_from_a_picture(
    signs: LabelSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(writing, "now", lambda: now() + timedelta(days=400))
        assert len(signs.next("ann", count=10)) == 10
    assert len(signs.next("bob", count=10)) == 10
    assert signs.next("cid", count=10) == [], "and what is kept by now is"


@pytest.mark.parametrize("name", ["a\u202eb", "a\x1b[2Jb", "\u200b", "\u2066a\u2069", "\0", "\ufeff\u200d"])
def test_a_class_is_called_by_what_people_see(signs: LabelSet, name: str) -> None:
    before = signs.classes()
    for asked in (ClassSpec(name), ClassSpec("c", (name,)), ClassSpec("c", (), (name,))):
        with pytest.raises(UsageError):
            signs.set_classes([asked], "ann")
    with pytest.raises(UsageError):
        signs.change_class(1, "ann", name=name)
    assert signs.classes() == before


def test_a_name_is_the_one_that_is_kept(signs: LabelSet) -> None:
    signs.set_classes(
        [ClassSpec("ex\0it", ("words",)), ClassSpec("\u06a9\u200c\u0631 \U0001f468\u200d\U0001f692")], "ann"
    )
    assert [c.name for c in signs.classes()][:2] == ["exit", "bare"] and len(signs.classes()) == 3


def test_decisions_and_classes_are_given_together_or_not_at_all(signs: LabelSet) -> None:
    signs.propose(signs.start_run(spec()), {1: [box(1, 10, 0.9), box(1, 50, 0.9)]})
    one, other = (each.number for each in signs.picture(1).boxes)
    with pytest.raises(SetNotFoundError):
        signs.decide({one: "accept"}, "ann", reclass=[other, 999], class_number=2)
    with pytest.raises(SetNotFoundError):
        signs.decide({one: "accept"}, "ann", reclass=[other], class_number=99)
    assert {each.state for each in signs.picture(1).boxes} == {"proposed"}
    assert signs.decide({one: "accept"}, "ann", reclass=[other], class_number=2) == 2
    check_laws(signs)


def test_a_full_disk_is_said_and_changes_nothing(sets: SetStore, signs: LabelSet) -> None:
    if sets.engine.dialect.name != "sqlite":
        pytest.skip("the pages of a file are counted in SQLite alone")

    def full(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {size}")

    with sets.engine.connect() as db:
        size = db.exec_driver_sql("PRAGMA page_count").scalar_one()
    before = signs.picture(1)
    sa.event.listen(sets.engine, "checkout", full)
    try:
        with pytest.raises(PlatformError, match="disk is full"):
            signs.edit(
                1, [Add(1, (1, 2, 3 + k % 50, 9)) for k in range(2000)], who="ann", version=before.version
            )
    finally:
        sa.event.remove(sets.engine, "checkout", full)
    assert signs.picture(1) == before


def test_a_run_knows_where_its_model_lay_last(signs: LabelSet) -> None:
    assert signs.start_run(spec(source="/models/a.pth")).source == "/models/a.pth"
    moved = signs.start_run(spec(source="/best/a.pth"))
    assert (moved.number, moved.source) == (1, "/best/a.pth"), "the digest says which model it is"
    assert signs.start_run(spec()).source == "/best/a.pth"
    assert signs.start_run(spec("b")).source is None
