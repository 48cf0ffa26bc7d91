"""How long a label set of many boxes takes for what concerns all of them: thresholds, merges, undos.

Two hundred pictures of two hundred boxes each, in the database of ``--database`` or a new SQLite file. After
each step the tables are what they would be had every picture and box been taken by itself: what follows is
worked out again picture by picture, boxes of a merged class are counted one by one, an undo gives back every
row as it was. Then further pictures come in tens to ten thousand, in the splits and groups that they have
when all come at once.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.detect import machine
from skillbank.datasets.looks import SMALL
from skillbank.jobs.store import JobStore
from skillbank.sets.derived import derive
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import ClassSpec, FoundPicture, Proposal, RunSpec
from skillbank.sets.store import SetStore
from skillbank.sets.tables import BOXES, PICTURES

CLASSES = tuple(ClassSpec(name) for name in ("bolt", "nut", "washer", "screw"))
SIZE = 2000, 1500
WHO = "ann"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="URL of an empty database")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--boxes", type=int, default=200, help="of each picture")
    parser.add_argument("--many", type=int, default=10_000, help="pictures that others come to in tens")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = stack.enter_context(JobStore(given.database or f"sqlite:///{folder / 'store.db'}"))
        sets = SetStore(store.engine)
        size = f"{given.pictures} pictures of {given.boxes} boxes"
        print(f"{machine()}; {size}, {store.engine.dialect.name}; CPU of this process alone")
        print("| what | s | CPU s |\n|---|---|---|")
        steps(made(sets, given.pictures, given.boxes))
        tens(sets, given.many)


def made(sets: SetStore, pictures: int, boxes: int) -> LabelSet:
    """Make a set of proposals that overlap and compete here and there."""
    numbers = random.Random(1)
    labels = sets.create("parts", CLASSES, who=WHO)
    added = labels.add_pictures(found(numbers, range(pictures)), WHO).new
    run = labels.start_run(RunSpec("m", "m" * 64, CLASSES, who=WHO))
    for number in added:
        labels.propose(run, {number: [proposal(numbers) for _ in range(boxes)]})
    return labels


def found(numbers: random.Random, which: range) -> list[FoundPicture]:
    """Return pictures of noise, every tenth of which looks like the one before it."""
    made = []
    look = b""
    for i in which:
        look = look if i % 10 == 9 and look else numbers.randbytes(SMALL)
        sha256 = hashlib.sha256(b"%d" % i).hexdigest()
        made.append(FoundPicture(f"p{i}.jpg", f"/photos/p{i}.jpg", sha256, *SIZE, look))
    return made


def proposal(numbers: random.Random) -> Proposal:
    """Return a box of any class somewhere."""
    x, y = numbers.uniform(0, SIZE[0] - 150), numbers.uniform(0, SIZE[1] - 150)
    width, height = numbers.uniform(20, 120), numbers.uniform(20, 120)
    return Proposal(numbers.randint(1, len(CLASSES)), (x, y, x + width, y + height), numbers.random())


def steps(labels: LabelSet) -> None:
    """Do and undo what concerns many boxes; see that each is right."""
    start = held(labels)
    timed("threshold of a class", lambda: labels.set_threshold(1, 0.5, WHO), labels)
    undone("its undo", labels, start)
    timed("two classes merged into a third", lambda: labels.merge_classes([2, 3], 1, WHO), labels)
    merged = held(labels)
    for number, (before, after) in both(start, merged, "box").items():
        wanted = {**before, "class": 1 if before["class"] in (2, 3) else before["class"]}
        assert {**after, "shown": None} == {**wanted, "shown": None}, f"box {number} is not as it should be"
    undone("its undo", labels, start)
    timed("its redo", lambda: labels.redo(WHO), labels)
    assert held(labels) == merged, "a redo is not what was done"
    timed("a class removed with its boxes", lambda: labels.remove_class(1, WHO), labels)
    undone("its undo", labels, merged)


def tens(sets: SetStore, many: int) -> None:
    """Add pictures in tens, and all at once to another set; see that they are dealt alike."""
    whole = found(random.Random(2), range(many + 100))
    by_tens, at_once = (sets.create(name, CLASSES, who=WHO) for name in ("by-tens", "at-once"))
    for labels in (by_tens, at_once):
        labels.add_pictures(whole[:many], WHO)
    with told(f"ten pictures to {many:,}, ten times"):
        for first in range(many, len(whole), 10):
            by_tens.add_pictures(whole[first : first + 10], WHO)
    with told(f"a hundred pictures to {many:,}"):
        at_once.add_pictures(whole[many:], WHO)
    groups = [{row.name: row.group for row in rows(labels)} for labels in (by_tens, at_once)]
    assert groups[0] == groups[1], "pictures have other look-alikes when they come in tens"


def timed(what: str, do: Callable[[], object], labels: LabelSet) -> None:
    """Say how long something takes, and see that what follows from it is as for each picture by itself."""
    with told(what):
        do()
    before = held(labels)
    with labels.engine.begin() as db:
        for row in rows(labels):
            derive(db, labels.id, [row.number])
    assert held(labels) == before, f"after {what} something does not follow"


def undone(what: str, labels: LabelSet, before: dict[Any, Any]) -> None:
    """Time an undo, and see that it gives back all as it was."""
    timed(what, lambda: labels.undo(WHO), labels)
    assert held(labels) == before, "an undo does not give back what was there"


def held(labels: LabelSet) -> dict[Any, dict[str, Any]]:
    """Return all rows of pictures and boxes but for the versions of pictures."""
    state: dict[Any, dict[str, Any]] = {}
    with labels.engine.connect() as db:
        for what, table in (("picture", PICTURES), ("box", BOXES)):
            for row in db.execute(sa.select(table).where(table.c.set_id == labels.id)).mappings():
                state[what, row["number"]] = {k: v for k, v in row.items() if k != "version"}
    return state


def both(one: dict[Any, Any], other: dict[Any, Any], what: str) -> dict[int, tuple[Any, Any]]:
    """Return the things of a kind in two states, by number."""
    return {key[1]: (fields, other[key]) for key, fields in one.items() if key[0] == what}


def rows(labels: LabelSet) -> list[Any]:
    """Return all pictures."""
    return labels.pictures(limit=1_000_000)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say how long something takes."""
    start, used = time.monotonic(), time.process_time()
    yield
    print(f"| {what} | {time.monotonic() - start:.2f} | {time.process_time() - used:.2f} |", flush=True)


if __name__ == "__main__":
    main()
