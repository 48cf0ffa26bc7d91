"""Learning while people review: what they decided says what is shown of the rest, without the model.

Somebody switches it on for a set. From then on, whenever the queue is asked and enough more is reviewed, the
chance of every open proposal of the latest run is worked out anew (`skillbank.sets.lessons`), and chances
stand in place of scores: what is likely enough is shown, and of several names for one place the likeliest.
Where a person has said a threshold for a class, that counts. Pictures that somebody else is at are left as
they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa

from skillbank.sets.derived import among, parts
from skillbank.sets.lessons import Lesson, Said, Seen, overlaps, seen
from skillbank.sets.model import Corners
from skillbank.sets.repeats import Repeat, repeats_of
from skillbank.sets.tables import BOXES, CLAIMS, PICTURES, RUNS, SEEN
from skillbank.sets.writing import Writing

__all__ = ["FEWEST", "relearn", "switch"]

FEWEST = 3
"""Reviewed pictures that say enough to begin with, and of which it takes so many more to learn again."""
_MORE = 0.1
"""Share of more pictures from which it is worth to learn again."""
_FINDS = 0.5
"""Share of a box and an object from which the one has found the other."""


def switch(change: Writing, on: bool) -> None:
    """Begin to learn, or let scores count again; what is open is shown accordingly at once."""
    if not change.change_self(learns=int(on)):
        return
    change.note("learning")
    if on:
        relearn(change)
    else:
        _forget(change)


def relearn(change: Writing) -> None:
    """Learn anew if the set learns and enough was reviewed since it did so last."""
    if not change.row["learns"]:
        return
    change.flush()
    newest = sa.select(RUNS.c.number, RUNS.c.threshold, RUNS.c.learned).where(RUNS.c.set_id == change.set_id)
    run = change.db.execute(newest.order_by(RUNS.c.number.desc()).limit(1)).first()
    if run is None:
        return
    reviewed = _pictures(change, run.number, PICTURES.c.state == "reviewed")
    before = run.learned or 0
    late: list[int] = []
    if len(reviewed) < before + max(FEWEST, _MORE * before):
        late = _late(change, run.number) if before else []
        if not late:
            return
    examples = list(_examples(change, run.number, reviewed))
    if not examples:
        return
    right = [each.right() for each in examples]
    lesson = Lesson.of([each.seen for each in examples], right, run.threshold)
    if lesson is None:
        return
    _apply(change, run.number, late or _open(change, run.number), lesson)
    if late:
        return
    this = RUNS.c.set_id == change.set_id, RUNS.c.number == run.number
    change.db.execute(RUNS.update().where(*this).values(learned=len(reviewed)))


def _forget(change: Writing) -> None:
    change.flush()
    learned = BOXES.c.set_id == change.set_id, BOXES.c.chance.is_not(None)
    open_ones = sa.select(BOXES.c.picture).where(*learned, BOXES.c.state == "proposed").distinct()
    change.touched.update(change.db.scalars(open_ones))
    change.db.execute(BOXES.update().where(*learned).values(chance=None))
    change.db.execute(RUNS.update().where(RUNS.c.set_id == change.set_id).values(learned=None))


def _open(change: Writing, run: int, *where: sa.ColumnElement[bool]) -> list[int]:
    """Return pictures in which a run's proposals are open and that nobody else is at."""
    theirs = sa.select(CLAIMS.c.picture).where(
        CLAIMS.c.set_id == change.set_id, CLAIMS.c.who != change.who, CLAIMS.c.until > change.at
    )
    closed = PICTURES.c.state.in_(("reviewed", "accepted"))
    return _pictures(change, run, ~closed, PICTURES.c.number.not_in(theirs), *where)


def _late(change: Writing, run: int) -> list[int]:
    """Return those that came after the last lesson, or were somebody's then: they are shown by scores."""
    here = BOXES.c.set_id == change.set_id, BOXES.c.picture == PICTURES.c.number, BOXES.c.run == run
    unlearned = sa.select(BOXES.c.number).where(
        *here, BOXES.c.state == "proposed", BOXES.c.score.is_not(None), BOXES.c.chance.is_(None)
    )
    return _open(change, run, unlearned.exists())


