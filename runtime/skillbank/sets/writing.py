"""One change of a set: a transaction that keeps what everything was before and after, for the log.

Whatever changes a set goes through here, so that the log adds up to the set: undo, redo, reports and what the
tests replay rest on that.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from skillbank.sets.derived import among, derive
from skillbank.sets.logged import THINGS, clean, from_log, logged
from skillbank.sets.model import Event, LabelClass, SetNotFoundError
from skillbank.sets.rows import classes_of, heir_of
from skillbank.sets.tables import BOXES, LABEL_EVENTS, PICTURES, SETS
from skillbank.sets.transactions import insert_all, writing
from skillbank.stored import now, storable
from skillbank.team import audit
from skillbank.team.rights import Right
from skillbank.team.seeing import seen
from skillbank.ways import command

__all__ = ["COUNTERS", "Writing", "change_set"]

COUNTERS = {"class": "last_class", "picture": "last_picture", "box": "last_box", "run": "last_run"}
_ALONE: dict[str, dict[str, object]] = {
    "class": {"threshold_run": None},  # logs of before it was there
    "run": {"source": None, "learned": None},
    "picture": {
        "version": 1,
        "seconds": 0.0,
        "shown": 0,
        "undecided": 0,
        "clashes": 0,
        "apart": 0,
        "use": 0.0,
        "against": 0.0,
        "deep": None,  # logs of before it was looked at
        "least": None,
        "most": None,
        "lesson": None,
    },
    "box": {"shown": False, "chance": None},
}
_LINES = {"threshold", "threshold_run"}
"""Fields that say from which score proposals are shown."""


@contextmanager
def change_set(engine: sa.Engine, set_id: int, who: str) -> Iterator[Writing]:
    """Change a set; everything happens, or nothing.

    Raises
    ------
    SetNotFoundError
        When the set was removed meanwhile, or is not there for who acts.
    ForbiddenError
        When who acts may not label.
    """
    audit.permit(lambda: engine, Right.LABEL, "label", str(set_id))
    own = seen(sa.select(SETS), SETS.c.project).where(SETS.c.id == set_id)
    with writing(engine) as db:
        row = db.execute(own.with_for_update()).mappings().first()
        if row is None:
            raise SetNotFoundError(
                f"the label set was removed meanwhile; {command('sets')} lists those there are"
            )
        change = Writing(db, dict(row), who)
        yield change
        change.settle()


class Writing:
    """A set within a transaction that changes it.

    Things are ``class``, ``picture``, ``box`` and ``run``; their fields are those of the log.
    """

    def __init__(self, db: sa.Connection, row: dict[str, Any], who: str) -> None:
        self.db, self.row, self.who, self.at = db, row, storable(who), now()
        self.set_id: int = row["id"]
        self.touched: set[int] = set()
        self.stale: set[int] = set()
        self._new: dict[str, list[dict[str, Any]]] = {}
        self._changes: list[dict[str, object]] = []
        self._events: list[Event] = []
        self._classes: dict[int, LabelClass] | None = None
        self._before = dict(row)

    @property
    def changed(self) -> bool:
        """Whether anything has changed since the last note."""
        return bool(self._changes)

    @property
    def classes(self) -> dict[int, LabelClass]:
        """The classes by number, those that are gone too."""
        if self._classes is None:
            self.flush()
            self._classes = classes_of(self.db, self.set_id)
        return self._classes

    def living(self, number: int) -> LabelClass:
        """Return a class that is not gone."""
        found = self.classes.get(number)
        if found is None or found.gone:
            raise SetNotFoundError(f"the set has no class {number}{' any more' if found else ''}")
        return found

    def heir(self, number: int) -> int | None:
        """Return the class that boxes of a class belong to now: itself, or what it was merged into."""
        return heir_of(self.classes, number)

    def meant(self, number: int) -> LabelClass:
        """Return the class that a number means now: who has not heard of a merge means what came of it."""
        return self.living(self.heir(number) or number)

    def spend(self, picture: int, seconds: float) -> None:
        """Count time that somebody has spent on a picture; an undo gives none back."""
        where = PICTURES.c.set_id == self.set_id, PICTURES.c.number == picture
        self.db.execute(PICTURES.update().where(*where).values(seconds=PICTURES.c.seconds + seconds))

    def set_apart(self, picture: int, count: int, against: float) -> None:
        """Note by how many boxes the latest run differs from what was known, and how much that says."""
        where = PICTURES.c.set_id == self.set_id, PICTURES.c.number == picture
        self.db.execute(PICTURES.update().where(*where).values(apart=count, against=against))
        self.stale.add(picture)

    def get(self, what: str, number: int) -> dict[str, Any] | None:
        """Return the fields of a thing; None when there is none."""
        return self.get_all(what, [number]).get(number)

    def get_all(self, what: str, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Return the fields of those things that there are, by number."""
        self.flush()
        table = THINGS[what]
        here = table.c.set_id == self.set_id, among(self.db, table.c.number, numbers)
        rows = self.db.execute(sa.select(table).where(*here)).mappings()
        return {row["number"]: logged(what, row) for row in rows}

    def make(self, what: str, fields: Mapping[str, object], number: int | None = None) -> int:
        """Add a thing; it gets the next number, or the one that it had before it was dropped."""
        if number is None:
            self.row[COUNTERS[what]] += 1
            number = self.row[COUNTERS[what]]
        kept = clean(fields)
        row = {"set_id": self.set_id, "number": number, **_ALONE.get(what, {}), **from_log(kept)}
        self._new.setdefault(what, []).append(row)
        self._note_change(what, number, None, kept, kept.get("picture"))
        return int(number)

    def change(
        self, what: str, number: int, before: Mapping[str, object], fields: Mapping[str, object]
    ) -> bool:
        """Give a thing other values; return whether that changes anything."""
        return bool(self.change_all(what, {number: before}, {number: fields}))

    def change_all(
        self,
        what: str,
        before: Mapping[int, Mapping[str, object]],
        fields: Mapping[int, Mapping[str, object]],
    ) -> int:
        """Give things other values, each its own; return how many that changes."""
        alike: dict[str, list[int]] = defaultdict(list)
        for number, asked in fields.items():
            was = before[number]
            changed = {k: v for k, v in clean(asked).items() if was[k] != v}
            if changed:
                alike[json.dumps(changed)].append(number)
                self._note_change(what, number, {k: was[k] for k in changed}, changed, _picture_of(was))
        if not alike:
            return 0
        self.flush()
        alone: dict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
        for text, numbers in alike.items():
            changed = json.loads(text)
            values = from_log(changed)
            if len(numbers) > 1:
                self._update(what, numbers, values)
            else:
                alone[tuple(values)].append({"n": numbers[0], **{f"v_{k}": v for k, v in values.items()}})
            if what == "class" and not _LINES.isdisjoint(changed):
                self._show_anew(BOXES.c["class"], numbers)
            elif what == "run" and "settings" in changed:
                self._show_anew(BOXES.c.run, numbers)
        for names, rows in alone.items():
            self._update_each(what, names, rows)
        return sum(map(len, alike.values()))

    def _update(self, what: str, numbers: Sequence[int], values: Mapping[str, object]) -> None:
        """Give things the same values."""
        table = THINGS[what]
        here = table.c.set_id == self.set_id, among(self.db, table.c.number, numbers)
        self.db.execute(table.update().where(*here).values(**values))

    def _update_each(self, what: str, names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
        """Give things values of their own."""
        table = THINGS[what]
        here = table.c.set_id == self.set_id, table.c.number == sa.bindparam("n")
        values = {name: sa.bindparam(f"v_{name}", type_=table.c[name].type) for name in names}
        self.db.execute(table.update().where(*here).values(values), rows)

    def _show_anew(self, column: sa.ColumnElement[int], numbers: Sequence[int]) -> None:
        """Note the pictures whose proposals are shown from another score, or with another overlap."""
        query = sa.select(BOXES.c.picture).where(
            BOXES.c.set_id == self.set_id, among(self.db, column, numbers), BOXES.c.state == "proposed"
        )
        self.touched.update(self.db.scalars(query.distinct()))

    def drop_all(self, what: str, before: Mapping[int, Mapping[str, object]]) -> None:
        """Take things away; the log keeps them."""
        self.flush()
        table = THINGS[what]
        here = table.c.set_id == self.set_id, among(self.db, table.c.number, before)
        self.db.execute(table.delete().where(*here))
        for number, fields in before.items():
            self._note_change(what, number, dict(fields), None, _picture_of(fields))

    def change_self(self, **fields: object) -> bool:
        """Give the set itself another name, share or note."""
        changed = {k: v for k, v in clean(fields).items() if self.row[k] != v}
        if changed:
            before = {k: self.row[k] for k in changed}
            self.row |= changed
            self._changes.append({"what": "set", "number": 0, "before": before, "after": changed})
        return bool(changed)

    def note(
        self,
        kind: str,
        picture: int | None = None,
        *,
        of: int | None = None,
        seconds: float = 0.0,
        body: Mapping[str, object] | None = None,
    ) -> Event:
        """Write what has changed since the last note into the log, as one event."""
        self.row["version"] += 1
        said = dict(body or {}) | ({"seconds": seconds} if seconds else {})
        if picture is not None:
            self.touched.add(picture)
        event = Event(
            self.row["version"], self.at, self.who, kind, picture, of, {"changes": self._changes, **said}
        )
        self._changes = []
        self._events.append(event)
        return event

    def tell(self, kind: str, picture: int | None = None) -> None:
        """Write a change into the audit log of the store."""
        thing = f"set:{self.row['name']}" + ("" if picture is None else f"/{picture}")
        audit.record(self.db, f"label.{kind}", thing, project=self.row["project"])

    def flush(self) -> None:
        """Write what was made."""
        for what, rows in self._new.items():
            insert_all(self.db, THINGS[what], rows)
            if what == "box" and self.row["learns"]:  # no lesson has spoken of these
                numbers = {row["picture"] for row in rows}
                here = PICTURES.c.set_id == self.set_id, among(self.db, PICTURES.c.number, numbers)
                self.db.execute(PICTURES.update().where(*here).values(lesson=None))
        self._new.clear()

    def settle(self) -> None:
        """Write what is left, raise versions, and work out what follows; further changes may come behind."""
        if self._changes:
            raise AssertionError("what has changed was not noted")
        self.flush()
        if self._events:
            names = ("seq", "at", "who", "kind", "picture", "of", "body")
            rows = [{name: getattr(event, name) for name in names} for event in self._events]
            self.db.execute(LABEL_EVENTS.insert(), [{"set_id": self.set_id, **row} for row in rows])
            for event in self._events:
                self.tell(event.kind, event.picture)
            self._events = []
        if self.touched:
            here = PICTURES.c.set_id == self.set_id, among(self.db, PICTURES.c.number, self.touched)
            self.db.execute(PICTURES.update().where(*here).values(version=PICTURES.c.version + 1))
        changed = {name: value for name, value in self.row.items() if value != self._before[name]}
        if changed:
            self.db.execute(SETS.update().where(SETS.c.id == self.set_id).values(**changed))
            self._before = dict(self.row)
        if self.touched or self.stale:
            derive(self.db, self.set_id, self.touched | self.stale)
        self.touched.clear()
        self.stale.clear()

    def _note_change(
        self, what: str, number: int, before: object, after: object, picture: int | None
    ) -> None:
        entry = {"what": what, "number": number, "before": before, "after": after}
        if what == "picture":
            if before is not None:
                self.touched.add(number)
            self.stale.add(number)
        elif picture is not None:
            self.touched.add(picture)
            entry["picture"] = picture
        elif what == "class":
            self._classes = None
        self._changes.append(entry)


def _picture_of(fields: Mapping[str, object]) -> int | None:
    """Return the picture that a thing belongs to, if it does."""
    found = fields.get("picture")
    return found if isinstance(found, int) else None
