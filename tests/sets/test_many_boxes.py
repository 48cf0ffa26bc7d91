"""What is done to many boxes or pictures at once is what is done to each by itself."""

from __future__ import annotations

import random

from skillbank.datasets.looks import SMALL
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Accept, Add, ClassSpec, FoundPicture, Proposal
from skillbank.sets.store import SetStore
from tests.sets.conftest import home, sets, signs, spec
from tests.sets.replaying import check_laws, held

__all__ = ["home", "sets", "signs"]


def crowded(labels: LabelSet) -> None:
    """Put ninety boxes into each of three pictures, decide some, draw some."""
    numbers = random.Random(3)
    run = labels.start_run(spec())
    for number in (1, 2, 3):
        corners = [(numbers.uniform(0, 70), numbers.uniform(0, 50)) for _ in range(90)]
        found = [
            Proposal(i % 2 + 1, (x, y, x + 20, y + 20), numbers.random()) for i, (x, y) in enumerate(corners)
        ]
        labels.propose(run, {number: found})
        some = [Accept(box.number) for box in labels.picture(number).boxes[:40:4]]
        version = labels.picture(number).version
        labels.edit(number, [*some, Add(2, (1, 1, 30, 30))], who="ann", version=version)


def test_a_merge_a_removal_and_their_undos_of_many_boxes(signs: LabelSet) -> None:
    crowded(signs)
    start = held(signs)
    signs.merge_classes([2], 1, "ann")
    check_laws(signs)
    assert {f["class"] for (what, _), f in held(signs).items() if what == "box"} == {1}
    assert signs.undo("ann") is not None and held(signs) == start
    signs.remove_class(1, "ann")
    check_laws(signs)
    assert {f["class"] for (what, _), f in held(signs).items() if what == "box"} == {2}
    assert signs.undo("ann") is not None and held(signs) == start
    check_laws(signs)


def test_what_others_have_changed_since_is_left_alone_among_many(signs: LabelSet) -> None:
    crowded(signs)
    signs.merge_classes([2], 1, "ann")
    signs.set_classes([ClassSpec("hat")], "bob")
    moved = signs.picture(2).boxes[1].number
    signs.decide({}, "bob", reclass=[moved], class_number=3)
    undone = signs.undo("ann")
    assert undone is not None and undone.body["kept"] == [{"what": "box", "number": moved}]
    assert {box.class_number for box in signs.picture(2).boxes} == {1, 2, 3}
    check_laws(signs)


def test_an_undo_finds_its_event_behind_many_that_only_took_time(signs: LabelSet) -> None:
    crowded(signs)
    for _ in range(5):
        signs.edit(5, [], who="ann", version=signs.picture(5).version, seconds=1)
    last = signs.undo("ann")
    assert last is not None and last.picture == 3


def test_pictures_that_come_one_by_one_are_dealt_and_grouped_as_at_once(sets: SetStore) -> None:
    numbers = random.Random(5)
    found, look = [], b""
    for i in range(60):
        look = look if i % 3 == 2 else numbers.randbytes(SMALL)
        found.append(FoundPicture(f"{i % 4}.jpg", f"/a/{i}.jpg", f"{i:064x}", 10, 10, look))
    one_by_one, at_once = (sets.create(name, who="ann") for name in ("one", "other"))
    at_once.add_pictures(found, "ann")
    for each in found:
        one_by_one.add_pictures([each], "ann")
    rows = [{row.sha256: row for row in labels.pictures(limit=100)} for labels in (one_by_one, at_once)]
    for sha256, row in rows[0].items():
        assert (row.group, row.name, row.number) == (
            rows[1][sha256].group,
            rows[1][sha256].name,
            rows[1][sha256].number,
        )
        assert row.split == rows[0][f"{row.group - 1:064x}"].split
    assert len({row.group for row in rows[0].values()}) == 40
    one, other = (sum(row.split == "val" for row in each.values()) for each in rows)
    assert one == other and 10 <= one <= 12
    check_laws(one_by_one)
