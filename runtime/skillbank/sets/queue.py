"""Which pictures to review next: those whose review is worth most, each to one person."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from skillbank.sets.tables import CLAIMS, PICTURES
from skillbank.sets.writing import Writing

__all__ = ["next_pictures"]


def next_pictures(change: Writing, count: int, claim_seconds: float) -> list[int]:
    """Return pictures to review and keep them for one person for a time.

    The share of the set that validates is kept among them, so that there is something to measure by.
    """
    until = change.at + timedelta(seconds=claim_seconds)
    mine = CLAIMS.c.set_id == change.set_id, CLAIMS.c.who == change.who
    change.db.execute(CLAIMS.delete().where(*mine))
    change.db.execute(CLAIMS.delete().where(CLAIMS.c.set_id == change.set_id, CLAIMS.c.until <= change.at))
    done = dict(_reviewed(change))
    chosen: list[int] = []
    while len(chosen) < count:
        total = sum(done.values())
        first = "val" if done.get("val", 0) < change.row["val"] * (total + 1) else "train"
        for split in (first, "train" if first == "val" else "val"):
            number = _best(change, split, chosen)
            if number is not None:
                chosen.append(number)
                done[split] = done.get(split, 0) + 1
                break
        else:
            break
    if chosen:
        rows = [{"set_id": change.set_id, "picture": n, "who": change.who, "until": until} for n in chosen]
        change.db.execute(CLAIMS.insert(), rows)
    return chosen


def _reviewed(change: Writing) -> list[tuple[str, int]]:
    query = (
        sa.select(PICTURES.c.split, sa.func.count())
        .where(PICTURES.c.set_id == change.set_id, PICTURES.c.state == "reviewed")
        .group_by(PICTURES.c.split)
    )
    return [(split, count) for split, count in change.db.execute(query)]


def _best(change: Writing, split: str, chosen: list[int]) -> int | None:
    claimed = sa.select(CLAIMS.c.picture).where(
        CLAIMS.c.set_id == change.set_id, CLAIMS.c.picture == PICTURES.c.number
    )
    query = (
        sa.select(PICTURES.c.number)
        .where(
            PICTURES.c.set_id == change.set_id,
            PICTURES.c.state == "todo",
            PICTURES.c.split == split,
            PICTURES.c.number.not_in(chosen),
            ~claimed.exists(),
        )
        .order_by(PICTURES.c.use.desc(), PICTURES.c.number)
        .limit(1)
    )
    found: int | None = change.db.scalar(query)
    return found
