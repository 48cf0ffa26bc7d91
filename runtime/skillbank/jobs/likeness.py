"""What jobs like one took: trials of the same search, else jobs of the same skill, action and platform."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

import sqlalchemy as sa

from skillbank.jobs.database import DONE, JOBS
from skillbank.jobs.gpu_time import lines_of, spans

__all__ = ["Kind", "Typical", "typical"]

_LOOKED_AT = 40
"""The newest jobs of a kind that are complete, and a team's, say what one takes."""


@dataclass(frozen=True)
class Kind:
    """What jobs have in common that are alike."""

    skill: str
    action: str
    platform: str
    experiment: str | None = None


@dataclass(frozen=True)
class Typical:
    """What jobs of a kind took: the median of seconds and of bytes kept, and of how many."""

    seconds: float
    bytes: int
    jobs: int

    @property
    def said(self) -> str:
        """Where the numbers come from."""
        return "as a job like it" if self.jobs == 1 else f"as {self.jobs} jobs like it"


def typical(db: sa.Connection, kind: Kind) -> Typical | None:
    """Return what jobs of a kind took, whoever's they were; None when none is complete."""
    columns = sa.select(JOBS.c.id, JOBS.c.bytes).where(DONE, JOBS.c.action == kind.action)
    if kind.experiment is not None:
        found = _typical(db, columns.where(JOBS.c.experiment == kind.experiment))
        if found is not None:
            return found
    return _typical(db, columns.where(JOBS.c.skill == kind.skill, JOBS.c.platform == kind.platform))


def _typical(db: sa.Connection, query: sa.Select[str, int | None]) -> Typical | None:
    done = db.execute(query.order_by(JOBS.c.seq.desc()).limit(_LOOKED_AT)).all()
    if not done:
        return None
    ran = [
        sum((ended - begun).total_seconds() for begun, ended in spans(lines, lines[-1][0], ran=True))
        for lines in lines_of(db, [job for job, _ in done])
    ]
    return Typical(median(ran), int(median(held or 0 for _, held in done)), len(done))
