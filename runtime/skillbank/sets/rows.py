"""Rows of the tables as what the model calls them."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from skillbank.sets.brightness import with_levels
from skillbank.sets.model import Event, LabelBox, LabelClass, PictureRow, PictureState, Run, SetNotFoundError
from skillbank.sets.tables import BOXES, CLASSES, LABEL_EVENTS, PICTURES
from skillbank.stored import aware

__all__ = [
    "box_of",
    "class_of",
    "classes_of",
    "event_of",
    "events_of",
    "heir_of",
    "picture_of",
    "run_of",
    "state_of",
]

_OF_THE_TABLE = ("set_id", "lesson")
_AS_THEY_ARE = ("x1", "y1", "x2", "y2", "score", "caption", "origin", "run", "by", "chance")


def class_of(row: sa.RowMapping) -> LabelClass:
    """Return a class."""
    return LabelClass(
        row["number"],
        row["name"],
        tuple(row["captions"]),
        tuple(row["not_captions"]),
        row["threshold"],
        row["gone"],
        row["into"],
        row["threshold_run"],
    )


def classes_of(db: sa.Connection, set_id: int) -> dict[int, LabelClass]:
    """Return the classes of a set by number, those that are gone too, in the order they are shown in."""
    query = sa.select(CLASSES).where(CLASSES.c.set_id == set_id).order_by(CLASSES.c.place, CLASSES.c.number)
    return {row["number"]: class_of(row) for row in db.execute(query).mappings()}


def heir_of(classes: Mapping[int, LabelClass], number: int) -> int | None:
    """Return the class that boxes of a class belong to now: itself, or what it was merged into."""
    passed: set[int] = set()
    found = classes.get(number)
    while found is not None and found.gone and found.into is not None and found.number not in passed:
        passed.add(found.number)
        found = classes.get(found.into)
    return None if found is None or found.gone else found.number


def picture_of(row: sa.RowMapping) -> PictureRow:
    """Return a picture."""
    return PictureRow(**{name: aware(value) for name, value in row.items() if name not in _OF_THE_TABLE})


def box_of(row: sa.RowMapping) -> LabelBox:
    """Return a box."""
    first = row["first"]
    x1, y1, x2, y2 = first[1:] if first else (0.0,) * 4
    return LabelBox(
        number=row["number"],
        picture=row["picture"],
        class_number=row["class"],
        **{name: row[name] for name in _AS_THEY_ARE},
        state=row["state"],
        first=(int(first[0]), (x1, y1, x2, y2)) if first else None,
        shown=row["shown"],
    )


def event_of(row: sa.RowMapping) -> Event:
    """Return a line of the log."""
    return Event(**{name: aware(value) for name, value in row.items() if name != "set_id"})


def run_of(row: sa.RowMapping) -> Run:
    """Return a run."""
    fields = {name: aware(value) for name, value in row.items() if name != "set_id"}
    captions = {int(number): (tuple(yes), tuple(no)) for number, (yes, no) in fields["captions"].items()}
    return Run(**fields | {"captions": captions})


def state_of(db: sa.Connection, set_id: int, number: int) -> PictureState:
    """Return a picture with its boxes."""
    query = sa.select(PICTURES).where(PICTURES.c.set_id == set_id, PICTURES.c.number == number)
    row = db.execute(query).mappings().first()
    if row is None:
        raise SetNotFoundError(f"the set has no picture {number}")
    boxes = (
        sa.select(BOXES).where(BOXES.c.set_id == set_id, BOXES.c.picture == number).order_by(BOXES.c.number)
    )
    [picture] = with_levels(db, set_id, [picture_of(row)])
    return PictureState(picture, tuple(box_of(box) for box in db.execute(boxes).mappings()))


def events_of(db: sa.Connection, set_id: int, *where: sa.ColumnElement[bool], limit: int) -> list[Event]:
    """Return lines of a set's log, the oldest first."""
    seq = LABEL_EVENTS.c.seq
    query = sa.select(LABEL_EVENTS).where(LABEL_EVENTS.c.set_id == set_id, *where)
    query = query.order_by(seq).limit(limit)
    return [event_of(row) for row in db.execute(query).mappings()]
