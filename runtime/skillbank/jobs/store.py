"""The durable memory: jobs with their history, plans, and approvals, in SQLite or PostgreSQL."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from skillbank.approval_code import Lock
from skillbank.errors import JobNotFoundError, StateError, UsageError, a_few, did_you_mean
from skillbank.jobs.approval_guard import ApprovalGuard
from skillbank.jobs.approval_subjects import plan_subject, read_plan_subject
from skillbank.jobs.approvals import Approvals
from skillbank.jobs.database import (
    EVENTS,
    EXPERIMENTS,
    JOBS,
    LEASES,
    PLAN_PROJECTS,
    TRANSITIONS,
    UNWEIGHED,
)
from skillbank.jobs.gpu_time import settle
from skillbank.jobs.kept_plans import KeptPlans
from skillbank.jobs.opening import open_engine
from skillbank.jobs.queue import Queue, gpus_of, place_for
from skillbank.jobs.record import QUEUE, JobHead, JobRecord, JobState, Transition
from skillbank.jobs.rows import HEAD, changed_fields, head_of, histories, line_row, only_record, record_of
from skillbank.jobs.stored_bytes import weigh
from skillbank.platforms.processes import described_alive
from skillbank.sets.transactions import writing
from skillbank.storage.cleaning import size_of
from skillbank.stored import asking, storable
from skillbank.team import audit
from skillbank.team.acting import may, who
from skillbank.team.rights import Right
from skillbank.team.seeing import seen
from skillbank.visible import one_line
from skillbank.ways import command

__all__ = ["JobStore", "key_in"]

_BANK = JOBS.c.plan["skill"]["bank"].as_string()
_TERMINAL = [state.value for state in JobState if state.terminal]
_LONGEST_KEY = 255
_Records: TypeAlias = list[JobRecord]  # inside the class, `list` is the method


def key_in(project: str, key: str | None) -> str | None:
    """Return under which idempotency key the store has what a project launches under a key of its own."""
    if key is None or not project:
        return key
    said = f"{project}/{key}"
    return said if len(said) <= _LONGEST_KEY else f"{project}/{hashlib.sha256(key.encode()).hexdigest()}"


class JobStore(KeptPlans):
    """Jobs, plans and approvals, shared by every process that opens the same database.

    Parameters
    ----------
    url
        SQLAlchemy URL; SQLite files are opened in WAL mode with a busy timeout of 30 s.
    lock
        What is known of an approval code; by default what is found now.
    """

    def __init__(self, url: str, outbox: Path | None = None, lock: Lock | None = None) -> None:
        super().__init__(open_engine(url), outbox)
        self.guard = ApprovalGuard(Lock.read() if lock is None else lock, self._engine)
        self.approvals = Approvals(self._engine, self.guard)
        self.queue = Queue(self._engine)
        # A store that nobody closed must not leave connections to the garbage collector.
        self._finalizer = weakref.finalize(self, self._engine.dispose)

    def close(self) -> None:
        """Close every connection."""
        self._finalizer()

    def __enter__(self) -> JobStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Jobs

    def create(self, record: JobRecord) -> JobRecord:
        """Write a new job; it is on the disk when this returns.

        Returns
        -------
        JobRecord
            The record written, or the earlier one that has the same idempotency key.

        Raises
        ------
        StateError
            When the key was used for a different plan.
        """
        times = ("created", "uploaded", "settled")  # columns take them as they are
        row = record.model_dump(mode="json", exclude={"history", *times})
        row |= {name: getattr(record, name) for name in times}
        said, of_team = "created", record.person is not None
        try:
            with writing(self._engine) if of_team else self._engine.begin() as db:
                if of_team:
                    row["gpus"] = gpus_of(record)
                    if not record.state.terminal and (why := place_for(db, record)):
                        row["launcher"], said = QUEUE, why
                db.execute(JOBS.insert().values(**row))
                audit.record(
                    db,
                    "launch",
                    record.id,
                    project=record.project,
                    plan_id=record.plan_id,
                    person=record.person,
                )
                for line in record.history or (
                    Transition(at=record.created, state=record.state, message=said),
                ):
                    row_of_line = line_row(record.id, line.state, line.message, line.at)
                    db.execute(TRANSITIONS.insert().values(row_of_line))
        except IntegrityError:
            earlier = self.by_key(record.idempotency_key)
            if earlier is None:
                raise
            if earlier.plan_id != record.plan_id:
                raise StateError(
                    f"idempotency key '{record.idempotency_key}' already belongs to job {earlier.id}, "
                    "which runs another plan; use a new key for a new plan"
                ) from None
            return earlier
        return self.get(record.id)

    def has(self, job_id: str) -> bool:
        """Say whether a job of exactly this id is there for who acts."""
        with asking(self._engine) as db:
            return db.execute(self._ids().where(JOBS.c.id == job_id)).first() is not None

    def get(self, job: str, *, skill: str | None = None, bank: str | None = None) -> JobRecord:
        """Return a job by its id, a unique beginning or end of it, ``last``, or ``last:ACTION``.

        Parameters
        ----------
        skill
            Of which skill the last job is meant; of any by default. A job named by its id is just that one.
        bank
            In which bank that skill lies; two banks may have one of the same name. A job that says none fits.

        Raises
        ------
        JobNotFoundError
            When no job, or more than one, is meant.
        """
        if not job.isprintable():  # no id holds it; NUL ends a pattern of SQLite, which all ids fit
            raise JobNotFoundError(f"no job '{one_line(job, 80)}'; {command('jobs')} lists them")
        with asking(self._engine) as db:
            if job == "last" or job.startswith("last:"):
                return self._last(db, job, skill, bank)
            return self._named(db, job)

    def _last(self, db: sa.Connection, job: str, skill: str | None, bank: str | None) -> JobRecord:
        # What somebody asked for: the trials of an experiment are its own affair.
        query = self._jobs().where(JOBS.c.experiment.is_(None))
        action = job.partition(":")[2]
        if action:
            query = query.where(JOBS.c.action == action)
        if skill is not None:
            query = query.where(JOBS.c.skill == skill)
        newest = query.order_by(JOBS.c.seq.desc()).limit(1)
        of_bank = newest if bank is None else newest.where(sa.or_(bank == _BANK, _BANK.is_(None)))
        found = only_record(db, of_bank, job)
        if found is not None:
            return found
        kind = f"{action} job" if action else "job"
        of = f" of {skill}" if skill else ""
        if bank is not None and (other := db.execute(newest).mappings().first()) is not None:
            theirs = one_line((other["plan"].get("skill") or {}).get("bank"), 60)
            raise JobNotFoundError(
                f"there is no {kind}{of} of bank {one_line(bank, 60)} yet; {other['id']} is of "
                f"bank {theirs}, and its id names it all the same"
            )
        raise JobNotFoundError(f"there is no {kind}{of} yet; start one with {command('run')}")

    def _named(self, db: sa.Connection, job: str) -> JobRecord:
        found = only_record(db, self._jobs().where(JOBS.c.id == job), job)
        if found is not None:
            return found
        part = JOBS.c.id.startswith(job, autoescape=True) | JOBS.c.id.endswith(job, autoescape=True)
        # By a sum no index orders, so that the small one of the ids is gone through and not the rows.
        ids = self._ids().where(part).order_by((JOBS.c.seq + 0).desc()).limit(4)
        meant = list(db.scalars(ids)) if job else []
        if len(meant) == 1 and (found := only_record(db, self._jobs().where(JOBS.c.id == meant[0]), job)):
            return found
        if meant:
            names = ", ".join(meant[:3]) + (", ..." if len(meant) > 3 else "")
            raise JobNotFoundError(
                f"'{one_line(job, 80)}' could be several jobs ({names}); give more of the id"
            )
        known = list(db.scalars(self._ids().order_by(JOBS.c.seq.desc()).limit(200)))
        shown, near = one_line(job, 80), did_you_mean(job, known)
        raise JobNotFoundError(f"no job '{shown}'{near}; {command('jobs')} lists them")

    def list(
        self,
        *,
        state: JobState | None = None,
        action: str | None = None,
        skill: str | None = None,
        plan_id: str | None = None,
        retry_of: str | None = None,
        experiment: str | None = None,
        platform: str | None = None,
        trials: bool = True,
        limit: int | None = None,
    ) -> _Records:
        """Return jobs, newest first; ``trials=False`` leaves out those that belong to an experiment.

        Records that cannot be read are left out; `newest` names them.
        """
        query = self._jobs().order_by(JOBS.c.seq.desc()).limit(limit)
        if not trials:
            query = query.where(JOBS.c.experiment.is_(None))
        wanted = {"state": state and state.value, "action": action, "skill": skill, "plan_id": plan_id}
        wanted |= {"retry_of": retry_of, "experiment": experiment, "platform": platform}
        for name, value in wanted.items():
            if value is not None:
                query = query.where(JOBS.c[name] == value)
        return self._read(query)[0]

    def newest(self, limit: int, *, trials: bool) -> tuple[_Records, tuple[str, ...]]:
        """Return the newest jobs as `list` does, and a sentence for each of them that cannot be read."""
        query = self._jobs().order_by(JOBS.c.seq.desc()).limit(limit)
        return self._read(query if trials else query.where(JOBS.c.experiment.is_(None)))

    def heads(self, limit: int) -> Sequence[JobHead]:
        """Return the heads of the newest jobs that somebody asked for, which trials are not."""
        query = self._jobs().with_only_columns(*HEAD).where(JOBS.c.experiment.is_(None))
        with asking(self._engine) as db:
            rows = db.execute(query.order_by(JOBS.c.seq.desc()).limit(limit)).mappings().all()
        return [head_of(row) for row in rows]

    def _read(self, query: sa.Select[*tuple[object, ...]]) -> tuple[_Records, tuple[str, ...]]:
        with asking(self._engine) as db:
            try:
                rows = db.execute(query).mappings().all()
                lines = histories(db, [row["id"] for row in rows])
                return [record_of(row, lines[row["id"]]) for row in rows], ()
            except ValueError:  # one of them takes the others down with it, so each is read by itself
                records, said = [], []
                for job in list(db.scalars(query.with_only_columns(JOBS.c.id))):
                    try:
                        record = only_record(db, sa.select(JOBS).where(JOBS.c.id == job), job)
                    except StateError as error:
                        said.append(error.sentence)
                    else:
                        records += [record] if record is not None else []
                return records, tuple(said)

    def transition(self, job_id: str, state: JobState, message: str = "", **fields: object) -> bool:
        """Move a job to another state, unless it has ended or is there already.

        The check and the change are one statement, so of many processes that see a job end exactly one
        writes its end.

        Parameters
        ----------
        fields
            Other columns set together with the state, e.g. ``exit_code`` and ``failure``.

        Returns
        -------
        bool
            Whether this call changed the state.
        """
        change = (
            seen(JOBS.update(), JOBS.c.project)
            .where(JOBS.c.id == job_id, JOBS.c.state.not_in(_TERMINAL), JOBS.c.state != state.value)
            .values(state=state.value, **changed_fields(fields))
        )
        with self._engine.begin() as db:
            if db.execute(change).rowcount == 1:
                db.execute(TRANSITIONS.insert().values(line_row(job_id, state, message)))
                if state.terminal:
                    ran = state is JobState.COMPLETE or fields.get("exit_code") is not None
                    settle(db, job_id, ran=ran)
                return True
        self.get(job_id)
        return False

    def note(self, job_id: str, message: str) -> None:
        """Add a line to a job's history that changes nothing; the same words twice in a row are one line."""
        record = self.get(job_id)
        if record.history[-1].message != storable(message):
            with self._engine.begin() as db:
                db.execute(TRANSITIONS.insert().values(line_row(record.id, record.state, message)))

    def bind(self, job_id: str, native_id: str) -> None:
        """Note the platform's own id of a job."""
        self.update(job_id, native_id=native_id)

    def update(self, job_id: str, **fields: object) -> None:
        """Set fields of a job that are not its state."""
        with self._engine.begin() as db:
            change = seen(JOBS.update(), JOBS.c.project).where(JOBS.c.id == job_id)
            changed = db.execute(change.values(**changed_fields(fields))).rowcount
        if not changed:
            self.get(job_id)

    def weigh(self, record: JobRecord) -> None:
        """Keep how much a job's results hold, where a team works: after its end, and when some were removed.

        What lies on another machine cannot be seen from here, and stays as it was.
        """
        folder = Path(record.results_dir)
        elsewhere = record.launcher is not None and described_alive(record.launcher) is None
        if record.person is None or (elsewhere and not folder.is_dir()):
            return
        held = size_of(folder)
        with self._engine.begin() as db:
            weigh(db, record.id, held)

    def unweighed(self, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """Return ended jobs of a team whose results were not weighed yet: numbers above one, and ids."""
        query = sa.select(JOBS.c.seq, JOBS.c.id).where(UNWEIGHED, JOBS.c.seq > after)
        with asking(self._engine) as db:
            return [tuple(row) for row in db.execute(query.order_by(JOBS.c.seq).limit(limit))]

    def remove(self, job_id: str) -> None:
        """Forget a job that has ended, with its history and, of an experiment, its events.

        Raises
        ------
        StateError
            When it has not ended.
        ForbiddenError
            When who acts does not administer.
        """
        audit.permit(lambda: self._engine, Right.ADMINISTER, "remove", job_id)
        record = self.get(job_id)
        if not record.state.terminal:
            raise StateError(f"job {job_id} has not ended; cancel it before it is removed")
        with self._engine.begin() as db:
            audit.record(db, "remove", job_id, project=record.project, plan_id=record.plan_id)
            weigh(db, job_id, 0)
            for table, column in (
                (EVENTS, EVENTS.c.experiment),
                (LEASES, LEASES.c.experiment),
                (EXPERIMENTS, EXPERIMENTS.c.job_id),
                (TRANSITIONS, TRANSITIONS.c.job_id),
            ):
                db.execute(table.delete().where(column == job_id))
            db.execute(JOBS.delete().where(JOBS.c.id == job_id))

    def by_key(self, key: str | None) -> JobRecord | None:
        """Return the job that was made with an idempotency key, as its record has it."""
        if key is None:
            return None
        with asking(self._engine) as db:
            return only_record(db, self._jobs().where(JOBS.c.idempotency_key == key), key)

    def asked(self, key: str | None) -> JobRecord | None:
        """Return the job that was launched in the project of who acts under a key that they gave."""
        return self.by_key(key_in(who().project, key))

    def _jobs(self) -> sa.Select[*tuple[object, ...]]:
        """Return the query of all that is read of jobs: of those that are there for who acts."""
        audit.permit(lambda: self._engine, Right.LOOK, "look")
        return seen(sa.select(JOBS), JOBS.c.project)

    def _ids(self) -> sa.Select[str]:
        return self._jobs().with_only_columns(JOBS.c.id)

    # Approvals

    def approve(self, plan_id: str, by: str = "") -> str:
        """Approve one launch of a known plan, named by its id or a unique beginning of it; return the id."""
        full = self.get_plan(plan_id).plan_id
        self.approvals.grant(self.guard.give(plan_subject(full), "program", by))
        return full

    def project_of(self, subject: str) -> str:
        """Return for which project somebody approves a plan or the end of a job: that which it belongs to.

        Raises
        ------
        UsageError
            When it belongs to several, and to none of who acts.
        """
        mine = who().project
        if not may(Right.ADMINISTER):
            return mine
        kind, _, rest = subject.partition(":")
        if kind == "plan":
            plan_id = read_plan_subject(rest)[0]
            query = sa.select(PLAN_PROJECTS.c.project).where(PLAN_PROJECTS.c.plan_id == plan_id)
        elif kind == "cancel":
            query = sa.select(JOBS.c.project).where(JOBS.c.id == rest)
        else:
            return mine
        with asking(self._engine) as db:
            owners = sorted(db.scalars(query))
        if mine in owners or not owners:
            return mine
        if len(owners) > 1:
            raise UsageError(
                f"this plan is one of several projects ({a_few(owners, 5)}); somebody of the project whose "
                "launch it is has to approve it"
            )
        return str(owners[0])
