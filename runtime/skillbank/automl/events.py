"""What happened in an experiment: numbered events in the database, and the leases of those who write them.

Everything that is decided is an event before it is done. An event is written under the next number; of two
writers who know the same events one succeeds, and the other reads on before it decides anew. So any number
of controllers share an experiment without starting a trial twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NotRequired, TypedDict

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from skillbank.errors import NotFoundError
from skillbank.jobs.database import EVENTS, EXPERIMENTS, JOBS, LEASES
from skillbank.plan.kept_sentences import with_ways
from skillbank.platforms.processes import describe_self, described_alive
from skillbank.stored import asking
from skillbank.team.acting import may
from skillbank.team.rights import Right
from skillbank.team.seeing import seen
from skillbank.ways import Sentence, command

__all__ = ["Event", "EventLog", "Lease"]

LEASE_SECONDS = 60.0
"""Without a beat for this long, a controller on another machine counts as dead."""
_WAYS = "ways"


class Asked(TypedDict):
    """A recommendation that is to be tried."""

    number: int
    values: Mapping[str, object]
    epochs: int | None
    resume_from: int | None
    slot: int
    place: str
    gpu_ids: NotRequired[list[int]]
    note: NotRequired[str]


class Launched(TypedDict):
    """A job that tries a recommendation."""

    number: int
    job: str


class Reported(TypedDict):
    """Objectives of a trial after an epoch."""

    number: int
    epoch: int
    values: list[float]


class Halted(TypedDict):
    """A trial that is stopped."""

    number: int
    reason: str
    failed: NotRequired[bool]


class Told(TypedDict):
    """How a trial has ended."""

    number: int
    state: str
    scores: list[float] | None
    epoch: NotRequired[int | None]
    reason: str


class Cleaned(TypedDict):
    """Trials whose checkpoints are gone."""

    numbers: list[int]


class Evaluating(TypedDict):
    """An evaluation that begins."""

    what: str
    trial: int | None
    slot: int
    place: str


class Evaluated(TypedDict):
    """What an evaluation has measured."""

    what: str
    trial: NotRequired[int | None]
    job: NotRequired[str | None]
    metrics: dict[str, float]
    note: NotRequired[str]


class Noted(TypedDict):
    """Something that people should know."""

    text: str


class Extended(TypedDict):
    """More recommendations than a search began with."""

    recommendations: int


class Exhausted(TypedDict):
    """Why nothing more is started."""

    reason: str
    failed: NotRequired[bool]


@dataclass(frozen=True)
class Event:
    """One line of an experiment's history; ``n`` counts from 0 without a gap."""

    n: int
    at: datetime
    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)