def _apply(change: Writing, run: int, numbers: Iterable[int], lesson: Lesson) -> None:
    """Give the proposals of a run in some pictures their chances."""
    for each in _findings(change, run, numbers):
        if not each.said:
            continue
        chances = lesson.chances(each.seen)
        change.db.execute(
            BOXES.update()
            .where(BOXES.c.set_id == change.set_id, BOXES.c.number == sa.bindparam("n"))
            .values(chance=sa.bindparam("likely")),
            [
                {"n": number, "likely": round(float(chance), 4)}
                for number, chance in zip(each.numbers, chances, strict=True)
            ],
        )
        change.touched.add(each.picture)


def _pictures(change: Writing, run: int, *where: sa.ColumnElement[bool]) -> list[int]:
    """Return the pictures that a run has looked at."""
    query = (
        sa.select(PICTURES.c.number)
        .join(SEEN, (SEEN.c.set_id == PICTURES.c.set_id) & (SEEN.c.picture == PICTURES.c.number))
        .where(PICTURES.c.set_id == change.set_id, SEEN.c.run == run, *where)
    )
    return list(change.db.scalars(query.order_by(PICTURES.c.number)))


@dataclass
class _Found:
    """What a run has found in a picture, and the objects that people say are there."""

    picture: int
    width: int
    height: int
    numbers: list[int] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    objects: list[tuple[int, Corners]] = field(default_factory=list)

    @property
    def seen(self) -> Seen:
        """What can be learned from."""
        return seen(self.said, self.width, self.height)

    def right(self) -> np.typing.NDArray[np.bool_]:
        """Return which of them are objects of their class, shape (boxes,)."""
        right = np.zeros(len(self.said), dtype=bool)
        if self.objects and self.said:
            there = np.array([corners for _, corners in self.objects])
            shares = overlaps(np.array([corners for _, corners, _ in self.said]), there)
            alike = np.array([[a == b for b, _ in self.objects] for a, _, _ in self.said])
            right = ((shares >= _FINDS) & alike).any(axis=1)
        return right


def _examples(change: Writing, run: int, reviewed: Sequence[int]) -> Iterator[_Found]:
    """Yield reviewed pictures in which all that a run has found is known, and is something."""
    for part in parts(reviewed):
        again = repeats_of(change.db, change.set_id, run, part)
        for each in _findings(change, run, part, again):
            if each.said:
                yield each


def _findings(
    change: Writing, run: int, numbers: Iterable[int], again: dict[int, dict[int, Repeat]] | None = None
) -> Iterator[_Found]:
    """Yield pictures with what a run has found, as it had found it.

    Parameters
    ----------
    again
        By picture and box what it has said again of boxes that were decided before.
    """
    for part in parts(numbers):
        sizes = sa.select(PICTURES.c.number, PICTURES.c.width, PICTURES.c.height).where(
            PICTURES.c.set_id == change.set_id, among(change.db, PICTURES.c.number, part)
        )
        found = {number: _Found(number, width, height) for number, width, height in change.db.execute(sizes)}
        boxes = sa.select(BOXES).where(
            BOXES.c.set_id == change.set_id, among(change.db, BOXES.c.picture, part)
        )
        of_picture: dict[int, list[Any]] = defaultdict(list)
        for row in change.db.execute(boxes.order_by(BOXES.c.number)).mappings():
            of_picture[row["picture"]].append(row)
        for number, each in found.items():
            for box in of_picture[number]:
                _take(change, each, box, run, (again or {}).get(number, {}).get(box["number"]))
        yield from found.values()


def _take(change: Writing, into: _Found, box: Any, run: int, repeat: Repeat | None) -> None:
    now: tuple[int, Corners] = box["class"], (box["x1"], box["y1"], box["x2"], box["y2"])
    first = now
    if box["first"]:
        number, x1, y1, x2, y2 = box["first"]
        first = (change.heir(number) or box["class"]), (x1, y1, x2, y2)
    if box["run"] == run and box["score"] is not None:
        into.numbers.append(box["number"])
        into.said.append((*first, box["score"]))
    elif repeat is not None:
        into.numbers.append(box["number"])
        into.said.append((*(first if repeat.is_first else now), repeat.score))
    if box["state"] in ("accepted", "edited"):
        into.objects.append(now)
