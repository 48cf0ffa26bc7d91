"""Undo and redo: what a person did last is turned around, but for what somebody has changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from skillbank.sets.model import ACCEPT_REST, ASKED, IMPORT, Entry, Event
from skillbank.sets.rows import events_of
from skillbank.sets.tables import BOXES, LABEL_EVENTS, RUNS
from skillbank.sets.writing import Writing
from skillbank.stored import asking

__all__ = ["UNDONE", "changed_by_others", "imported_boxes", "jobs_of_run", "names_ever", "redo", "undo"]

UNDONE = ("edit", "decide", "classes", "rename", "threshold", "merge", "remove", ACCEPT_REST, ASKED)
"""Kinds of events that an undo turns around; what models and imports did is not a person's to undo so."""
_OF_PEOPLE = {"state", "reviewed_by", "reviewed_at"}
"""What people change of a picture itself."""
_PAGE = 200


def undo(change: Writing) -> Event | None:
    """Turn around the last event of a person that is not undone; None when there is none."""
    return _turn(change, _to_undo(_Own(change)), "undo")


def redo(change: Writing) -> Event | None:
    """Do again what was undone last, unless the person did something else since; None then.

    What was accepted unseen is so again only where nothing at all has happened since: the audit spoke of the
    boxes that were shown then.
    """
    own = _Own(change)
    undone = _to_redo(own)
    if undone is not None and undone.seq < change.row["version"]:
        target = None if undone.of is None else own.whole(undone.of)
        if target is not None and target.kind == ACCEPT_REST:
            return None
    return _turn(change, undone, "redo")


def jobs_of_run(engine: sa.Engine, set_id: int, run: int) -> list[str]:
    """Return the jobs that were started for a run, the first one first: its row names the last alone."""
    with asking(engine) as db:
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


def changed_by_others(change: Writing, after: int) -> set[int]:
    """Return the boxes that others than who acts have changed behind the event numbered ``after``."""
    query = sa.select(LABEL_EVENTS.c.body).where(
        LABEL_EVENTS.c.set_id == change.set_id,
        LABEL_EVENTS.c.seq > after,
        LABEL_EVENTS.c.who != change.who,
    )
    entries = (entry for body in change.db.scalars(query) for entry in body["changes"])
    return {e["number"] for e in entries if e["what"] == "box" and e["before"] and e["after"]}


def imported_boxes(change: Writing, *where: sa.ColumnElement[bool]) -> dict[int, dict[str, Any]]:
    """Return the boxes that came in with data sets, as they came, by number."""
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
    kept = [
        entry for some in _stretches(reversed(target.body["changes"])) for entry in _reverse(change, some)
    ]
    left = [{"what": entry["what"], "number": entry["number"]} for entry in kept]
    return change.note(kind, target.picture, of=target.seq, body={"kept": left} if left else {})


def _stretches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Yield changes of different boxes, or pictures, that lie behind one another together, all others alone.

    What becomes of a box depends on its class and on no other box, and that of a picture on no other picture.
    """
    some: dict[int, Entry] = {}
    kind = ""
    for entry in entries:
        if some and (entry["what"] != kind or entry["number"] in some):
            yield list(some.values())
            some = {}
        if entry["what"] in ("box", "picture"):
            kind = entry["what"]
            some[entry["number"]] = entry
        else:
            yield [entry]
    if some:
        yield list(some.values())


class _Did(NamedTuple):
    seq: int
    kind: str
    of: int | None


class _Own:
    """What the person did, the newest first; what it changed is read of single events alone."""

    def __init__(self, change: Writing) -> None:
        self._change = change

    def __iter__(self) -> Iterator[_Did]:
        before = self._change.row["version"] + 1
        while True:
            c = LABEL_EVENTS.c
            mine = c.set_id == self._change.set_id, c.who == self._change.who, c.seq < before
            query = sa.select(c.seq, c.kind, c.of).where(*mine, c.kind.in_(("undo", "redo", *UNDONE)))
            page = self._change.db.execute(query.order_by(c.seq.desc()).limit(_PAGE)).all()
            yield from (_Did(*row) for row in page)
            if len(page) < _PAGE:
                return
            before = page[-1].seq

    def whole(self, seq: int) -> Event | None:
        """Return an event; None when it changed nothing: time spent on a picture is none to an undo."""
        [event] = events_of(self._change.db, self._change.set_id, LABEL_EVENTS.c.seq == seq, limit=1)
        return event if event.kind == "undo" or event.body["changes"] else None


def _to_undo(own: _Own) -> Event | None:
    undone: set[int | None] = set()
    redone: set[int | None] = set()
    for event in own:
        if event.kind == "redo":
            redone.add(event.of)
        elif event.kind == "undo":
            if event.seq not in redone:
                undone.add(event.of)
        elif event.seq not in undone and (found := own.whole(event.seq)) is not None:
            return found
    return None


def _to_redo(own: _Own) -> Event | None:
    redone: set[int | None] = set()
    undone: set[int | None] = set()
    for event in own:
        if event.kind == "redo":
            redone.add(event.of)
        elif event.kind == "undo":
            if event.seq not in redone:
                return own.whole(event.seq)
        elif event.seq not in undone and own.whole(event.seq) is not None:
            return None
    return None


def _reverse(change: Writing, entries: Sequence[Entry]) -> list[Entry]:
    """Turn changes of different things of one kind around; return those that cannot be."""
    what = entries[0]["what"]
    if what not in ("class", "picture", "box"):
        return list(entries)
    there = change.get_all(what, [entry["number"] for entry in entries])
    changed: dict[int, Mapping[str, object]] = {}
    dropped: dict[int, Mapping[str, object]] = {}
    kept = []
    for entry in entries:
        number, before = entry["number"], entry["before"]
        now = there.get(number)
        if not _can_turn(change, entry, now):
            kept.append(entry)
        elif now is None:
            assert before is not None, entry
            change.make(what, before, number)
        elif before is None:
            dropped[number] = now
        else:
            changed[number] = before
    if changed:
        change.change_all(what, there, changed)
    if dropped:
        change.drop_all(what, dropped)
    return kept


def _can_turn(change: Writing, entry: Entry, now: Mapping[str, object] | None) -> bool:
    """Whether a thing is as a change has left it, and may be so again as it was before."""
    what, number, before, after = entry["what"], entry["number"], entry["before"], entry["after"]
    if what == "picture" and not set().union(before or (), after or ()) <= _OF_PEOPLE:
        return False
    if after is None:  # it was dropped
        return now is None and before is not None and _fits(change, what, number, before)
    if now is None or any(now[name] != value for name, value in after.items()):
        return False
    if before is None:  # it was made
        return _is_free(change, what, number)
    return _fits(change, what, number, {**now, **before})


def _fits(change: Writing, what: str, number: int, fields: Mapping[str, Any]) -> bool:
    """Whether a thing may be so now: its class is there, its name is free."""
    if what == "box":
        found = change.classes.get(fields["class"])
        return found is not None and not found.gone
    if what == "class" and not fields["gone"]:
        others = [c for c in change.classes.values() if c.number != number and not c.gone]
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
