"""One change of a set: a transaction that keeps what everything was before and after, for the log.

Whatever changes a set goes through here, so that the log adds up to the set: undo, redo, reports and what the
tests replay rest on that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from skillbank.sets.derived import derive, parts
from skillbank.sets.model import Event, LabelClass, SetNotFoundError
from skillbank.sets.rows import classes_of
from skillbank.sets.tables import (
    BOXES,
    CLASSES,
    DERIVED,
    LABEL_EVENTS,
    PICTURES,
    RUNS,
    SETS,
)
from skillbank.sets.transactions import writing
from skillbank.stored import aware, now, storable

__all__ = ["COUNTERS", "THINGS", "Writing", "change_set"]

THINGS = {"class": CLASSES, "picture": PICTURES, "box": BOXES, "run": RUNS}
COUNTERS = {"class": "last_class", "picture": "last_picture", "box": "last_box", "run": "last_run"}
_ALONE: dict[str, dict[str, Any]] = {
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
    },
    "box": {"shown": False, "chance": None},
}
_LINES = {"threshold", "threshold_run"}
"""Fields that say from which score proposals are shown."""
_UNLOGGED = {"set_id", "number", "version", "seconds"}


@contextmanager
def change_set(engine: sa.Engine, set_id: int, who: str) -> Iterator[Writing]:
    """Change a set; everything happens, or nothing.

    Parameters
    ----------
    who
        A person, or ``run 3``.

    Raises
    ------
    SetNotFoundError
        When the set was removed meanwhile.
    """
    with writing(engine) as db:
        row = db.execute(sa.select(SETS).where(SETS.c.id == set_id).with_for_update()).mappings().first()
        if row is None:
            raise SetNotFoundError(
                "the label set was removed meanwhile; skillbank sets lists those there are"
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
        self._changes: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []
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
        """Return a class that is not gone.

        Raises
        ------
        SetNotFoundError
        """
        found = self.classes.get(number)
        if found is None or found.gone:
            raise SetNotFoundError(f"the set has no class {number}{' any more' if found else ''}")
        return found

    def heir(self, number: int) -> int | None:
        """Return the class that boxes of a class belong to now: itself, or what it was merged into."""
        passed: set[int] = set()
        found = self.classes.get(number)
        while found is not None and found.gone and found.into is not None and found.number not in passed:
            passed.add(found.number)
            found = self.classes.get(found.into)
        return None if found is None or found.gone else found.number

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
        self.flush()
        table = THINGS[what]
        query = sa.select(table).where(table.c.set_id == self.set_id, table.c.number == number)
        row = self.db.execute(query).mappings().first()
        return None if row is None else logged(what, row)

    def make(self, what: str, fields: Mapping[str, Any], number: int | None = None) -> int:
        """Add a thing; it gets the next number, or the one that it had before it was dropped."""
        if number is None:
            self.row[COUNTERS[what]] += 1
            number = self.row[COUNTERS[what]]
        clean = _clean(fields)
        row = {"set_id": self.set_id, "number": number, **_ALONE.get(what, {}), **_from_log(clean)}
        self._new.setdefault(what, []).append(row)
        self._note_change(what, number, None, clean, clean.get("picture"))
        return int(number)

    def change(self, what: str, number: int, before: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
        """Give a thing other values; return whether that changes anything.

        Parameters
        ----------
        before
            As `get` gave it.
        """
        clean = {k: v for k, v in _clean(fields).items() if before[k] != v}
        if not clean:
            return False
        self.flush()
        table = THINGS[what]
        where = table.c.set_id == self.set_id, table.c.number == number
        self.db.execute(table.update().where(*where).values(_from_log(clean)))
        self._note_change(what, number, {k: before[k] for k in clean}, clean, before.get("picture"))
        if not _LINES.isdisjoint(clean) or (what == "run" and "settings" in clean):
            column = BOXES.c.run if what == "run" else BOXES.c["class"]
            query = sa.select(BOXES.c.picture).where(
                BOXES.c.set_id == self.set_id, column == number, BOXES.c.state == "proposed"
            )
            self.touched.update(self.db.scalars(query.distinct()))
        return True

    def drop(self, what: str, number: int, before: Mapping[str, Any]) -> None:
        """Take a thing away; the log keeps it."""
        self.flush()
        table = THINGS[what]
        self.db.execute(table.delete().where(table.c.set_id == self.set_id, table.c.number == number))
        self._note_change(what, number, dict(before), None, before.get("picture"))

    def change_self(self, **fields: Any) -> bool:
        """Give the set itself another name, share or note."""
        clean = {k: v for k, v in _clean(fields).items() if self.row[k] != v}
        if clean:
            before = {k: self.row[k] for k in clean}
            self.row |= clean
            self._changes.append({"what": "set", "number": 0, "before": before, "after": clean})
        return bool(clean)

    def note(
        self,
        kind: str,
        picture: int | None = None,
        *,
        of: int | None = None,
        seconds: float = 0.0,
        body: Mapping[str, Any] | None = None,
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
        self._events.append(
            {"set_id": self.set_id}
            | {name: getattr(event, name) for name in ("seq", "at", "who", "kind", "picture", "of", "body")}
        )
        return event

    def flush(self) -> None:
        """Write what was made."""
        for what, rows in self._new.items():
            self.db.execute(THINGS[what].insert(), rows)
        self._new.clear()

    def settle(self) -> None:
        """Write what is left, raise versions, and work out what follows; further changes may come behind."""
        if self._changes:
            raise AssertionError("what has changed was not noted")
        self.flush()
        if self._events:
            self.db.execute(LABEL_EVENTS.insert(), self._events)
            self._events = []
        for part in parts(self.touched):
            self.db.execute(
                PICTURES.update()
                .where(PICTURES.c.set_id == self.set_id, PICTURES.c.number.in_(part))
                .values(version=PICTURES.c.version + 1)
            )
        changed = {name: value for name, value in self.row.items() if value != self._before[name]}
        if changed:
            self.db.execute(SETS.update().where(SETS.c.id == self.set_id).values(**changed))
            self._before = dict(self.row)
        if self.touched or self.stale:
            derive(self.db, self.set_id, self.touched | self.stale)
        self.touched.clear()
        self.stale.clear()

    def _note_change(self, what: str, number: int, before: Any, after: Any, picture: int | None) -> None:
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


def logged(what: str, row: sa.RowMapping) -> dict[str, Any]:
    """Return the fields of a thing that the log keeps."""
    left = _UNLOGGED.union(DERIVED.get(THINGS[what].name, ()))
    return {k: _to_log(aware(v)) for k, v in row.items() if k not in left}


def _to_log(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


_TIMES = ("reviewed_at", "started", "finished")


def _from_log(fields: Mapping[str, Any]) -> dict[str, Any]:
    times = {k: datetime.fromisoformat(fields[k]) for k in _TIMES if fields.get(k)}
    return {**fields, **times}


def _clean(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields as the log keeps them: what JSON gives back is what went in."""
    return {k: _plain(v) for k, v in fields.items()}


_AS_THEY_ARE = (float, int, bool, type(None))


def _plain(value: Any) -> Any:
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return _to_log(value)
