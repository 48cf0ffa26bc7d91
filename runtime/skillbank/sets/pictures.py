"""Pictures of a set, listed in pages."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from skillbank.errors import UsageError
from skillbank.sets.brightness import with_levels
from skillbank.sets.derived import parts
from skillbank.sets.model import SET_SPLITS, Filter, LabelBox, PictureRow, SetNotFoundError
from skillbank.sets.rows import box_of, picture_of
from skillbank.sets.tables import BOXES, CLASSES, PICTURES
from skillbank.visible import one_line

__all__ = ["FILTERS", "ORDERS", "list_pictures", "refuse_absent_class", "shown_boxes"]

_STATES = ("todo", "reviewed", "accepted", "skipped")
FILTERS = ("all", *_STATES, "unsure", "disagreeing", "empty", "near_duplicates")
ORDERS = ("name", "number", "use")
_UNSURE = 0.1
"""Distance to the threshold below which a proposal is unsure."""


def list_pictures(
    db: sa.Connection, set_id: int, where: Filter, order: str, after: int | None, limit: int
) -> list[PictureRow]:
    """Return a page of pictures: those behind the picture ``after``.

    Raises
    ------
    UsageError
        When there is no such filter, split or order.
    SetNotFoundError
        When ``after`` is no picture of the set, or there is no such class.
    """
    if where.kind not in FILTERS or order not in ORDERS:
        raise UsageError(f"pictures are filtered by {', '.join(FILTERS)}, and sorted by {', '.join(ORDERS)}")
    if where.split is not None and where.split not in SET_SPLITS:
        raise UsageError(
            f"there is no split {one_line(where.split, 40)}; a set has {' and '.join(SET_SPLITS)}"
        )
    if where.class_number is not None:
        refuse_absent_class(db, set_id, where.class_number)
    c = PICTURES.c
    query = sa.select(PICTURES).where(c.set_id == set_id, *_conditions(set_id, where))
    column = c[order]
    if after is not None:
        last = db.execute(sa.select(column, c.number).where(c.set_id == set_id, c.number == after)).first()
        if last is None:
            raise SetNotFoundError(f"the set has no picture {after}")
        behind = sa.tuple_(column, c.number) > sa.tuple_(*(sa.literal(v) for v in last))
        if order == "use":
            behind = sa.or_(column < last[0], sa.and_(column == last[0], c.number > last[1]))
        query = query.where(behind)
    query = query.order_by(column.desc() if order == "use" else column, c.number).limit(limit)
    return with_levels(db, set_id, (picture_of(row) for row in db.execute(query).mappings()))


def shown_boxes(db: sa.Connection, set_id: int, numbers: Iterable[int]) -> dict[int, list[LabelBox]]:
    """Return the boxes of pictures that count as objects, by picture."""
    found: dict[int, list[LabelBox]] = {}
    for part in parts(numbers):
        here = BOXES.c.set_id == set_id, BOXES.c.picture.in_(part), BOXES.c.shown
        for row in db.execute(sa.select(BOXES).where(*here).order_by(BOXES.c.number)).mappings():
            found.setdefault(row["picture"], []).append(box_of(row))
    return found


def _conditions(set_id: int, where: Filter) -> list[sa.ColumnElement[bool]]:
    c = PICTURES.c
    found: list[sa.ColumnElement[bool]] = []
    if where.kind in _STATES:
        found.append(c.state == where.kind)
    elif where.kind == "unsure":
        found += [c.state == "todo", c.margin < _UNSURE]
    elif where.kind == "disagreeing":
        # A reviewed picture too, where a run has contradicted its labels since.
        found += [c.state != "skipped", ((c.state == "todo") & (c.clashes > 0)) | (c.apart > 0)]
    elif where.kind == "empty":
        found.append(c.shown == 0)
    elif where.kind == "near_duplicates":
        other = PICTURES.alias()
        shared = (
            sa.select(other.c.group)
            .where(other.c.set_id == set_id)
            .group_by(other.c.group)
            .having(sa.func.count() > 1)
        )
        found.append(c.group.in_(shared))
    if where.split is not None:
        found.append(c.split == where.split)
    if where.class_number is not None:
        of_class = sa.select(BOXES.c.picture).where(
            BOXES.c.set_id == set_id, BOXES.c["class"] == where.class_number, BOXES.c.shown
        )
        found.append(c.number.in_(of_class))
    return found


def refuse_absent_class(db: sa.Connection, set_id: int, number: int) -> None:
    """Refuse the number of a class that a set does not have: nothing of it would be an answer.

    Raises
    ------
    SetNotFoundError
    """
    known = CLASSES.c.set_id == set_id, CLASSES.c.number == number
    if db.execute(sa.select(CLASSES.c.number).where(*known)).first() is None:
        raise SetNotFoundError(f"the set has no class {number}")
