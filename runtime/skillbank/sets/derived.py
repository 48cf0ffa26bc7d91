"""Columns that follow from the others: which boxes are shown, and how much a picture's review is worth.

They stand in the tables so that a grid is sorted by an index; they are worked out anew, in the transaction
that changes what they follow from.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import sqlalchemy as sa

from skillbank.lazy_imports import lazy_imports
from skillbank.sets.naming import Bid, named
from skillbank.sets.rows import classes_of
from skillbank.sets.tables import BOXES, PICTURES, RUNS

with lazy_imports():
    from sqlalchemy.dialects import postgresql

__all__ = ["LIKELY", "Lines", "among", "derive", "parts"]

_Value = TypeVar("_Value", int, str)
_PART = 400
_DOUBT = 0.25
"""Distance of a score to its threshold from which a proposal is no doubt."""
_LABELS = 10.0
"""Weight of labels that a model is sure are wrong: mistakes come before all doubt about proposals."""
_TOLD = ("shown", "undecided", "margin", "clashes", "use")
"""What is worked out for a picture."""
LIKELY = 0.4
"""Chance from which a proposal is shown: to reject one takes no longer than to find one that is hidden."""


class _Box(NamedTuple):
    number: int
    picture: int
    class_number: int
    score: float | None
    chance: float | None
    run: int | None
    state: str
    shown: bool
    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def bid(self) -> Bid:
        """What it says."""
        return Bid(self.class_number, self[-4:], self.score if self.chance is None else self.chance, self.run)


_COLUMNS = tuple("class" if name == "class_number" else name for name in _Box._fields)


def parts(values: Iterable[_Value], size: int = _PART) -> Iterator[Sequence[_Value]]:
    """Yield numbers or texts, each once, as lists that a statement takes."""
    every = sorted(set(values))
    for start in range(0, len(every), size):
        yield every[start : start + size]


def among(db: sa.Connection, column: sa.ColumnElement[int], numbers: Iterable[int]) -> sa.ColumnElement[bool]:
    """Return the condition that a column is one of any count of numbers, which go over as one value.

    A parameter for each would be bound, sent and planned one by one, some hundreds a statement.
    """
    every = sorted(set(numbers))
    if db.dialect.name == "sqlite":
        told = sa.func.json_each(json.dumps(every)).table_valued("value")
        return column.in_(sa.select(told.c.value))

    return column == sa.any_(sa.bindparam(None, every, type_=postgresql.ARRAY(sa.Integer)))


def derive(db: sa.Connection, set_id: int, pictures: Iterable[int]) -> None:
    """Work out anew what follows for some pictures and their boxes."""
    lines = Lines(db, set_id)
    for part in parts(pictures):
        _derive_part(db, set_id, part, lines)


class Lines:
    """From which score proposals are shown, and which overlap makes them names of one object."""

    def __init__(self, db: sa.Connection, set_id: int) -> None:
        runs = sa.select(RUNS.c.number, RUNS.c.threshold, RUNS.c.settings).where(RUNS.c.set_id == set_id)
        self._classes = classes_of(db, set_id)
        self._runs: dict[int | None, float] = {}
        self._across: dict[int, float] = {}
        self._of: dict[tuple[int, int | None], float] = {}
        for number, threshold, settings in db.execute(runs):
            self._runs[number], self._across[number] = threshold, settings["across"]

    def distance(
        self, class_number: int, run: int | None, score: float | None, chance: float | None
    ) -> float:
        """Return how far a proposal lies above what is shown, or below it.

        What counts is a person's threshold for its class, else its chance where one was learned, else the
        threshold that was suggested for the class, or that of the run that made it.
        """
        if score is None:
            return 1.0
        if chance is not None and not self.is_set_by_person(class_number):
            return chance - LIKELY
        return score - self._level(class_number, run)

    def is_set_by_person(self, class_number: int) -> bool:
        """Whether a person has said from which score proposals of a class are shown."""
        found = self._classes.get(class_number)
        return found is not None and found.is_set_by_person

    def _level(self, class_number: int, run: int | None) -> float:
        """Return the score from which a proposal is shown: of its class, or of the run that made it."""
        line = self._of.get((class_number, run))
        if line is None:
            usual, found = self._runs.get(run, 0.0), self._classes.get(class_number)
            line = self._of[class_number, run] = usual if found is None else found.level(run, usual)
        return line

    def across(self, run: int) -> float:
        """Return the most overlap of boxes of different classes that a run's are shown with."""
        return self._across.get(run, 1.0)


def _derive_part(db: sa.Connection, set_id: int, part: Sequence[int], lines: Lines) -> None:
    c = PICTURES.c
    pictures = sa.select(c.number, c.state, c.apart, c.against, *(c[name] for name in _TOLD)).where(
        c.set_id == set_id, among(db, c.number, part)
    )
    boxes = sa.select(*(BOXES.c[name] for name in _COLUMNS)).where(
        BOXES.c.set_id == set_id, among(db, BOXES.c.picture, part)
    )
    of_picture: dict[int, list[_Box]] = defaultdict(list)
    for row in db.execute(boxes.order_by(BOXES.c.number)):  # of equal scores the older box is shown
        box = _Box._make(row)
        of_picture[box.picture].append(box)
    turned: dict[bool, list[int]] = {True: [], False: []}
    found = []
    for number, state, apart, against, *was in db.execute(pictures).all():
        shown, told = _picture(of_picture[number], state, apart, lines)
        told["use"] += _LABELS * against
        for box in of_picture[number]:
            is_shown = box.number in shown
            if box.shown != is_shown:
                turned[is_shown].append(box.number)
        if was != [told[name] for name in _TOLD]:
            found.append({"n": number, **{f"v_{name}": told[name] for name in _TOLD}})
    for now, numbers in turned.items():
        if numbers:
            here = BOXES.c.set_id == set_id, among(db, BOXES.c.number, numbers)
            db.execute(BOXES.update().where(*here).values(shown=now))
    if found:
        db.execute(
            PICTURES.update()
            .where(c.set_id == set_id, c.number == sa.bindparam("n"))
            .values({name: sa.bindparam(f"v_{name}") for name in _TOLD}),
            found,
        )


def _picture(
    boxes: list[_Box], state: str, apart: int, lines: Lines
) -> tuple[set[int], dict[str, float | None]]:
    decided, standing, margin, doubt = [], [], None, 0.0
    is_open = state not in ("reviewed", "accepted")
    for box in boxes:
        if box.state in ("accepted", "edited"):
            decided.append(box)
        if box.state != "proposed":
            continue
        distance = lines.distance(box.class_number, box.run, box.score, box.chance)
        # Where nothing is open, what comes later or lies below stays a candidate.
        if distance >= 0 and is_open:
            standing.append(box)
        margin = abs(distance) if margin is None else min(margin, abs(distance))
        doubt = max(doubt, 1 - abs(distance) / _DOUBT)
    found = named([box.bid for box in standing], [box.bid for box in decided], lines.across)
    use = 0.0
    if is_open:
        use = doubt + 0.5 * min(found.clashes, 3) / 3 + 0.5 * min(apart, 3) / 3
    told = {
        "shown": len(decided) + len(found.shown),
        "undecided": len(found.shown),
        "margin": margin if is_open else None,
        "clashes": found.clashes,
        "use": use,
    }
    return {box.number for box in decided} | {standing[n].number for n in found.shown}, told
