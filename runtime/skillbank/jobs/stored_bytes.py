"""How much is kept for a team: what results of jobs hold, by whose they are, and label sets of projects."""

from __future__ import annotations

import sqlalchemy as sa

from skillbank.jobs.database import JOBS
from skillbank.team.counting import count
from skillbank.team.tables import SHARES

__all__ = ["weigh"]


def weigh(db: sa.Connection, job: str, held: int) -> None:
    """Count what the results of a job hold now, in place of what they held; of a team's jobs alone."""
    mine = sa.select(JOBS.c.project, JOBS.c.person, JOBS.c.bytes).where(JOBS.c.id == job)
    row = db.execute(mine.with_for_update()).one_or_none()
    if row is None or row.person is None:
        return
    same = JOBS.c.bytes.is_not_distinct_from(row.bytes)
    # On SQLite nothing was locked by looking, so that somebody may have weighed it meanwhile.
    if db.execute(JOBS.update().where(JOBS.c.id == job, same).values(bytes=held)).rowcount == 1:
        key = {"project": row.project, "person": row.person}
        count(db, SHARES, key, "bytes", held - (row.bytes or 0))
