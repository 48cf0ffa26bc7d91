"""Undo and redo: what a person did last is turned around, but for what somebody has changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from skillbank.sets.model import IMPORT, Event
from skillbank.sets.rows import events_of
from skillbank.sets.tables import BOXES, LABEL_EVENTS, RUNS
from skillbank.sets.writing import Writing

__all__ = ["UNDONE", "imported_boxes", "jobs_of_run", "names_ever", "redo", "undo"]

UNDONE = ("edit", "decide", "classes", "rename", "threshold", "merge", "remove")
"""Kinds of events that an undo turns around; what models and imports did is not a person's to undo so."""
_OF_PEOPLE = {"state", "reviewed_by", "reviewed_at"}
"""What people change of a picture itself."""
_PAGE = 200


def undo(change: Writing) -> Event | None:
    """Turn around the last event of a person that is not undone; None when there is none."""
    return _turn(change, _last(change, _to_undo), "undo")


def redo(change: Writing) -> Event | None:
    """Do again what was undone last, unless the person did something else since; None then."""
    return _turn(change, _last(change, _to_redo), "redo")


def jobs_of_run(engine: sa.Engine, set_id: int, run: int) -> list[str]:
    """Return the jobs that were started for a run, the first one first: its row names the last alone."""
    with engine.connect() as db:
        query = sa.select(LABEL_EVENTS.c.body).where(
            LABEL_EVENTS.c.set_id == set_id, LABEL_EVENTS.c.kind == "run"
        )
        bodies = list(db.scalars(query.order_by(LABEL_EVENTS.c.seq)))
    entries = (entry for body in bodies for entry in body["changes"])
    found = (
        entry["after"].get("job")
        for entry in entries
        if entry["what"] == "run" and entry["number"] == run and entry["after"]
    )
    return list(dict.fromkeys(job for job in found if job))


def imported_boxes(change: Writing, *where: sa.ColumnElement[bool]) -> dict[int, dict[str, Any]]:
    """Return the boxes that came in with data sets, as they came, by number.

    Parameters
    ----------
    where
        Of which pictures: conditions on the events of the log.
    """
    query = sa.select(LABEL_EVENTS.c.body).where(
        LABEL_EVENTS.c.set_id == change.set_id, LABEL_EVENTS.c.kind == IMPORT, *where
    )
    entries = (entry for body in change.db.scalars(query) for entry in body["changes"])
    return {e["number"]: e["after"] for e in entries if e["what"] == "box" and e["before"] is None}


def names_ever(change: Writing) -> dict[int, set[str]]:
    """Return all names that each class has had."""
    names = {number: {found.name} for number, found in change.classes.items()}
    query = sa.select(LABEL_EVENTS.c.body).where(
        LABEL_EVENTS.c.set_id == change.set_id, LABEL_EVENTS.c.kind == "rename"
    )
    for body in change.db.scalars(query):
        for entry in body["changes"]:
            names.setdefault(entry["number"], set()).add(entry["before"]["name"])
    return names


def _turn(change: Writing, target: Event | None, kind: str) -> Event | None:
    if target is None:
        return None
    kept: list[dict[str, Any]] = []
    for entry in reversed(target.body["changes"]):
        if not _reverse(change, entry):
            kept.append({"what": entry["what"], "number": entry["number"]})
    body: dict[str, Any] = {"kept": kept} if kept else {}
    return change.note(kind, target.picture, of=target.seq, body=body)


def _last(change: Writing, choose: Callable[[Iterator[Event]], Event | None]) -> Event | None:
    return choose(_own(change))


def _own(change: Writing) -> Iterator[Event]:
    """Yield what the person did, the newest first."""
    before = change.row["version"] + 1
    while True:
        who, seq = LABEL_EVENTS.c.who == change.who, LABEL_EVENTS.c.seq < before
        page = events_of(change.db, change.set_id, who, seq, newest=True, limit=_PAGE)
        yield from (event for event in page if _counts(event))
        if len(page) < _PAGE:
            return
        before = page[-1].seq


def _counts(event: Event) -> bool:
    """Whether an undo sees an event; time spent on a picture without a change is none to it."""
    return event.kind in ("undo", "redo") or (event.kind in UNDONE and bool(event.body["changes"]))


def _to_undo(events: Iterator[Event]) -> Event | None:
    undone: set[int | None] = set()
    redone: set[int | None] = set()
    for event in events:
        if event.kind == "redo":
            redone.add(event.of)
        elif event.kind == "undo":
            if event.seq not in redone:
                undone.add(event.of)
        elif event.seq not in undone:
            return event
    return None


def _to_redo(events: Iterator[Event]) -> Event | None:
    undone: set[int | None] = set()
    redone: set[int | None] = set()
    for event in events:
        if event.kind == "redo":
            redone.add(event.of)
        elif event.kind == "undo":
            if event.seq not in redone:
                return event
        elif event.seq not in undone:
            return None
    return None


def _reverse(change: Writing, entry: Mapping[str, Any]) -> bool:
    """Turn one change around; False when the thing is not as that change had left it."""
    what, number, before, after = entry["what"], entry["number"], entry["before"], entry["after"]
    if what not in ("class", "picture", "box"):
        return False
    if what == "picture" and not set().union(before or (), after or ()) <= _OF_PEOPLE:
        return False
    now = change.get(what, number)
    if after is None:  # it was dropped
        if now is not None or not _fits(change, what, number, before):
            return False
        change.make(what, before, number)
        return True
    if now is None or any(now[name] != value for name, value in after.items()):
        return False
    if before is None:  # it was made
        if not _is_free(change, what, number):
            return False
        change.drop(what, number, now)
        return True
    if not _fits(change, what, number, now | before):
        return False
    change.change(what, number, now, before)
    return True


def _fits(change: Writing, what: str, number: int, fields: Mapping[str, Any]) -> bool:
    """Whether a thing may be so now: its class is there, its name is free."""
    if what == "box":
        found = change.classes.get(fields["class"])
        return found is not None and not found.gone
    if what == "class" and not fields["gone"]:
        others: Sequence[Any] = [c for c in change.classes.values() if c.number != number and not c.gone]
        return all(other.name != fields["name"] for other in others)
    # A class goes again only where nothing is left that has come into it since.
    return what != "class" or not _has_boxes(change, number)


def _is_free(change: Writing, what: str, number: int) -> bool:
    """Whether nothing refers to a class, so that it can vanish; boxes always can."""
    if what != "class":
        return True
    captions = change.db.scalars(sa.select(RUNS.c.captions).where(RUNS.c.set_id == change.set_id))
    return not _has_boxes(change, number) and all(str(number) not in said for said in captions)


def _has_boxes(change: Writing, number: int) -> bool:
    change.flush()
    boxes = sa.select(BOXES.c.number).where(BOXES.c.set_id == change.set_id, BOXES.c["class"] == number)
    return change.db.scalar(boxes.limit(1)) is not None
