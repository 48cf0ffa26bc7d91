"""How a set stands, in numbers."""

from __future__ import annotations

from collections import Counter, defaultdict

import sqlalchemy as sa

from skillbank.sets.model import ClassCount, PersonCount, SetSummary
from skillbank.sets.rows import classes_of
from skillbank.sets.tables import BOXES, PICTURES
from skillbank.stored import aware

__all__ = ["summary_of"]


def summary_of(db: sa.Connection, row: sa.RowMapping) -> SetSummary:
    """Count what a set holds."""
    set_id = row["id"]
    counted = (
        sa.select(PICTURES.c.state, PICTURES.c.split, sa.func.count())
        .where(PICTURES.c.set_id == set_id)
        .group_by(PICTURES.c.state, PICTURES.c.split)
    )
    pictures: Counter[tuple[str, str]] = Counter(
        {(state, split): count for state, split, count in db.execute(counted)}
    )
    states, splits = Counter[str](), Counter[str]()
    for (state, split), count in pictures.items():
        states[state] += count
        splits[split] += count
    by_class, boxes = _boxes(db, set_id)
    return SetSummary(
        row["name"],
        row["version"],
        aware(row["created"]),
        row["val"],
        row["notes"],
        bool(row["learns"]),
        pictures=sum(pictures.values()),
        todo=states["todo"],
        reviewed=states["reviewed"],
        skipped=states["skipped"],
        accepted=states["accepted"],
        train_pictures=splits["train"],
        val_pictures=splits["val"],
        reviewed_train=pictures["reviewed", "train"],
        reviewed_val=pictures["reviewed", "val"],
        classes=by_class,
        people=_people(db, set_id),
        boxes=boxes,
    )


def _boxes(db: sa.Connection, set_id: int) -> tuple[tuple[ClassCount, ...], dict[str, int]]:
    of_class, state, shown = BOXES.c["class"], BOXES.c.state, BOXES.c.shown
    unseen = sa.select(PICTURES.c.number).where(PICTURES.c.set_id == set_id, PICTURES.c.state == "accepted")
    nobodys = sa.case((BOXES.c.by.is_(None) & BOXES.c.picture.in_(unseen), 1), else_=0).label("nobodys")
    query = (
        sa.select(of_class, state, shown, nobodys, sa.func.count())
        .where(BOXES.c.set_id == set_id)
        .group_by(of_class, state, shown, sa.literal_column("nobodys"))
    )
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter(proposed=0, candidates=0, accepted=0, edited=0, rejected=0, unseen=0)
    for number, name, is_shown, is_nobodys, count in db.execute(query):
        kind = "candidates" if name == "proposed" and not is_shown else name
        kind = "unseen" if kind == "accepted" and is_nobodys else kind
        counts[number][kind] += count
        total[kind] += count
    living = (found for found in classes_of(db, set_id).values() if not found.gone)
    classes = tuple(ClassCount(c.number, c.name, **counts[c.number]) for c in living)
    return classes, dict(total)


def _people(db: sa.Connection, set_id: int) -> tuple[PersonCount, ...]:
    query = (
        sa.select(PICTURES.c.reviewed_by, sa.func.count(), sa.func.sum(PICTURES.c.seconds))
        .where(PICTURES.c.set_id == set_id, PICTURES.c.state == "reviewed", PICTURES.c.reviewed_by != None)  # noqa: E711
        .group_by(PICTURES.c.reviewed_by)
        .order_by(PICTURES.c.reviewed_by)
    )
    return tuple(PersonCount(name, count, float(seconds)) for name, count, seconds in db.execute(query))
