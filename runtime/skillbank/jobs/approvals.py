"""Approvals in the store: each is for one subject, is given by a person's act, and is used once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from skillbank.jobs.approval_guard import ApprovalGuard
from skillbank.jobs.data_digest import SeenData
from skillbank.jobs.database import APPROVALS
from skillbank.jobs.given import GivenApproval
from skillbank.stored import asking, aware, now
from skillbank.team.acting import who

__all__ = ["Approvals"]

_AFTER_A_CRASH = timedelta(hours=1)


class Approvals:
    """Approvals, shared by every process that opens the same database."""

    def __init__(self, engine: sa.Engine, guard: ApprovalGuard) -> None:
        self._engine, self._guard = engine, guard

    def grant(
        self, given: GivenApproval, caller: str | None = None, data: Sequence[SeenData] | None = None
    ) -> None:
        """Keep an approval for the next one that asks; given again before it is used, the last one counts.

        Parameters
        ----------
        given
            As `skillbank.jobs.approval_guard.ApprovalGuard.give` gave it.
        caller
            For which call alone, when a person was asked because of one.  Others that ask for the same at the
            same time have to be approved themselves.
        data
            What lay there when the person was asked: the last one that was asked saw what is there now.
        """
        subject = _kept(given.subject, caller)
        seen = None if data is None else [each.model_dump(mode="json") for each in data]
        values = {
            "granted_by": given.by,
            "granted": now(),
            "data": seen,
            "given": given.model_dump(mode="json"),
            "project": given.project,
        }
        with self._engine.begin() as db:
            still = _still(subject, given.project)
            if not db.execute(APPROVALS.update().where(*still).values(**values)).rowcount:
                db.execute(APPROVALS.insert().values(subject=subject, **values))

    def use(self, subject: str, caller: str | None = None, used_for: str | None = None) -> int | None:
        """Use up an approval of exactly this subject and return its number; None when none counts.

        Parameters
        ----------
        caller
            Which call asks; what was approved for it comes first, then what was approved for anybody.
        used_for
            Names what it is used for, where that can be said again: what a process used up for it that was
            killed before it came about is still its approval, for an hour.
        """
        number = None if caller is None else self._use(_kept(subject, caller), subject, used_for)
        if number is None:
            number = self._use(subject, subject, used_for)
        return self._used_before(subject, used_for) if number is None else number

    def _used_before(self, subject: str, used_for: str | None) -> int | None:
        if used_for is None:
            return None
        mine = APPROVALS.c.subject == subject, APPROVALS.c.project == who().project
        lately = APPROVALS.c.used > now() - _AFTER_A_CRASH
        used = sa.select(APPROVALS).where(*mine, APPROVALS.c.used_for == used_for, lately)
        with asking(self._engine) as db:
            rows = db.execute(used.order_by(APPROVALS.c.seq.desc())).mappings().all()
        counts = (row["seq"] for row in rows if self._guard.counts(_given(row, subject), subject))
        return next(map(int, counts), None)

    def _use(self, stored: str, subject: str, used_for: str | None) -> int | None:
        with self._engine.begin() as db:
            for row in db.execute(_open(stored)).mappings().all():
                if not self._guard.counts(_given(row, subject), subject):
                    continue
                use = APPROVALS.update().where(APPROVALS.c.seq == row["seq"], APPROVALS.c.used.is_(None))
                # What was approved and by whom can be read in the table once it is used. Somebody else may
                # use it in between; there may be one more.
                if db.execute(use.values(used=now(), subject=subject, used_for=used_for)).rowcount == 1:
                    return int(row["seq"])
        return None

    def data(self, number: int) -> tuple[SeenData, ...] | None:
        """Return what lay there when this was approved; None where that was not kept."""
        given = self.given(number)
        if given is not None and given.seal:
            return given.seen
        with asking(self._engine) as db:
            found = db.scalar(sa.select(APPROVALS.c.data).where(APPROVALS.c.seq == number))
        return None if found is None else tuple(SeenData.model_validate(each) for each in found)

    def given(self, number: int) -> GivenApproval | None:
        """Return how this was approved; None where that was not kept."""
        with asking(self._engine) as db:
            row = db.execute(sa.select(APPROVALS).where(APPROVALS.c.seq == number)).mappings().first()
        return None if row is None else _given(row, row["subject"])

    def withdraw(self, subject: str, caller: str) -> None:
        """Take back what was approved for one call and has not been used."""
        with self._engine.begin() as db:
            stored = APPROVALS.c.subject == _kept(subject, caller)
            db.execute(APPROVALS.delete().where(stored, APPROVALS.c.used.is_(None)))

    def give_back(self, number: int, subject: str) -> None:
        """Make an approval usable again, by any call: what it was used for did not come about."""
        with self._engine.begin() as db:
            row = APPROVALS.update().where(APPROVALS.c.seq == number)
            db.execute(row.values(used=None, used_for=None, subject=subject))

    def waits(self, subject: str) -> bool:
        """Say whether an approval waits to be used."""
        with asking(self._engine) as db:
            rows = db.execute(_open(subject)).mappings().all()
        return any(self._guard.counts(_given(row, subject), subject) for row in rows)


def _kept(subject: str, caller: str | None) -> str:
    """Return under which subject an approval stands that is for one call alone."""
    if caller is None:
        return subject
    return f"for:{hashlib.sha256(f'{caller}{chr(0)}{subject}'.encode()).hexdigest()}"


def _given(row: sa.RowMapping, subject: str) -> GivenApproval | None:
    """Read what a row says, which anybody may have written; one of an earlier version does not say how."""
    if row["given"] is None:
        return GivenApproval(subject=subject, how="unknown", by=row["granted_by"], at=aware(row["granted"]))
    try:
        return GivenApproval.model_validate(row["given"])
    except ValueError:
        return None


def _open(subject: str) -> sa.Select[object]:
    """Return those that wait in the project of who acts: whoever administers uses up nobody else's."""
    return sa.select(APPROVALS).where(*_still(subject, who().project)).order_by(APPROVALS.c.seq)


def _still(subject: str, project: str) -> tuple[sa.ColumnElement[bool], ...]:
    return APPROVALS.c.subject == subject, APPROVALS.c.project == project, APPROVALS.c.used.is_(None)
