"""Quotas: how much users and projects may have at once and in a period.

They stand in the store, where every process finds them that starts something: the server's, and the
supervisors and searches that outlive it. One that is changed holds from then on, without a new start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from skillbank.errors import NotFoundError, UsageError, did_you_mean
from skillbank.team.audit import permit, record
from skillbank.team.rights import Right
from skillbank.team.tables import QUOTAS
from skillbank.visible import named, one_line

__all__ = ["EACH", "Kind", "Period", "Quota", "Quotas", "held", "read", "size", "way_out"]

EACH = "*"
"""The name of a quota of each user or project that has none of its own."""


_LONGEST = 200


class Kind(StrEnum):
    """Whose a quota is; that of the server is everybody's together."""

    USER = "user"
    PROJECT = "project"
    SERVER = "server"


class Period(StrEnum):
    """In which GPU hours count: a day, a week from Monday on, a month of the calendar, in UTC."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def since(self, at: datetime) -> datetime:
        """Return when the period began that a time lies in."""
        day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if self is Period.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self is Period.MONTH else day

    def until(self, at: datetime) -> datetime:
        """Return when the next period begins."""
        begun = self.since(at)
        if self is Period.MONTH:
            return (begun + timedelta(days=32)).replace(day=1)
        return begun + timedelta(days=7 if self is Period.WEEK else 1)


@dataclass(frozen=True)
class Quota:
    """What somebody may have; None is no limit.

    Attributes
    ----------
    kind, name
        Whose it is; `EACH` for all that have none of their own, "" for the server.
    running
        Jobs that have a place at once.
    gpu_hours, period
        Hours times GPUs of jobs in each period.
    bytes
        Of results, and for projects of label sets.
    """

    kind: Kind
    name: str
    running: int | None = None
    gpu_hours: float | None = None
    period: Period = Period.MONTH
    bytes: int | None = None

    @property
    def said(self) -> str:
        """Whose it is, in words."""
        return "the server" if self.kind is Kind.SERVER else f"{self.kind} {named(self.name)}"

    @property
    def limits(self) -> str:
        """What it allows, in words."""
        parts = []
        if self.running is not None:
            parts.append(f"{self.running} running at once")
        if self.gpu_hours is not None:
            parts.append(f"{self.gpu_hours:g} GPU hours a {self.period}")
        if self.bytes is not None:
            parts.append(f"{size(self.bytes)} stored")
        return ", ".join(parts) or "no limit"

    def document(self) -> dict[str, Any]:
        """Return it as programs are told of it."""
        return {
            "kind": self.kind.value,
            "name": self.name,
            "running": self.running,
            "gpu_hours": self.gpu_hours,
            "period": self.period.value,
            "bytes": self.bytes,
        }


class Quotas:
    """The quotas of a store, shared by every process that opens it.

    Parameters
    ----------
    engine
        Of `skillbank.jobs.store.JobStore`, whose migrations make the tables.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def set(self, quota: Quota) -> None:
        """Put a quota in the place of the one that there was; what runs, runs on.

        Raises
        ------
        UsageError
            When a name or a number cannot be one.
        ForbiddenError
            When who acts does not administer.
        """
        permit(lambda: self._engine, Right.ADMINISTER, "quota.set", quota.said)
        _check(quota)
        with self._engine.begin() as db:
            db.execute(QUOTAS.delete().where(*_named(quota.kind, quota.name)))
            db.execute(QUOTAS.insert().values(**quota.document()))
            record(db, "quota.set", f"{quota.said}: {quota.limits}", project=_project(quota), always=True)

    def remove(self, kind: Kind, name: str) -> None:
        """Take a quota away; that of each (`EACH`) holds then, if there is one.

        Raises
        ------
        NotFoundError
            When there is none.
        ForbiddenError
            When who acts does not administer.
        """
        gone = Quota(kind, name)
        permit(lambda: self._engine, Right.ADMINISTER, "quota.remove", gone.said)
        with self._engine.begin() as db:
            if db.execute(QUOTAS.delete().where(*_named(kind, name))).rowcount:
                record(db, "quota.remove", gone.said, project=_project(gone), always=True)
                return
            known = list(db.scalars(sa.select(QUOTAS.c.name).where(QUOTAS.c.kind == kind.value)))
        raise NotFoundError(f"{gone.said} has no quota of its own{did_you_mean(name, known)}")

    def list(self) -> tuple[Quota, ...]:
        """Return all of them, for who administers.

        Raises
        ------
        ForbiddenError
        """
        permit(lambda: self._engine, Right.ADMINISTER, "quota.list")
        with self._engine.connect() as db:
            return tuple(read(db).values())


def read(db: sa.Connection) -> dict[tuple[Kind, str], Quota]:
    """Return all quotas of a store by whose they are."""
    query = sa.select(QUOTAS).order_by(QUOTAS.c.kind, QUOTAS.c.name)
    found = (
        Quota(**{**row, "kind": Kind(row["kind"]), "period": Period(row["period"])})
        for row in db.execute(query).mappings()
    )
    return {(quota.kind, quota.name): quota for quota in found}


def held(quotas: Mapping[tuple[Kind, str], Quota], project: str, person: str) -> tuple[Quota, ...]:
    """Return the quotas that hold for what a person does in a project, each with the name it is applied to.

    One of its own stands for the whole of the one of each, also where it says less.
    """
    found = []
    for kind, name in ((Kind.USER, person), (Kind.PROJECT, project), (Kind.SERVER, "")):
        quota = quotas.get((kind, name)) or quotas.get((kind, EACH))
        if quota is not None:
            found.append(Quota(**{**vars(quota), "name": name}))
    return tuple(found)


def way_out(quota: Quota) -> str:
    """Say who changes a quota, and how."""
    name = "" if quota.kind is Kind.SERVER else f" {quota.name}"
    return f"who administers the server changes that with skillbank team quota set {quota.kind}{name}"


def size(count: float) -> str:
    """Return a number of bytes as people read it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.4g} TB"


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
