"""A quota: how much a user, a project or the server may have at once and in a period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from skillbank.visible import named
from skillbank.ways import Sentence, command

__all__ = ["EACH", "Kind", "Period", "Quota", "held", "size", "way_out"]

EACH = "*"
"""The name of a quota of each user or project that has none of its own."""


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

    def document(self) -> dict[str, object]:
        """Return it as programs are told of it."""
        return {
            "kind": self.kind.value,
            "name": self.name,
            "running": self.running,
            "gpu_hours": self.gpu_hours,
            "period": self.period.value,
            "bytes": self.bytes,
        }


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


def way_out(quota: Quota) -> Sentence:
    """Say who changes a quota, and how."""
    of = quota.kind if quota.kind is Kind.SERVER else f"{quota.kind} {quota.name}"
    return Sentence(f"who administers the server changes that with {command('team quota set', of)}")


def size(count: float) -> str:
    """Return a number of bytes as people read it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.4g} TB"
