"""The quotas of a store.

They stand there, where every process finds them that starts something: the server's, and the supervisors
and searches that outlive it. One that is changed holds from then on, without a new start.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from skillbank.errors import NotFoundError, UsageError, did_you_mean
from skillbank.stored import asking, insert
from skillbank.team.audit import permit, record
from skillbank.team.quota import EACH, Kind, Period, Quota
from skillbank.team.rights import Right
from skillbank.team.tables import QUOTAS
from skillbank.visible import named, one_line

__all__ = ["Quotas", "read"]

_LONGEST = 200


class Quotas:
    """The quotas of a store, shared by every process that opens it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def set(self, quota: Quota) -> None:
        """Put a quota in the place of the one that there was; what runs, runs on."""
        permit(lambda: self._engine, Right.ADMINISTER, "quota.set", quota.said)
        _check(quota)
        with self._engine.begin() as db:
            row, key = quota.document(), [column.name for column in QUOTAS.primary_key.columns]
            put = insert(db, QUOTAS).values(**row)
            # Somebody else may set the same at the same time: the later one counts.
            db.execute(put.on_conflict_do_update(index_elements=key, set_=row))
            record(db, "quota.set", f"{quota.said}: {quota.limits}", project=_project(quota), always=True)

    def remove(self, kind: Kind, name: str) -> None:
        """Take a quota away; that of each (`EACH`) holds then, if there is one."""
        gone = Quota(kind, name)
        permit(lambda: self._engine, Right.ADMINISTER, "quota.remove", gone.said)
        with self._engine.begin() as db:
            if db.execute(QUOTAS.delete().where(*_named(kind, name))).rowcount:
                record(db, "quota.remove", gone.said, project=_project(gone), always=True)
                return
            known = list(db.scalars(sa.select(QUOTAS.c.name).where(QUOTAS.c.kind == kind.value)))
        raise NotFoundError(f"{gone.said} has no quota of its own{did_you_mean(name, known)}")

    def list(self) -> tuple[Quota, ...]:
        """Return all of them, for who administers."""
        permit(lambda: self._engine, Right.ADMINISTER, "quota.list")
        with asking(self._engine) as db:
            return tuple(read(db).values())


def read(db: sa.Connection) -> dict[tuple[Kind, str], Quota]:
    """Return all quotas of a store by whose they are."""
    query = sa.select(QUOTAS).order_by(QUOTAS.c.kind, QUOTAS.c.name)
    found = (
        Quota(**{**row, "kind": Kind(row["kind"]), "period": Period(row["period"])})
        for row in db.execute(query).mappings()
    )
    return {(quota.kind, quota.name): quota for quota in found}


def _named(kind: Kind, name: str) -> Iterable[sa.ColumnElement[bool]]:
    return QUOTAS.c.kind == kind.value, QUOTAS.c.name == name


def _project(quota: Quota) -> str:
    return quota.name if quota.kind is Kind.PROJECT and quota.name != EACH else ""


def _check(quota: Quota) -> None:
    if quota.kind is Kind.SERVER:
        if quota.name:
            raise UsageError(f"the quota of the server has no name, and '{named(quota.name)}' was given")
    elif not quota.name or quota.name != one_line(quota.name, _LONGEST):
        raise UsageError(f"'{one_line(quota.name, 60)}' cannot be the name of a {quota.kind}")
    for value, what in (
        (quota.running, "jobs running at once"),
        (quota.gpu_hours, "GPU hours"),
        (quota.bytes, "bytes stored"),
    ):
        if value is not None and not 0 <= value < 1e18:
            raise UsageError(f"{value} cannot be a limit of {what}; give a number from 0 on")
