"""The queue of a team: jobs that were launched and wait in the store until quotas leave them a place.

A place is given in a transaction that holds the quotas, so of any number of processes one gives it, and none
more than there are. Who was given one starts the job; when that process dies first, the job waits again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from skillbank.jobs.database import JOBS, LEASES, OPEN, TRANSITIONS
from skillbank.jobs.fair_share import Group, Owner, Standing
from skillbank.jobs.gpu_time import GpuHours
from skillbank.jobs.record import QUEUE, SEARCH, JobState
from skillbank.jobs.rows import line_row
from skillbank.platforms.processes import describe_self, described_alive
from skillbank.sets.transactions import writing
from skillbank.stored import asking, aware, now
from skillbank.team.counting import note
from skillbank.team.quota import Kind, Quota, held
from skillbank.team.quotas import read
from skillbank.team.tables import QUOTAS, SHARES

if TYPE_CHECKING:
    from skillbank.jobs.record import JobRecord

__all__ = ["GIVEN", "PLACED", "WAITING", "Queue", "attended", "gpus_of", "place_for", "standing_of"]

GIVEN = "its turn has come: it gets a place"
_BROKE_OFF = "the process that was to start it has ended; it waits again"
_LONGEST_START = timedelta(hours=1)
"""After this long a start on another machine counts as broken off: nothing says whether that lives."""
_ATTENDED = "queue"
"""In the place of an experiment and its place: the lease of those who give places."""
_SILENT = timedelta(seconds=30)
_LAST = 1 << 62
"""The number of a job that has none yet: it is younger than all others."""
PLACED = OPEN, JOBS.c.platform != SEARCH, JOBS.c.launcher.is_distinct_from(QUEUE)
WAITING = OPEN, JOBS.c.launcher == QUEUE


def place_for(db: sa.Connection, record: JobRecord) -> str:
    """Give a new job of a team a place, in the transaction that writes it; else say why it has to wait.

    A search has none: its trials have. Who waits already comes first where the law says so. Trials and
    further attempts are launched by processes that do not know which files are there for whom; a server's do.
    """
    quotas = _locked(db)
    if record.person is None or record.searches:
        return ""
    if record.is_part:
        return "waits for a process of the server, which looks whether its files are there for its project"
    if not quotas:
        return ""
    owner = Owner(record.project, record.person)
    standing, turn = standing_of(db, quotas, owner), (owner, gpus_of(record) > 0)
    waiting = {(group.owner, group.on_gpus): group for group in _groups(db)}
    mine = waiting.get(turn) or Group(*turn, oldest=_LAST, size=0)
    waiting[turn] = mine._replace(size=mine.size + 1)
    turns = (each for each in _turns(standing, waiting) if each == turn)
    if next(islice(turns, mine.size, None), None) is not None:
        note(db, SHARES, owner._asdict(), "served", now())
        return ""
    quota = standing.against(owner, on_gpus=turn[1])
    return f"waits for a place: {quota.said} has {quota.limits}" if quota else "waits: others come first"


def _turns(standing: Standing, waiting: Mapping[tuple[Owner, bool], Group]) -> Iterator[tuple[Owner, bool]]:
    """Yield whose job gets a place and whether on GPUs, one after another, while there are places."""
    left = dict(waiting)
    while (first := standing.first(left.values())) is not None:
        turn = first.owner, first.on_gpus
        yield turn
        if first.size == 1:
            del left[turn]
        else:
            left[turn] = first._replace(size=first.size - 1)
        standing.serve(first.owner, now())


def attended(db: sa.Connection) -> bool:
    """Say whether a process of a server gives places."""
    mine = LEASES.c.experiment == _ATTENDED, LEASES.c.place == _ATTENDED
    beat = db.scalar(sa.select(LEASES.c.beat).where(*mine))
    return beat is not None and now() - aware(beat) < _SILENT


def gpus_of(record: JobRecord) -> int:
    """Return how many GPUs a job has in all, by its plan."""
    asked = record.plan.get("resources") or {}
    return int(asked.get("gpus") or 0) * int(asked.get("nodes") or 1)


class Queue:
    """What waits in a store."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def empty(self) -> bool:
        """Say whether nothing waits, whoever's it is; one look at an index."""
        with asking(self._engine) as db:
            return db.scalar(sa.select(JOBS.c.seq).where(*WAITING).limit(1)) is None

    def take(self, busy: Collection[str] = ()) -> str | None:
        """Give the next place to the job whose turn it is; whoever calls this then starts that one.

        Parameters
        ----------
        busy
            Projects that are passed by: who calls this starts enough of theirs already.

        Returns
        -------
        str or None
            The job's id; None when nothing waits, or there is no place for what does.
        """
        if self.empty():
            return None
        with writing(self._engine) as db:
            standing = standing_of(db, _locked(db))
            first = standing.first([each for each in _groups(db) if each.owner.project not in busy])
            if first is None:
                return None
            whose = JOBS.c.project == first.owner.project, JOBS.c.person == first.owner.person
            job = db.scalar(sa.select(JOBS.c.id).where(*WAITING, *whose, JOBS.c.seq == first.oldest))
            change = JOBS.update().where(JOBS.c.id == job, *WAITING).values(launcher=describe_self())
            # Without a quota nothing was held, so that another process may have been faster.
            if job is None or db.execute(change).rowcount != 1:
                return None
            db.execute(TRANSITIONS.insert().values(line_row(job, JobState.PENDING, GIVEN)))
            note(db, SHARES, first.owner._asdict(), "served", now())
            return str(job)

    def attend(self) -> None:
        """Say that this process gives places; `attended` is true for half a minute from then on."""
        mine = LEASES.c.experiment == _ATTENDED, LEASES.c.place == _ATTENDED
        beat = {"owner": describe_self(), "beat": now()}
        with suppress(IntegrityError), self._engine.begin() as db:  # of two that begin at once one says it
            if db.execute(LEASES.update().where(*mine).values(**beat)).rowcount == 0:
                db.execute(LEASES.insert().values(experiment=_ATTENDED, place=_ATTENDED, **beat))

    def unstarted(self) -> Sequence[tuple[str, str, str]]:
        """Return the jobs that were given a place and have not begun: id, project, and who starts them."""
        given = sa.exists().where(TRANSITIONS.c.job_id == JOBS.c.id, TRANSITIONS.c.message == GIVEN)
        query = sa.select(JOBS.c.id, JOBS.c.project, JOBS.c.launcher).where(
            *PLACED, JOBS.c.launcher.is_not(None), JOBS.c.native_id.is_(None), given
        )
        with asking(self._engine) as db:
            return [(job, project, launcher) for job, project, launcher in db.execute(query)]

    def give_back(self, record: JobRecord) -> bool:
        """Let a job wait again whose start broke off before there was anything on its platform."""
        same = JOBS.c.id == record.id, JOBS.c.launcher == record.launcher, JOBS.c.native_id.is_(None)
        with self._engine.begin() as db:
            if db.execute(JOBS.update().where(OPEN, *same).values(launcher=QUEUE)).rowcount != 1:
                return False
            db.execute(TRANSITIONS.insert().values(line_row(record.id, record.state, _BROKE_OFF)))
            return True

    def withdraw(self, job: str) -> bool:
        """End a job that waits as canceled; false when it waits no more."""
        change = JOBS.update().where(JOBS.c.id == job, *WAITING)
        with self._engine.begin() as db:
            ended = {"state": JobState.CANCELED.value, "settled": now(), "launcher": None}
            if db.execute(change.values(**ended)).rowcount != 1:
                return False
            said = line_row(job, JobState.CANCELED, "canceled while it waited for a place")
            db.execute(TRANSITIONS.insert().values(said))
            return True

    @staticmethod
    def broke_off(record: JobRecord) -> bool:
        """Say whether a start that the queue gave a place to has ended before it started anything."""
        given = [line.at for line in record.history if line.message == GIVEN]
        if not given or record.launcher is None or record.native_id is not None:
            return False
        alive = described_alive(record.launcher)
        return not alive if alive is not None else now() - given[-1] > _LONGEST_START


