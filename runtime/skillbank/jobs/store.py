"""The durable memory: jobs with their history, plans, and approvals, in SQLite or PostgreSQL."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from skillbank.approval_code import Lock
from skillbank.errors import JobNotFoundError, NotFoundError, StateError, did_you_mean
from skillbank.jobs.approval_guard import ApprovalGuard
from skillbank.jobs.approval_subjects import plan_subject
from skillbank.jobs.approvals import Approvals
from skillbank.jobs.database import EVENTS, EXPERIMENTS, JOBS, LEASES, PLANS, SKILLS, TRANSITIONS
from skillbank.jobs.opening import open_engine
from skillbank.jobs.outbox import waiting
from skillbank.jobs.record import JobRecord, JobState, Transition
from skillbank.jobs.rows import changed_fields, line_row, only_record, record_of
from skillbank.jobs.skill_facts import SkillFacts
from skillbank.plan.model import Plan
from skillbank.stored import now, storable
from skillbank.visible import one_line
from skillbank.ways import Sentence, command, marked

__all__ = ["JobStore"]

_BANK = JOBS.c.plan["skill"]["bank"].as_string()
_TERMINAL = [state.value for state in JobState if state.terminal]
_Records: TypeAlias = list[JobRecord]  # inside the class, `list` is the method


class JobStore:
    """Jobs, plans and approvals, shared by every process that opens the same database.

    Parameters
    ----------
    url
        SQLAlchemy URL; SQLite files are opened in WAL mode with a busy timeout of 30 s.
    lock
        What is known of an approval code; by default what is found now.
    """

    def __init__(self, url: str, outbox: Path | None = None, lock: Lock | None = None) -> None:
        self._engine = open_engine(url)
        self._outbox = outbox
        self.guard = ApprovalGuard(Lock.read() if lock is None else lock, self._engine)
        self.approvals = Approvals(self._engine, self.guard)
        # A store that nobody closed must not leave connections to the garbage collector.
        self._finalizer = weakref.finalize(self, self._engine.dispose)

    def close(self) -> None:
        """Close every connection."""
        self._finalizer()

    @property
    def engine(self) -> sa.Engine:
        """The database, for what is kept beside the jobs: the events of experiments."""
        return self._engine

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
        try:
            with self._engine.begin() as db:
                db.execute(JOBS.insert().values(**row))
                for line in record.history or (
                    Transition(at=record.created, state=record.state, message="created"),
                ):
                    db.execute(TRANSITIONS.insert().values(job_id=record.id, **line.model_dump()))
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
        with self._engine.connect() as db:
            query = sa.select(JOBS)
            if job == "last" or job.startswith("last:"):
                # What somebody asked for: the trials of an experiment are its own affair.
                query = query.where(JOBS.c.experiment.is_(None))
                action = job.partition(":")[2]
                if action:
                    query = query.where(JOBS.c.action == action)
                if skill is not None:
                    query = query.where(JOBS.c.skill == skill)
                newest = query.order_by(JOBS.c.seq.desc()).limit(1)
                of_bank = newest if bank is None else newest.where(sa.or_(bank == _BANK, _BANK.is_(None)))
                found = only_record(db, of_bank, job)
                if found is None:
                    kind = f"{action} job" if action else "job"
                    of = f" of {skill}" if skill else ""
                    if bank is not None and (other := db.execute(newest).mappings().first()) is not None:
                        theirs = one_line((other["plan"].get("skill") or {}).get("bank"), 60)
                        raise JobNotFoundError(
                            f"there is no {kind}{of} of bank {one_line(bank, 60)} yet; {other['id']} is of "
                            f"bank {theirs}, and its id names it all the same"
                        )
                    raise JobNotFoundError(f"there is no {kind}{of} yet; start one with {command('run')}")
                return found
            found = only_record(db, query.where(JOBS.c.id == job), job)
            if found is not None:
                return found
            part = JOBS.c.id.startswith(job, autoescape=True) | JOBS.c.id.endswith(job, autoescape=True)
            ids = sa.select(JOBS.c.id).where(part).order_by(JOBS.c.seq.desc()).limit(4)
            meant = list(db.scalars(ids)) if job else []
            if len(meant) == 1 and (found := only_record(db, query.where(JOBS.c.id == meant[0]), job)):
                return found
            if meant:
                names = ", ".join(meant[:3]) + (", ..." if len(meant) > 3 else "")
                raise JobNotFoundError(f"'{job}' could be several jobs ({names}); give more of the id")
            known = list(db.scalars(sa.select(JOBS.c.id).order_by(JOBS.c.seq.desc()).limit(200)))
        raise JobNotFoundError(f"no job '{job}'{did_you_mean(job, known)}; {command('jobs')} lists them")

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

        Records that cannot be read are left out; `unreadable` names them.
        """
        query = sa.select(JOBS).order_by(JOBS.c.seq.desc()).limit(limit)
        if not trials:
            query = query.where(JOBS.c.experiment.is_(None))
        wanted = {"state": state and state.value, "action": action, "skill": skill, "plan_id": plan_id}
        wanted |= {"retry_of": retry_of, "experiment": experiment, "platform": platform}
        for name, value in wanted.items():
            if value is not None:
                query = query.where(JOBS.c[name] == value)
        with self._engine.connect() as db:
            try:
                return [record_of(db, row) for row in db.execute(query).mappings().all()]
            except ValueError:  # one of them takes the others down with it, so each is read by itself
                ids = list(db.scalars(query.with_only_columns(JOBS.c.id)))
                return list(self._readable(db, ids))

    @staticmethod
    def _readable(db: sa.Connection, ids: Sequence[str]) -> Iterator[JobRecord]:
        for job in ids:
            with suppress(StateError):
                if (record := only_record(db, sa.select(JOBS).where(JOBS.c.id == job), job)) is not None:
                    yield record

    def unreadable(self) -> tuple[str, ...]:
        """Say of each job whose record cannot be read that it cannot."""
        with self._engine.connect() as db:
            ids = list(db.scalars(sa.select(JOBS.c.id).order_by(JOBS.c.seq.desc())))
            known = {record.id for record in self.list()}
            said = []
            for job in (job for job in ids if job not in known):
                try:
                    only_record(db, sa.select(JOBS).where(JOBS.c.id == job), job)
                except StateError as error:
                    said.append(error.sentence)
        return tuple(said)

    def transition(self, job_id: str, state: JobState, message: str = "", **fields: Any) -> bool:
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
            JOBS.update()
            .where(JOBS.c.id == job_id, JOBS.c.state.not_in(_TERMINAL), JOBS.c.state != state.value)
            .values(state=state.value, **changed_fields(fields))
        )
        with self._engine.begin() as db:
            if db.execute(change).rowcount == 1:
                db.execute(TRANSITIONS.insert().values(line_row(job_id, state, message)))
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

    def update(self, job_id: str, **fields: Any) -> None:
        """Set fields of a job that are not its state."""
        with self._engine.begin() as db:
            changed = db.execute(
                JOBS.update().where(JOBS.c.id == job_id).values(**changed_fields(fields))
            ).rowcount
        if not changed:
            self.get(job_id)

    def remove(self, job_id: str) -> None:
        """Forget a job that has ended, with its history and, of an experiment, its events.

        Raises
        ------
        StateError
            When it has not ended.
        """
        if not self.get(job_id).state.terminal:
            raise StateError(f"job {job_id} has not ended; cancel it before it is removed")
        with self._engine.begin() as db:
            for table, column in (
                (EVENTS, EVENTS.c.experiment),
                (LEASES, LEASES.c.experiment),
                (EXPERIMENTS, EXPERIMENTS.c.job_id),
                (TRANSITIONS, TRANSITIONS.c.job_id),
            ):
                db.execute(table.delete().where(column == job_id))
            db.execute(JOBS.delete().where(JOBS.c.id == job_id))

    def by_key(self, key: str | None) -> JobRecord | None:
        """Return the job that was made with an idempotency key."""
        if key is None:
            return None
        with self._engine.connect() as db:
            return only_record(db, sa.select(JOBS).where(JOBS.c.idempotency_key == key), key)

    # Plans and approvals

    def save_plan(self, plan: Plan) -> str:
        """Keep a plan, so that it can be approved or run later by its id; return the id."""
        plan_id = plan.plan_id
        try:
            with self._engine.begin() as db:
                db.execute(
                    PLANS.insert().values(
                        plan_id=plan_id, created=now(), document=plan.model_dump(mode="json")
                    )
                )
        except IntegrityError:
            pass  # the same content is there already
        return plan_id

    def get_plan(self, plan_id: str) -> Plan:
        """Return a plan by its id or a unique beginning of it.

        Raises
        ------
        NotFoundError
            When no plan, or more than one, is meant.
        StateError
            When what the database holds is not what the id stands for, or cannot be read by this version.
        """
        self._take_in(plan_id)
        part = PLANS.c.plan_id.startswith(plan_id.lower(), autoescape=True)
        with self._engine.connect() as db:
            rows = db.execute(sa.select(PLANS).where(part).limit(2)).mappings().all() if plan_id else []
        if len(rows) != 1:
            problem = (
                "could be several plans; give more of the id"
                if rows
                else Sentence(f"is not known here; make it with {command('plan')}")
            )
            raise NotFoundError(f"plan '{plan_id}' {marked(problem)}")
        return Plan.from_document({**rows[0]["document"], "plan_id": rows[0]["plan_id"]})

    def _take_in(self, beginning: str) -> None:
        """Bring plans that wait in the outbox into the database; a file goes when its plan has come."""
        if self._outbox is None:
            return
        for file, plan, facts in waiting(self._outbox, beginning):
            if facts is not None:
                self.save_skill(facts)
            self.save_plan(plan)
            file.unlink(missing_ok=True)

    def save_skill(self, facts: SkillFacts) -> None:
        """Keep what plans of a skill rely on; it is known by the skill's digest, which every plan holds."""
        with suppress(IntegrityError), self._engine.begin() as db:
            document = facts.model_dump(mode="json")
            db.execute(SKILLS.insert().values(digest=facts.digest, created=now(), document=document))

    def skill(self, digest: str, plan_id: str = "") -> SkillFacts | None:
        """Return what was kept of a skill; None when nothing was.

        Parameters
        ----------
        plan_id
            A plan of that skill, which may wait in the outbox with what is to be kept.
        """
        self._take_in(plan_id)
        with self._engine.connect() as db:
            found = db.scalar(sa.select(SKILLS.c.document).where(SKILLS.c.digest == digest))
        return None if found is None else SkillFacts.model_validate(found)

    def approve(self, plan_id: str, by: str = "") -> str:
        """Approve one launch of a known plan, named by its id or a unique beginning of it; return the id."""
        full = self.get_plan(plan_id).plan_id
        self.approvals.grant(self.guard.give(plan_subject(full), "program", by))
        return full

    def consume_approval(self, plan_id: str) -> bool:
        """Use up an approval of exactly this plan; false when there is none (any more)."""
        return self.approvals.use(plan_subject(plan_id)) is not None
