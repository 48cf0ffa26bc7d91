"""Why a job waits, and when it is likely to start: the law of the queue, played on with what jobs took."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from skillbank.jobs.database import JOBS
from skillbank.jobs.fair_share import Group, Owner, Standing
from skillbank.jobs.gpu_time import lines_of, spans
from skillbank.jobs.likeness import Kind, typical
from skillbank.jobs.queue import PLACED, WAITING, attended, standing_of
from skillbank.jobs.record import JobRecord
from skillbank.stored import asking, now
from skillbank.team.acting import who
from skillbank.team.quota import Quota
from skillbank.team.quotas import read
from skillbank.visible import named

__all__ = ["Wait", "wait_of"]

_MOST_STARTS = 500
"""So many starts before its own are played; what comes later nobody can say."""
_MOST_READ = 1000
_ORDINALS = ("first", "second", "third")


@dataclass(frozen=True)
class Wait:
    """Why a job waits.

    Attributes
    ----------
    place
        The how many-th of its owner's waiting jobs it is, from 1.
    person
        Who that is.
    quota
        What leaves no place; None when one is free, or only others come first.
    why
        That in words.
    starts
        When it is likely to start; None when nobody can say.
    after
        The job whose end lets it start, where it may be named to who acts.
    guess
        Whether that is a guess, from what like jobs took; the start of a period is none.
    attended
        Whether a process of a server gives places.
    """

    place: int
    person: str
    quota: Quota | None
    why: str
    starts: datetime | None = None
    after: str | None = None
    guess: bool = True
    attended: bool = True

    @property
    def said(self) -> str:
        """All of it in one sentence."""
        return f"{_nth(self.place)} of {named(self.person)}'s: {self.why}; {self._when}"

    @property
    def _when(self) -> str:
        if not self.attended:
            return "no server runs that gives places, so it does not start before whoever runs it starts one"
        if self.starts is None:
            return "when it starts is not known: too little is known of what comes before it"
        if not self.guess:
            return f"it starts on {self.starts:%Y-%m-%d} (UTC) at the earliest, when the next period begins"
        left = (self.starts - now()).total_seconds()
        ends = "" if self.after is None else f", when {self.after} ends"
        return f"likely to start {_span(left)}{ends} (a guess from what like jobs took)"

    def document(self) -> dict[str, object]:
        """Return it as programs are told of it."""
        return {
            "why": self.said,
            "place": self.place,
            "quota": None if self.quota is None else self.quota.document(),
            "starts": None if self.starts is None else self.starts.isoformat(),
            "after": self.after,
            "guess": self.guess,
        }


def wait_of(engine: sa.Engine, record: JobRecord) -> Wait | None:
    """Say why a job waits for a place, and for how long; None when it does not wait."""
    if not record.waits or record.person is None:
        return None
    owner, at = Owner(record.project, record.person), now()
    with asking(engine) as db:
        me = sa.select(JOBS.c.seq, sa.func.coalesce(JOBS.c.gpus, 0)).where(JOBS.c.id == record.id)
        number, gpus = db.execute(me).one()
        standing = standing_of(db, read(db))
        mine = JOBS.c.project == owner.project, JOBS.c.person == owner.person
        before = sa.select(sa.func.count()).where(*WAITING, *mine, JOBS.c.seq + 0 < number)
        place = int(db.scalar(before) or 0) + 1
        quota = standing.against(owner, on_gpus=gpus > 0)
        is_attended = attended(db)
        if quota is None:
            why = "a place is free, and goes to whose turn it is"
        elif gpus > 0 and (quota.kind, quota.name) in standing.used_up:
            why = f"the {quota.gpu_hours:g} GPU hours a {quota.period} of {quota.said} are used up"
            starts = quota.period.until(at) if is_attended else None
            return Wait(place, owner.person, quota, why, starts, guess=False, attended=is_attended)
        else:
            why = f"{standing.has(quota)} of {quota.running} running (quota of {quota.said})"
        if not is_attended:
            return Wait(place, owner.person, quota, why, attended=False)
        starts, after = _Played(db, standing, at).start_of(record.id)
    if after is not None and not who().sees(after.owner.project):
        return Wait(place, owner.person, quota, why, starts)
    return Wait(place, owner.person, quota, why, starts, after and after.id)


class _Job(NamedTuple):
    """A job of the play; ``seconds`` is what it still takes, None where nobody knows."""

    id: str
    owner: Owner
    on_gpus: bool
    number: int
    seconds: float | None


class _Played:
    """The queue, from now on."""

    def __init__(self, db: sa.Connection, standing: Standing, at: datetime) -> None:
        self._db, self._standing, self._at = db, standing, at
        self._took: dict[Kind, float | None] = {}

    def start_of(self, job: str) -> tuple[datetime | None, _Job | None]:
        """Return when a job starts, and after the end of which one; None where that is not known."""
        waiting: defaultdict[tuple[Owner, bool], deque[_Job]] = defaultdict(deque)
        for each in self._read(*WAITING):
            waiting[each.owner, each.on_gpus].append(each)
        ends = [
            (self._at + timedelta(seconds=each.seconds), each.number, each)
            for each in self._running()
            if each.seconds is not None
        ]
        heapq.heapify(ends)
        time, after, starts = self._at, None, 0
        while starts < _MOST_STARTS:
            heads = [Group(*key, jobs[0].number, len(jobs)) for key, jobs in waiting.items() if jobs]
            first = self._standing.first(heads)
            if first is not None:
                started = waiting[first.owner, first.on_gpus].popleft()
                if started.id == job:
                    return time, after
                starts += 1
                self._standing.serve(started.owner, time)
                if started.seconds is not None:
                    end = time + timedelta(seconds=started.seconds)
                    heapq.heappush(ends, (end, started.number, started))
            elif ends:
                time, _, after = heapq.heappop(ends)
                self._standing.end(after.owner)
            else:
                break
        return None, None

    def _running(self) -> list[_Job]:
        """Return what has a place, with what it still takes; what has run longer than like jobs ends now."""
        jobs = self._read(*PLACED)
        left = []
        for each, lines in zip(jobs, lines_of(self._db, [each.id for each in jobs]), strict=True):
            ran = sum((end - begun).total_seconds() for begun, end in spans(lines, self._at))
            left.append(each._replace(seconds=each.seconds and max(0.0, each.seconds - ran)))
        return left

    def _read(self, *which: sa.ColumnElement[bool] | sa.TextClause) -> list[_Job]:
        columns = JOBS.c.id, JOBS.c.project, JOBS.c.person, sa.func.coalesce(JOBS.c.gpus, 0), JOBS.c.seq
        kinds = JOBS.c.skill, JOBS.c.action, JOBS.c.platform, JOBS.c.experiment
        # By a sum no index orders, so that the small one of open jobs is read, and not all rows.
        oldest = sa.select(JOBS.c.seq).where(*which).order_by(JOBS.c.seq + 0).limit(_MOST_READ)
        query = sa.select(*columns, *kinds).where(JOBS.c.seq.in_(oldest))
        rows = self._db.execute(query.order_by(JOBS.c.seq))
        return [
            _Job(job, Owner(project, person), gpus > 0, number, self._takes(Kind(*kind)))
            for job, project, person, gpus, number, *kind in rows.all()
        ]

    def _takes(self, kind: Kind) -> float | None:
        if kind not in self._took:
            found = typical(self._db, kind)
            self._took[kind] = None if found is None else found.seconds
        return self._took[kind]


def _nth(number: int) -> str:
    return _ORDINALS[number - 1] if number <= len(_ORDINALS) else f"number {number}"


def _span(seconds: float) -> str:
    """Return a time from now on in words, no more exact than it is known."""
    if seconds < 30:
        return "at any moment"
    if seconds < 90 * 60:
        minutes = max(1, round(seconds / 60))
        return f"in about {minutes} minute{'' if minutes == 1 else 's'}"
    hours = seconds / 3600
    return f"in about {hours:.0f} hours" if hours < 36 else f"in about {hours / 24:.0f} days"
