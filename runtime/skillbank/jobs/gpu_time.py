"""GPU hours: what jobs have used, counted by the day when they end, and of those that run as they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from skillbank.jobs.database import JOBS, OPEN
from skillbank.jobs.record import QUEUE, SEARCH, JobState
from skillbank.jobs.rows import histories
from skillbank.stored import aware
from skillbank.team.counting import count
from skillbank.team.quota import Kind, Period, Quota
from skillbank.team.tables import GPU_SECONDS

__all__ = ["GpuHours", "by_day", "lines_of", "settle", "spans"]

Line = tuple[datetime, JobState]


def spans(lines: Iterable[Line], until: datetime, *, ran: bool = False) -> list[tuple[datetime, datetime]]:
    """Return from when to when a job has run, by its history; a job that is put back in a queue waits.

    Parameters
    ----------
    until
        The end for a job that runs.
    ran
        Whether it ended by itself: one that nobody saw running then did since the line before its end.
    """
    found: list[tuple[datetime, datetime]] = []
    begun, before = None, None
    for at, state in lines:
        if state is JobState.RUNNING:
            begun = begun or at
        elif begun is not None and state is not JobState.UNKNOWN:
            found.append((begun, at))
            begun = None
        if state.terminal and not found and ran and before is not None:
            found.append((before, at))
        before = at
    return found if begun is None else [*found, (begun, max(begun, until))]


def by_day(parts: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[date, float]]:
    """Yield the seconds of spans by the days (UTC) that they lie in."""
    for begun, ended in parts:
        at = begun.astimezone(UTC)
        while at < ended:
            midnight = (at + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
            yield at.date(), (min(midnight, ended) - at).total_seconds()
            at = midnight


def settle(db: sa.Connection, job: str, *, ran: bool) -> None:
    """Count what a job has used, in the transaction of its end; of a team's alone, and of none without GPUs.

    Parameters
    ----------
    ran
        As for `spans`.
    """
    query = sa.select(JOBS.c.project, JOBS.c.person, JOBS.c.gpus, JOBS.c.platform).where(JOBS.c.id == job)
    row = db.execute(query).one()
    if row.person is None or not row.gpus or row.platform == SEARCH:
        return
    key = {"project": row.project, "person": row.person}
    lines = lines_of(db, [job])[0]
    for day, seconds in by_day(spans(lines, lines[-1][0], ran=ran)):
        count(db, GPU_SECONDS, {**key, "day": day}, "seconds", seconds * row.gpus)


class GpuHours:
    """What everybody has used, read once for any number of quotas: what has ended, and what runs now.

    Parameters
    ----------
    at
        Until when; the periods are those that it lies in.
    """

    def __init__(self, db: sa.Connection, at: datetime) -> None:
        self._db, self._at = db, at
        self._used: dict[Period, dict[tuple[str, str], float]] = {}
        self._running: list[tuple[tuple[str, str], int, list[tuple[datetime, datetime]]]] | None = None

    def of(self, quota: Quota) -> float:
        """Return the hours that whom a quota is about has used in its period."""
        if quota.period not in self._used:
            self._used[quota.period] = self._since(quota.period.since(self._at))
        used = self._used[quota.period]
        if quota.kind is Kind.SERVER:
            return sum(used.values()) / 3600
        part = 0 if quota.kind is Kind.PROJECT else 1
        return sum(seconds for owner, seconds in used.items() if owner[part] == quota.name) / 3600

    def _since(self, since: datetime) -> dict[tuple[str, str], float]:
        whose = GPU_SECONDS.c.project, GPU_SECONDS.c.person
        ended = sa.select(*whose, sa.func.sum(GPU_SECONDS.c.seconds)).where(GPU_SECONDS.c.day >= since.date())
        used: defaultdict[tuple[str, str], float] = defaultdict(float)
        for project, person, seconds in self._db.execute(ended.group_by(*whose)):
            used[project, person] = seconds
        for owner, gpus, parts in self._now():
            used[owner] += gpus * sum(
                (ended - max(begun, since)).total_seconds() for begun, ended in parts if ended > since
            )
        return used

    def _now(self) -> list[tuple[tuple[str, str], int, list[tuple[datetime, datetime]]]]:
        """Return whose jobs run now, on how many GPUs, and since when."""
        if self._running is None:
            placed = OPEN, JOBS.c.gpus > 0, JOBS.c.platform != SEARCH, JOBS.c.launcher.is_distinct_from(QUEUE)
            query = sa.select(JOBS.c.id, JOBS.c.project, JOBS.c.person, JOBS.c.gpus).where(*placed)
            rows = self._db.execute(query).all()
            histories = lines_of(self._db, [row.id for row in rows])
            self._running = [
                ((row.project, row.person), row.gpus, spans(lines, self._at))
                for row, lines in zip(rows, histories, strict=True)
            ]
        return self._running


def lines_of(db: sa.Connection, jobs: Sequence[str]) -> list[list[Line]]:
    """Return the histories of jobs, in the order of the jobs."""
    found = histories(db, jobs)
    return [[(aware(line["at"]), JobState(line["state"])) for line in found[job]] for job in jobs]
