"""Approvals in the store: each is for one subject, is given by a person's act, and is used once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from skillbank.jobs.database import APPROVALS

__all__ = ["Approvals", "plan_subject"]


def plan_subject(plan_id: str) -> str:
    """Return the subject of an approval to launch a plan once."""
    return f"plan:{plan_id}"


class Approvals:
    """Approvals, shared by every process that opens the same database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def grant(self, subject: str, by: str = "") -> None:
        """Approve a subject once; granting again before it is used changes nothing.

        Parameters
        ----------
        by
            Who, and at which door; kept for whoever asks later.
        """
        with self._engine.begin() as db:
            if db.scalar(_open(subject)) is None:
                db.execute(APPROVALS.insert().values(subject=subject, granted_by=by, granted=_now()))

    def use(self, subject: str) -> int | None:
        """Use up an approval of exactly this subject and return its number; None when there is none."""
        with self._engine.begin() as db:
            number: int | None = db.execute(_open(subject)).scalar()
            if number is None:
                return None
            use = APPROVALS.update().where(APPROVALS.c.seq == number, APPROVALS.c.used.is_(None))
            if db.execute(use.values(used=_now())).rowcount == 1:
                return number
        # Somebody else used it in between; there may be one more.
        return self.use(subject)

    def give_back(self, number: int) -> None:
        """Make an approval usable again: what it was used for did not come about."""
        with self._engine.begin() as db:
            db.execute(APPROVALS.update().where(APPROVALS.c.seq == number).values(used=None))

    def given(self, subject: str) -> bool:
        """Say whether an approval waits to be used."""
        with self._engine.connect() as db:
            return db.scalar(_open(subject)) is not None


def _open(subject: str) -> sa.Select[Any]:
    return sa.select(sa.func.min(APPROVALS.c.seq)).where(
        APPROVALS.c.subject == subject, APPROVALS.c.used.is_(None)
    )


def _now() -> datetime:
    return datetime.now(UTC)