class EventLog:
    """The events of all experiments in one database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def create(self, experiment: str, charter: Mapping[str, object]) -> None:
        """Write down what an experiment is to do; doing so again changes nothing."""
        try:
            with self._engine.begin() as db:
                db.execute(EXPERIMENTS.insert().values(job_id=experiment, charter=dict(charter)))
        except IntegrityError:
            self.charter(experiment)

    def charter(self, experiment: str) -> dict[str, object]:
        """Return what `create` was given."""
        query = sa.select(EXPERIMENTS.c.charter).where(*_of(EXPERIMENTS.c.job_id, experiment))
        with asking(self._engine) as db:
            found = db.scalar(query)
        if found is None:
            raise NotFoundError(f"'{experiment}' is not an experiment; {command('experiments')} lists them")
        return dict(found)

    def exists(self, experiment: str) -> bool:
        """Say whether an experiment was created."""
        query = sa.select(EXPERIMENTS.c.job_id).where(*_of(EXPERIMENTS.c.job_id, experiment))
        with asking(self._engine) as db:
            return db.scalar(query) is not None

    def read(self, experiment: str, after: int = -1) -> list[Event]:
        """Return the events with a number above ``after``, in order."""
        query = (
            sa.select(EVENTS)
            .where(*_of(EVENTS.c.experiment, experiment), EVENTS.c.n > after)
            .order_by(EVENTS.c.n)
        )
        with asking(self._engine) as db:
            rows = db.execute(query).mappings().all()
        return [Event(row["n"], _aware(row["at"]), row["kind"], _read(row["body"])) for row in rows]

    def append(
        self, experiment: str, known: int, news: Sequence[tuple[str, Mapping[str, object]]]
    ) -> list[Event] | None:
        """Write the next events, all or none.

        Parameters
        ----------
        known
            The number of the last event that the writer has read; -1 for none.

        Returns
        -------
        list of Event or None
            None when somebody else has written in the meantime: read on and decide anew.
        """
        now = datetime.now(UTC)
        events = [Event(known + 1 + i, now, kind, body) for i, (kind, body) in enumerate(news)]
        rows = [_row(experiment, event) for event in events]
        try:
            with self._engine.begin() as db:
                db.execute(EVENTS.insert(), rows)
        except IntegrityError:
            return None
        return events

    def begin(self, experiment: str, events: Sequence[Event]) -> None:
        """Write the events with which an experiment begins, as they are, unless it has begun."""
        rows = [_row(experiment, event) for event in events]
        with suppress(IntegrityError), self._engine.begin() as db:
            db.execute(EVENTS.insert(), rows)

    def add(self, experiment: str, kind: str, body: Mapping[str, object]) -> Event:
        """Write one event that does not depend on what else has happened, such as a wish of the user."""
        while True:
            last = sa.select(sa.func.max(EVENTS.c.n)).where(EVENTS.c.experiment == experiment)
            with asking(self._engine) as db:
                known = db.scalar(last)
            written = self.append(experiment, -1 if known is None else known, [(kind, body)])
            if written is not None:
                return written[0]


def _row(experiment: str, event: Event) -> dict[str, object]:
    """Return an event as a row: the ways of its sentences stand beside them, by name."""
    body = {name: value for name, value in event.body.items() if name != _WAYS}
    ways = {k: v.ways for k, v in body.items() if isinstance(v, Sentence) and v.offers}
    body |= {_WAYS: ways} if ways else {}
    return {"experiment": experiment, "n": event.n, "at": event.at, "kind": event.kind, "body": body}


def _read(body: Mapping[str, object]) -> Mapping[str, object]:
    return with_ways(body, body[_WAYS]) if _WAYS in body else body


class Lease:
    """The right to be *the* controller of an experiment at a place; it ends with its process.

    A place is a machine, for platforms that run jobs on the controller's own one, else all machines together.
    Two controllers at once would be no harm, only waste: see `EventLog.append`.
    """

    def __init__(self, engine: sa.Engine, experiment: str, place: str) -> None:
        self._engine, self._experiment, self.place = engine, experiment, place
        self._mine = describe_self()
        self._here = (LEASES.c.experiment == experiment) & (LEASES.c.place == place)

    def holder(self) -> str | None:
        """Return the process (``host:pid:identity``) that holds the lease now; None when nobody does."""
        with asking(self._engine) as db:
            row = db.execute(sa.select(LEASES).where(self._here)).mappings().first()
        return row["owner"] if row is not None and _holds(row) else None

    def acquire(self) -> bool:
        """Take the lease if it is free; true also when this process has it already."""
        now = datetime.now(UTC)
        with asking(self._engine) as db:
            row = db.execute(sa.select(LEASES).where(self._here)).mappings().first()
        if row is None:
            fields = {"experiment": self._experiment, "place": self.place, "owner": self._mine, "beat": now}
            try:
                with self._engine.begin() as db:
                    db.execute(LEASES.insert().values(**fields))
            except IntegrityError:
                return False
            return True
        if row["owner"] != self._mine and _holds(row):
            return False
        same = LEASES.c.owner.is_(None) if row["owner"] is None else LEASES.c.owner == row["owner"]
        take = LEASES.update().where(self._here, same, LEASES.c.beat == row["beat"])
        with self._engine.begin() as db:
            return db.execute(take.values(owner=self._mine, beat=now)).rowcount == 1

    def beat(self) -> bool:
        """Say that the holder is alive; false when the lease has gone to somebody else."""
        renew = LEASES.update().where(self._here, LEASES.c.owner == self._mine)
        with self._engine.begin() as db:
            return db.execute(renew.values(beat=datetime.now(UTC))).rowcount == 1

    def release(self) -> None:
        """Give the lease back, if it is still held."""
        free = LEASES.update().where(self._here, LEASES.c.owner == self._mine).values(owner=None)
        with self._engine.begin() as db:
            db.execute(free)

    def silent_since(self, place: str) -> datetime | None:
        """Return when the controller of another place was last heard; None when it never was."""
        query = sa.select(LEASES.c.beat).where(
            LEASES.c.experiment == self._experiment, LEASES.c.place == place
        )
        with asking(self._engine) as db:
            beat = db.scalar(query)
        return None if beat is None else _aware(beat)


def _of(column: sa.Column[object], experiment: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Return what finds the rows of an experiment, which is there for whom its job is there."""
    if may(Right.ADMINISTER):
        return (column == experiment,)
    return column == experiment, column.in_(seen(sa.select(JOBS.c.id), JOBS.c.project))


def _holds(row: sa.RowMapping) -> bool:
    if row["owner"] is None:
        return False
    alive = described_alive(row["owner"])
    if alive is not None:
        return alive
    return datetime.now(UTC) - _aware(row["beat"]) < timedelta(seconds=LEASE_SECONDS)


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value