def _locked(db: sa.Connection) -> Mapping[tuple[Kind, str], Quota]:
    """Return all quotas, which nobody else gives places by until this transaction has ended.

    On SQLite nobody else writes at all during it.
    """
    db.execute(sa.select(QUOTAS.c.kind).order_by(QUOTAS.c.kind, QUOTAS.c.name).with_for_update())
    return read(db)


def standing_of(db: sa.Connection, quotas: Mapping[tuple[Kind, str], Quota], *newcomers: Owner) -> Standing:
    """Return who has which places now.

    Parameters
    ----------
    newcomers
        Those whom it is asked about too, though nothing of theirs runs or waits yet.
    """
    columns = JOBS.c.project, JOBS.c.person
    taken = sa.select(*columns, sa.func.count()).where(*PLACED).group_by(*columns)
    running = Counter({Owner(project, person): number for project, person, number in db.execute(taken)})
    served = {
        Owner(row.project, row.person): aware(row.served)
        for row in db.execute(sa.select(SHARES).where(SHARES.c.served.is_not(None)))
    }
    owners = {*running, *(group.owner for group in _groups(db)), *newcomers}
    return Standing(quotas, running, served, _used_up(db, quotas, owners))


def _groups(db: sa.Connection) -> list[Group]:
    """Return what waits, by whose it is and whether it needs GPUs."""
    on_gpus = (sa.func.coalesce(JOBS.c.gpus, 0) > 0).label("on_gpus")
    columns = JOBS.c.project, JOBS.c.person, on_gpus
    query = sa.select(*columns, sa.func.min(JOBS.c.seq), sa.func.count()).where(*WAITING)
    return [
        Group(Owner(project, person), bool(gpus), oldest, number)
        for project, person, gpus, oldest, number in db.execute(query.group_by(*columns))
    ]


def _used_up(
    db: sa.Connection, quotas: Mapping[tuple[Kind, str], Quota], owners: Iterable[Owner]
) -> frozenset[tuple[Kind, str]]:
    """Return the quotas whose GPU hours are used up, of those that hold for some people."""
    if all(quota.gpu_hours is None for quota in quotas.values()):
        return frozenset()
    about = {(q.kind, q.name): q for owner in owners for q in held(quotas, *owner)}
    hours = GpuHours(db, now())
    return frozenset(
        key
        for key, quota in about.items()
        if quota.gpu_hours is not None and hours.of(quota) >= quota.gpu_hours
    )
