"""GPU hours: what jobs have used, counted by the day when they end, and of those that run as they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from skillbank.jobs.database import JOBS, OPEN
from skillbank.jobs.record import QUEUE, SEARCH, JobState
from skillbank.jobs.rows import histories
from skillbank.stored import aware
from skillbank.team.counting import count
from skillbank.team.quotas import Kind, Quota
from skillbank.team.tables import GPU_SECONDS

__all__ = ["by_day", "gpu_hours", "lines_of", "settle", "spans"]

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


def gpu_hours(db: sa.Connection, quota: Quota, at: datetime) -> float:
    """Return the hours that whom a quota is about has used in its period, what runs now included."""
    since = quota.period.since(at)
    columns = {Kind.USER: "person", Kind.PROJECT: "project"}
    column = columns.get(quota.kind)
    ended = sa.select(sa.func.sum(GPU_SECONDS.c.seconds)).where(GPU_SECONDS.c.day >= since.date())
    placed = OPEN, JOBS.c.gpus > 0, JOBS.c.platform != SEARCH, JOBS.c.launcher.is_distinct_from(QUEUE)
    running = sa.select(JOBS.c.id, JOBS.c.gpus).where(*placed)
    if column is not None:
        ended = ended.where(GPU_SECONDS.c[column] == quota.name)
        running = running.where(JOBS.c[column] == quota.name)
    total = float(db.scalar(ended) or 0)
    now = {job: gpus for job, gpus in db.execute(running)}  # noqa: C416 - rows are no pairs
    for gpus, lines in zip(now.values(), lines_of(db, list(now)), strict=True):
        parts = ((max(begun, since), ended) for begun, ended in spans(lines, at))
        total += gpus * sum(seconds for _, seconds in by_day(parts))
    return total / 3600


def lines_of(db: sa.Connection, jobs: Sequence[str]) -> list[list[Line]]:
    """Return the histories of jobs, in the order of the jobs."""
    found = histories(db, jobs)
    return [[(aware(line["at"]), JobState(line["state"])) for line in found[job]] for job in jobs]
