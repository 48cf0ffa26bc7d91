"""Learning while people review: what they decided says what is shown of the rest, without the model.

Somebody switches it on for a set. From then on, whenever the queue is asked and enough more is reviewed, it
learns anew (`skillbank.sets.lessons`) how likely the open proposals of the latest run are right. The most
useful pictures are shown so at once, the others little by little, some with each question for the next one,
so that nobody waits for thousands; a picture that is asked for is shown by the last lesson always. Chances
stand in place of scores: what is likely enough is shown, and of several names for one place the likeliest.
Where a person has said a threshold for a class, that counts. Pictures that somebody else is at are left as
they are.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa

from skillbank.sets.derived import among, parts
from skillbank.sets.lessons import Lesson, Said, Seen, overlaps, seen
from skillbank.sets.model import Corners
from skillbank.sets.repeats import Repeat, repeats_of
from skillbank.sets.tables import BOXES, CLAIMS, LOOKS, PICTURES, RUNS, SEEN
from skillbank.sets.writing import Writing

__all__ = ["FEWEST", "catch_up", "relearn", "switch"]

FEWEST = 3
"""Reviewed pictures that say enough to begin with."""
_MORE = 0.1
"""Share of more pictures from which it is worth to learn again; of few each one is."""
_MOST_PICTURES, _MOST_BOXES = 200, 1000
"""That a lesson is brought to at a time: what takes less than a tenth of a second."""
_FINDS = 0.5
"""Share of a box and an object from which the one has found the other."""


def switch(change: Writing, on: bool, *, whole: bool = True) -> None:
    """Begin to learn, or let scores count again; what is open is shown accordingly at once.

    Parameters
    ----------
    whole
        Whether all that is open is gone through, or the most useful now and the rest as pictures are asked.
    """
    if change.change_self(learns=int(on)):
        change.note("learning")
        if not on:
            _forget(change)
    if on:
        relearn(change, whole=whole)


def relearn(change: Writing, *, whole: bool = False) -> None:
    """Learn anew if the set learns and enough was reviewed since it did so last; show some of the rest so.

    Parameters
    ----------
    whole
        Whether all that is open is gone through; else the most useful, as much as nobody has to wait for.
    """
    run = _latest(change)
    if run is None:
        return
    reviewed = _pictures(change, run.number, PICTURES.c.state == "reviewed")
    before = run.learned or 0
    if len(reviewed) >= (before + max(1, _MORE * before) if before else FEWEST):
        lesson = _lesson(change, run, reviewed)
        if lesson is not None:
            this = RUNS.c.set_id == change.set_id, RUNS.c.number == run.number
            change.db.execute(RUNS.update().where(*this).values(learned=len(reviewed)))
            _LESSONS.keep(_key(change, run.number, len(reviewed)), lesson)
    catch_up(change, whole=whole)


def catch_up(change: Writing, numbers: Sequence[int] | None = None, *, whole: bool = False) -> None:
    """Show open pictures by the last lesson that are not yet.

    Parameters
    ----------
    numbers
        Which ones; by default the most useful, as many as nobody has to wait for, or the whole rest.
    """
    run = _latest(change)
    if run is None or run.learned is None:
        return
    which = [] if numbers is None else [among(change.db, PICTURES.c.number, numbers)]
    late = PICTURES.c.lesson.is_(None) | (PICTURES.c.lesson != run.learned)
    is_part = numbers is None and not whole
    stale = _open(change, run.number, late, *which, most=_MOST_PICTURES if is_part else None)
    if is_part:
        stale = _some(change, stale)
    if not stale:
        return
    lesson = _LESSONS.get(_key(change, run.number, run.learned))
    if lesson is None:  # another process has learned it
        reviewed = _pictures(change, run.number, PICTURES.c.state == "reviewed")
        lesson = _lesson(change, run, reviewed)
        if lesson is not None:
            _LESSONS.keep(_key(change, run.number, run.learned), lesson)
    if lesson is None:
        return
    _apply(change, run.number, stale, lesson)
    here = PICTURES.c.set_id == change.set_id, among(change.db, PICTURES.c.number, stale)
    change.db.execute(PICTURES.update().where(*here).values(lesson=run.learned))


class _Latest(NamedTuple):
    """The latest run: its number, its threshold, and at how many reviewed pictures it has learned last."""

    number: int
    threshold: float
    learned: int | None


def _latest(change: Writing) -> _Latest | None:
    """Return the latest run; None where nothing is learned."""
    if not change.row["learns"]:
        return None
    change.flush()
    newest = sa.select(RUNS.c.number, RUNS.c.threshold, RUNS.c.learned).where(RUNS.c.set_id == change.set_id)
    found = change.db.execute(newest.order_by(RUNS.c.number.desc()).limit(1)).first()
    return None if found is None else _Latest(*found)


def _lesson(change: Writing, run: _Latest, reviewed: Sequence[int]) -> Lesson | None:
    examples = list(_examples(change, run.number, reviewed))
    if not examples:
        return None
    return Lesson.of([each.seen for each in examples], [each.right() for each in examples], run.threshold)


def _some(change: Writing, stale: Sequence[int]) -> list[int]:
    """Return of pictures the first ones, whose boxes are as many as are gone through in a moment."""
    query = sa.select(BOXES.c.picture, sa.func.count()).where(
        BOXES.c.set_id == change.set_id, among(change.db, BOXES.c.picture, stale)
    )
    counts = {number: count for number, count in change.db.execute(query.group_by(BOXES.c.picture))}  # noqa: C416 - rows are no pairs
    total = 0
    for place, number in enumerate(stale):
        total += counts.get(number, 0)
        if total > _MOST_BOXES and place:
            return list(stale[:place])
    return list(stale)


class _Lessons:
    """The last lessons of this process: they follow from the tables, and take long to work out there."""

    _MOST = 16

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Lesson] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...]) -> Lesson | None:
        """Return a lesson; None of one that is not known here."""
        with self._lock:
            return self._kept.get(key)

    def keep(self, key: tuple[object, ...], lesson: Lesson) -> None:
        """Keep a lesson."""
        with self._lock:
            self._kept[key] = lesson
            while len(self._kept) > self._MOST:
                self._kept.popitem(last=False)


_LESSONS = _Lessons()


def _key(change: Writing, run: int, learned: int) -> tuple[object, ...]:
    return str(change.db.engine.url), change.set_id, str(change.row["created"]), run, learned


def _forget(change: Writing) -> None:
    change.flush()
    learned = BOXES.c.set_id == change.set_id, BOXES.c.chance.is_not(None)
    open_ones = sa.select(BOXES.c.picture).where(*learned, BOXES.c.state == "proposed").distinct()
    change.touched.update(change.db.scalars(open_ones))
    change.db.execute(BOXES.update().where(*learned).values(chance=None))
    change.db.execute(RUNS.update().where(RUNS.c.set_id == change.set_id).values(learned=None))
    taught = PICTURES.c.set_id == change.set_id, PICTURES.c.lesson.is_not(None)
    change.db.execute(PICTURES.update().where(*taught).values(lesson=None))


def _open(change: Writing, run: int, *where: sa.ColumnElement[bool], most: int | None = None) -> list[int]:
    """Return pictures in which a run has open proposals and that nobody is at, the most useful first."""
    theirs = sa.select(CLAIMS.c.picture).where(
        CLAIMS.c.set_id == change.set_id, CLAIMS.c.who != change.who, CLAIMS.c.until > change.at
    )
    closed = PICTURES.c.state.in_(("reviewed", "accepted"))
    useful = PICTURES.c.use.desc()
    return _pictures(change, run, ~closed, PICTURES.c.number.not_in(theirs), *where, first=useful, most=most)


def _apply(change: Writing, run: int, numbers: Iterable[int], lesson: Lesson) -> None:
    """Give the proposals of a run in some pictures their chances."""
    told = []
    for each in _findings(change, run, numbers):
        if each.said:
            chances = lesson.chances(each.seen).round(4).tolist()
            told += [{"n": n, "likely": chance} for n, chance in zip(each.numbers, chances, strict=True)]
            change.touched.add(each.picture)
    if told:
        here = BOXES.c.set_id == change.set_id, BOXES.c.number == sa.bindparam("n")
        change.db.execute(BOXES.update().where(*here).values(chance=sa.bindparam("likely")), told)


def _pictures(
    change: Writing,
    run: int,
    *where: sa.ColumnElement[bool],
    first: sa.ColumnElement[object] | None = None,
    most: int | None = None,
) -> list[int]:
    """Return the pictures that a run has looked at, by number unless some come first."""
    query = (
        sa.select(PICTURES.c.number)
        .join(SEEN, (SEEN.c.set_id == PICTURES.c.set_id) & (SEEN.c.picture == PICTURES.c.number))
        .where(PICTURES.c.set_id == change.set_id, SEEN.c.run == run, *where)
    )
    order = [PICTURES.c.number] if first is None else [first, PICTURES.c.number]
    return list(change.db.scalars(query.order_by(*order).limit(most)))


@dataclass
class _Found:
    """What a run has found in a picture, and the objects that people say are there."""

    picture: int
    width: int
    height: int
    small: bytes
    numbers: list[int] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    objects: list[tuple[int, Corners]] = field(default_factory=list)

    @property
    def seen(self) -> Seen:
        """What can be learned from."""
        return seen(self.said, self.width, self.height, self.small)

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
        c = PICTURES.c
        same = (LOOKS.c.set_id == c.set_id) & (LOOKS.c.picture == c.number)
        looks = sa.select(c.number, c.width, c.height, LOOKS.c.small).join(LOOKS, same, isouter=True)
        here = looks.where(c.set_id == change.set_id, among(change.db, c.number, part))
        found = {n: _Found(n, w, h, small or b"") for n, w, h, small in change.db.execute(here)}
        boxes = sa.select(BOXES).where(
            BOXES.c.set_id == change.set_id, among(change.db, BOXES.c.picture, part)
        )
        of_picture: dict[int, list[sa.RowMapping]] = defaultdict(list)
        for row in change.db.execute(boxes.order_by(BOXES.c.number)).mappings():
            of_picture[row["picture"]].append(row)
        for number, each in found.items():
            for box in of_picture[number]:
                _take(change, each, box, run, (again or {}).get(number, {}).get(box["number"]))
        yield from found.values()


def _take(change: Writing, into: _Found, box: sa.RowMapping, run: int, repeat: Repeat | None) -> None:
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
