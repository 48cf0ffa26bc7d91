"""Jobs: launch, look after, stop, and read them, from any process that has the same store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from skillbank.errors import PlatformError, PluginError, SkillbankError, StateError, UsageError, sentence_of
from skillbank.jobs import uploads
from skillbank.jobs.attendance import attend
from skillbank.jobs.chains import ensure_broken_off
from skillbank.jobs.forecast import wait_of
from skillbank.jobs.launch_terms import LaunchTerms, NewJob, parent_ids, refuse_unused
from skillbank.jobs.limits import refuse_over_quota
from skillbank.jobs.metrics import Progress, StatusReader, find_status_file, read_status
from skillbank.jobs.reconciliation import Reconciliation, handle_of
from skillbank.jobs.record import SEARCH, Failure, JobRecord, JobState, RetryPolicy, new_job_id
from skillbank.jobs.retries import FollowUp, attempts, follow_up, retry_key
from skillbank.jobs.store import JobStore, key_in
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.model import Plan
from skillbank.plan.set_places import set_place
from skillbank.platforms.base import Platform
from skillbank.platforms.processes import describe_self
from skillbank.platforms.registry import get_platform
from skillbank.redact import redact, redact_stream
from skillbank.storage.progress import Report
from skillbank.team import audit
from skillbank.team.acting import acting_as, who
from skillbank.team.person import EVERYBODY
from skillbank.team.rights import Right
from skillbank.team.tokens import Tokens
from skillbank.trust.gate import Pass, admit_within
from skillbank.ways import Sentence, Voice, marked, spoken

with lazy_imports():
    from skillbank.jobs import launching, output, results, seen_data, set_files
    from skillbank.jobs import parents as parent_jobs
    from skillbank.sets import store as set_store

if TYPE_CHECKING:
    from skillbank.jobs.admission import Admitted
    from skillbank.jobs.binding import ParentModel
    from skillbank.jobs.checks import Checks
    from skillbank.jobs.data_digest import SeenData
    from skillbank.jobs.forecast import Wait
    from skillbank.jobs.results import Results
    from skillbank.jobs.trials import TrialOf

__all__ = ["Jobs"]

_FIRST_PAUSE = 0.05


class Jobs:
    """The life of jobs.

    A job is recorded first, launched second, and bound to the platform's id third. Any process may look at
    it afterwards; each look brings the record up to date with the platform.

    Parameters
    ----------
    store
        Where jobs are remembered.
    gate
        Lets a plan pass, and says what is to be known of its skill; raises when the skill is no more what it
        was when the plan was made, or nothing of its bank may run.
    platforms
        Returns a platform by name.
    """

    def __init__(
        self,
        store: JobStore,
        gate: Callable[[Plan], Admitted],
        *,
        platforms: Callable[[str], Platform] = get_platform,
    ) -> None:
        self.store = store
        self._gate = gate
        self._make_platform = platforms
        self._platforms: dict[str, Platform] = {}
        self._reconciliation = Reconciliation(store, self._recorded)

    def launch(
        self,
        plan: Plan,
        *,
        retry: RetryPolicy | None = None,
        trial: TrialOf | None = None,
        succeeds: str | None = None,
        **terms: Unpack[LaunchTerms],
    ) -> JobRecord:
        """Start a plan as a job of its own and return without waiting for its end.

        Whatever can be refused is refused before anything is recorded.

        Parameters
        ----------
        retry
            What may follow a failure; by default two more attempts after failures of the infrastructure. A
            supervisor sees to it (`look` starts one, see `skillbank.jobs.supervisor`).
        trial
            The experiment that the job belongs to.
        succeeds
            The experiment that has ended and whose trials this one takes over.
        terms
            See `skillbank.jobs.launch_terms`.

        Raises
        ------
        QuotaError
            When a quota leaves too few GPU hours or too little room; where it leaves no place, the job waits.
        SkillbankError
            For the rest see `skillbank.runtime.Runtime.launch`.
        """
        self.permit(plan.plan_id)
        if trial is None and succeeds is None:  # whose terms are those that somebody gave their search
            refuse_unused(plan, terms)
        fields = NewJob(
            chain=tuple(terms.get("chain", ())),
            checkpoint=terms.get("checkpoint", "auto"),
            retry=retry or RetryPolicy(),
            resumes=trial.resumes if trial else succeeds or terms.get("resumes"),
        )
        if trial:
            fields["experiment"], fields["recommendation"] = trial.experiment, trial.recommendation
        return self._launch(plan, terms, fields)

    def permit(self, thing: str, verb: str = "launch") -> None:
        """Go on only when who acts may start and stop jobs."""
        audit.permit(lambda: self.store.engine, Right.LAUNCH, verb, thing)

    def preflight(self, plan: Plan, earlier: Sequence[Plan] = (), report: Report | None = None) -> Checks:
        """Raise whatever can be refused of a launch beforehand; see `skillbank.jobs.launching.preflight`."""
        self.permit(plan.plan_id)
        refuse_over_quota(self.store.engine, plan, *self._whose({}))
        self._ensure_sets(plan)
        return launching.preflight(plan, self.platform(self._place(plan)), earlier, report)

    def _ensure_sets(self, plan: Plan, *, begun: bool = False) -> None:
        """See to it that the label sets of a plan lie there as it names them; see `jobs.set_files`."""
        if any(set_place(each.uri) for each in plan.inputs):
            set_files.ensure_sets(plan, lambda: set_store.SetStore(self.store.engine), begun=begun)

    @staticmethod
    def _place(plan: Plan) -> str:
        """An experiment is looked after by a platform of its own; its trials run on the one of the plan."""
        return SEARCH if plan.route.name == SEARCH else plan.platform

    def launch_again(self, record: JobRecord, following: FollowUp) -> JobRecord:
        """Start the attempt that follows a failed job; it is started once, however often this is called."""
        fields = NewJob(
            retry=record.retry,
            chain=record.chain,
            checkpoint=record.checkpoint,
            retry_of=record.id,
            infra_retries=following.infra_retries,
            experiment=record.experiment,
            recommendation=record.recommendation,
            resumes=record.resumes,
        )
        again = LaunchTerms(parents=record.parents, idempotency_key=retry_key(record), data=record.data)
        return self._launch(following.plan, again, fields)

    def _launch(self, plan: Plan, terms: LaunchTerms, fields: NewJob) -> JobRecord:
        fields["project"], fields["person"] = self._whose(fields)
        key, approved = terms.get("idempotency_key"), terms.get("data")
        parents = parent_ids(terms.get("parents", ()))
        part, resumes = _is_part(fields), fields.get("resumes")
        if not part:  # whose keys name their job already
            key = key_in(fields["project"], key)
        report = terms.get("report")
        if (earlier := self.store.by_key(key)) is not None and earlier.plan_id == plan.plan_id:
            return self.refresh(earlier.id)
        if not part:  # which was launched with its job, and waits
            refuse_over_quota(self.store.engine, plan, fields["project"], fields["person"])
        taken = [*parents, *self._gone_on_from(plan, fields)]
        approval, attempt = self.store.guard.authority(
            plan, terms.get("approval"), approved, taken, fields, self.store.get
        )
        admitted = self._admit(plan, fields.get("experiment"))
        place = self._place(plan)
        platform = self.platform(place)
        self._ensure_sets(plan, begun=part or bool(resumes) or _is_later(plan, fields))
        launching.preflight(plan, platform, report=report)
        if attempt != 0 and approval is not None and approval.seal:
            approved = approval.seen  # of a further attempt and a trial: what the seal says, not the record
        data = self._unchanged(plan, approved, fields)
        parent_records = parent_jobs.finished_parents(
            plan, [self.refresh(job) for job in parents], self.refresh
        )
        models = parent_jobs.parent_models(plan, parent_records, self.store.get, fields["checkpoint"])
        job_id = new_job_id(plan.skill.name, plan.action)
        folder, uri = launching.places(plan, job_id)
        record = self._recorded_with(
            attempt,
            JobRecord(
                id=job_id,
                created=datetime.now(UTC),
                plan_id=plan.plan_id,
                plan=plan.model_dump(mode="json"),
                admitted=admitted.admission,
                data=data,
                approval=approval,
                skill=plan.skill.name,
                action=plan.action,
                platform=place,
                results_dir=str(folder),
                results_uri=uri,
                launcher=describe_self(),
                parents=tuple(parent.id for parent in parent_records),
                idempotency_key=key,
                **fields,
            ),
        )
        if record.id != job_id:
            return self.refresh(record.id)
        if record.waits:
            return record
        return self._begin(plan, record, models, admitted, attempt, report)

    def _gone_on_from(self, plan: Plan, fields: NewJob) -> list[str]:
        """Return the job that a launch goes on from where that is approved as a parent is.

        One that broke off at the same plan is a term of the launch, and has to be just that; a further
        attempt has the terms of the first.
        """
        job = fields.get("resumes")
        if job is None:
            return []
        if fields.get("experiment") is not None or plan.route.name == SEARCH:
            return [job]
        if fields.get("retry_of") is None:
            ensure_broken_off(plan, self.refresh(job))
        return []

    def _begin(
        self,
        plan: Plan,
        record: JobRecord,
        models: Sequence[ParentModel],
        admitted: Pass,
        attempt: int | None,
        report: Report | None = None,
    ) -> JobRecord:
        """Start a job that is written down, has a place and may run."""
        platform = self.platform(record.platform)
        before = [each for each in attempts(record, self.store.get) if each.id != record.id]
        before += [self.store.get(record.resumes)] if record.resumes and not record.searches else []
        # An attempt at half the batch is of another plan, and goes on with the same training all the same.
        onward = None if record.experiment is not None else record.resumes
        same = [each for each in before if each.plan_id == plan.plan_id or each.id == onward]
        try:
            launch = launching.prepare(
                plan,
                record,
                models,
                admitted,
                broken=same,
                earlier=[uploads.results_folder(each) for each in before if each.id == record.resumes],
                bound=lambda sha256: self.store.update(record.id, bound_spec_sha256=sha256),
                note=lambda sentence: self.store.note(record.id, sentence),
                report=report,
            )
            if self.store.get(record.id).launcher != record.launcher:
                return self.refresh(record.id)  # it took so long that the start was given to somebody else
            self.store.bind(record.id, platform.submit(launch))
        except BaseException as error:
            if not self._launch_failed(record, platform, error):
                self._give_back(record, attempt)
            raise
        return self.refresh(record.id)

    # The queue

    def start_taken(self, job: str) -> None:
        """Start a job that `skillbank.jobs.queue.Queue.take` gave a place to, and have it looked after.

        One that may not run any more, since what it was launched on has changed, ends with the reason. It is
        started in the name of whose it is: files that are not there for them are not there for it.
        """
        record = self.store.get(job)
        owner = Tokens(self.store.engine).in_whose_name(record.person or "", record.project)
        with suppress(SkillbankError), acting_as(owner, "queue"):  # which its record says
            self._start_waiting(record)
        self.look(job)

    def _start_waiting(self, record: JobRecord) -> None:
        """Start a job that has waited, once it is sure that it is still what was approved."""
        plan = Plan.from_document(record.plan)
        platform = self._recorded(record.platform)
        if platform.status(handle_of(record)).found:  # by a process that has ended before it could say so
            self.refresh(record.id)
            return
        try:
            self.store.guard.confirm(record, self.store.get)
            admitted = self._admit(plan, record.experiment)
            self._ensure_sets(plan, begun=True)
            launching.preflight(plan, platform)
            fields = NewJob(retry_of=record.retry_of, experiment=record.experiment, resumes=record.resumes)
            self._unchanged(plan, record.data, fields)
            parents = parent_jobs.finished_parents(
                plan, [self.refresh(job) for job in record.parents], self.refresh
            )
            models = parent_jobs.parent_models(plan, parents, self.store.get, record.checkpoint)
        except BaseException as error:
            self._launch_failed(record, platform, error)
            raise
        self._begin(plan, record, models, admitted, None)

    def wait_of(self, record: JobRecord) -> Wait | None:
        """Say why a job waits for a place and when it is likely to start; None when it does not wait."""
        if not record.waits:
            return None
        return wait_of(self.store.engine, record)

    def _whose(self, fields: NewJob) -> tuple[str, str | None]:
        """Return the project and the person that a new job belongs to: those of the job that it is part of.

        A search that goes on from another one is of the same project, whoever lets it.
        """
        for part_of in (fields.get("retry_of"), fields.get("experiment")):
            if part_of is not None:
                record = self.store.get(part_of)
                return record.project, record.person
        person, before = who(), fields.get("resumes")
        project = person.project if before is None else self.store.get(before).project
        return project, None if person == EVERYBODY else person.name

    def _recorded_with(self, attempt: int | None, record: JobRecord) -> JobRecord:
        """Use up the approval of a job and write its record, both or neither."""
        self.store.guard.spend(record.approval, record.id, attempt)
        try:
            found = self.store.create(record)
        except BaseException:
            self.store.guard.unspend(record.approval, record.id, attempt)
            raise
        if found.id != record.id:  # somebody else has launched the same meanwhile
            self.store.guard.unspend(record.approval, record.id, attempt)
        return found

    def _give_back(self, record: JobRecord, attempt: int | None) -> None:
        """Say in a job's record that it used no approval, since nothing was started with it."""
        self.store.guard.unspend(record.approval, record.id, attempt)
        if record.approval is not None and attempt == 0:
            self.store.update(record.id, approval=None)
            said = f"nothing was started, so the approval ({record.approval.said}) is not used up"
            self.store.note(record.id, said)

    def _admit(self, plan: Plan, experiment: str | None) -> Pass:
        """Take a plan through the gate, before anything else is done for it.

        Trials and evaluations were approved and admitted with their experiment, whose skill is not read
        again.
        """
        outer = None if experiment is None else self.store.get(experiment).admitted
        if outer is not None:
            return admit_within(plan, outer)
        admitted = self._gate(plan)
        if admitted.facts is not None and experiment is None:
            self.store.save_skill(admitted.facts)
        return admitted.given

    def _unchanged(
        self, plan: Plan, approved: Sequence[SeenData] | None, fields: NewJob
    ) -> tuple[SeenData, ...]:
        """Return the data as it lies there now, which is still what was approved.

        What belongs to an experiment, or goes on from one that has ended, runs on the data of that.
        """
        now = seen_data.seen_data(plan)
        seen_data.refuse_changed(
            plan,
            approved or (),
            now,
            "it was approved" if not fields.get("retry_of") else f"job {fields['retry_of']} was started",
        )
        before = fields.get("experiment") or (fields["resumes"] if plan.route.name == SEARCH else None)
        if before is not None:
            seen_data.refuse_changed(plan, self.store.get(before).data or (), now, f"{before} was started")
        return now

    def refresh(self, job: str) -> JobRecord:
        """Bring a job's record up to date with its platform and return it."""
        return self._reconciliation.refresh(job)

    def stale(self, record: JobRecord) -> bool:
        """Say whether a record may differ from what its platform says now; much cheaper than `refresh`."""
        return self._reconciliation.stale(record)

    def look(self, job: str) -> JobRecord:
        """Bring a job's record up to date, and see to it that somebody finishes the job's work."""
        record = self.refresh(job)
        try:
            if not record.state.terminal and not record.waits:
                self._recorded(record.platform).revive(handle_of(record))
            attend(record)
        except PluginError as error:
            self.store.note(record.id, error.sentence.changed(redact))
        except OSError as error:  # a folder out of reach is this job's trouble and no other's
            self.store.note(record.id, f"nobody can look after it: {error.strerror} ({error.filename})")
        return record

    def wait(
        self,
        job: str,
        on_progress: Callable[[JobRecord, Progress], None] | None = None,
        *,
        timeout: float | None = None,
    ) -> JobRecord:
        """Wait until a job has ended; the pauses double up to the platform's own longest one."""
        start, pause = time.monotonic(), _FIRST_PAUSE
        seen: tuple[JobState, str] | None = None
        reader: StatusReader | None = None
        while True:
            record = self.refresh(job)
            if reader is None and (path := find_status_file(Path(record.results_dir), record.action)):
                reader = StatusReader(path)
            news = reader is not None and reader.poll()
            if on_progress is not None and (news or (record.state, record.last_word) != seen):
                on_progress(record, reader.progress if reader else Progress())
            seen = record.state, record.last_word
            spent = time.monotonic() - start
            if record.state.terminal or (timeout is not None and spent >= timeout):
                return record
            left = timeout - spent if timeout is not None else pause
            time.sleep(min(pause, left))
            pause = min(pause * 2, self._recorded(record.platform).poll_seconds)

    def progress(self, job: str) -> Progress:
        """Return how far a job is."""
        record = self.store.get(job)
        return read_status(Path(record.results_dir), record.action).progress

    def cancel(self, job: str) -> JobRecord:
        """Stop a job's real work; canceling twice is no error.

        Raises
        ------
        StateError
            When the job has ended by itself.
        ForbiddenError
            When who acts may not stop jobs.
        """
        self.permit(job, "cancel")
        record = self.refresh(job)
        if record.state is JobState.CANCELED:
            return record
        with self.store.engine.begin() as db:  # before it happens, since it happens elsewhere
            audit.record(db, "cancel", record.id, project=record.project, plan_id=record.plan_id)
        if record.state.terminal:
            return self._cancel_retry(record)
        if record.waits and self.store.queue.withdraw(record.id):
            return self.store.get(record.id)
        self._recorded(record.platform).cancel(handle_of(record))
        return self.refresh(record.id)

    def _cancel_retry(self, record: JobRecord) -> JobRecord:
        """Of a job that has ended nothing can be stopped but the attempt that would follow it."""
        follower = self.store.by_key(retry_key(record))
        if follower is None and record.settled is None and follow_up(record) is not None:
            self.store.update(record.id, retry=RetryPolicy(infra=0))
            self.store.note(record.id, "no further attempt: canceled")
            return self.store.get(record.id)
        instead = f"cancel {follower.id}, its next attempt" if follower else "there is nothing to cancel"
        raise StateError(f"job {record.id} has ended ({record.state}); {instead}")

    def output(self, record: JobRecord) -> Iterator[str]:
        """Yield what a job's program has printed so far, as the platform gives it."""
        return self._reconciliation.output(record)

    def logs(self, job: str, follow: bool = False, voice: Voice | None = None) -> Iterator[str]:
        """Yield a job's output in pieces, without secrets; ``follow`` goes on until the job ends.

        What is a sentence of ours (a search's story) is said in the words of a door: this process's, or
        those of ``voice``. What programs have printed stays as it is.

        Raises
        ------
        DataNotFoundError, PlatformError
            When it is gone, or nothing is known of it; see `skillbank.jobs.output`.
        """
        record = self.refresh(job)
        door = spoken() if voice is None else voice
        follow = follow and not record.state.terminal
        pieces = output.kept_output(self._recorded(record.platform).logs(handle_of(record), follow), record)
        return redact_stream(piece.said(door) if isinstance(piece, Sentence) else piece for piece in pieces)

    def results(self, job: str) -> Results:
        """Return what a job has left so far."""
        record = self.refresh(job)
        return results.read_results(record, self.store.get(record.product) if record.product else None)

    def _recorded(self, name: str) -> Platform:
        """Return the platform of a job that is there."""
        try:
            return self.platform(name)
        except UsageError as error:
            raise PluginError(f"{error.sentence.marked}; install the package that brings it again") from None

    def platform(self, name: str) -> Platform:
        """Return a platform by name, the same one each time."""
        if name not in self._platforms:
            self._platforms[name] = self._make_platform(name)
        return self._platforms[name]

    def _may_have_begun(self, record: JobRecord, platform: Platform) -> bool:
        """Say whether a platform knows of a job whose launch broke off, or cannot say."""
        try:
            return self.store.get(record.id).native_id is not None or platform.status(handle_of(record)).found
        except (SkillbankError, OSError):
            return True

    def _launch_failed(self, record: JobRecord, platform: Platform, error: BaseException) -> bool:
        """End a job whose launch broke off, and make sure that it never starts after all.

        Returns
        -------
        bool
            False when it is certain that nothing was started.
        """
        text = Sentence(sentence_of(error) or type(error).__name__).changed(redact)
        name = error.code if isinstance(error, SkillbankError) else "launch_failed"
        kind = "INFRA" if isinstance(error, PlatformError | OSError) else "PROGRAM"
        failure = Failure(kind=kind, name=name, explanation=text)
        try:
            begun = self._may_have_begun(record, platform)
            platform.cancel(handle_of(record))
        except (SkillbankError, OSError) as unsure:
            # Whether it started is not known, so nothing final is said: the next look finds out.
            said = Sentence(
                f"the launch broke off ({marked(text)}) and cannot be called off now: "
                f"{sentence_of(unsure).changed(redact).marked}"
            )
            why = failure if isinstance(error, Exception) else None
            self.store.transition(record.id, JobState.UNKNOWN, said, failure=why)
            return True
        if not isinstance(error, Exception):
            self._reconciliation.enter(record, JobState.CANCELED, "interrupted while it was being launched")
            return begun
        self._reconciliation.enter(
            record, JobState.ERROR, Sentence(f"not launched: {marked(text)}"), failure=failure
        )
        return begun


def _is_part(fields: NewJob) -> bool:
    """Whether a new job is a trial or a further attempt; see `JobRecord.is_part`."""
    return bool(fields.get("retry_of") or fields.get("experiment"))


def _is_later(plan: Plan, fields: NewJob) -> bool:
    """Whether a plan is a step of a chain that comes after the first."""
    chain = fields.get("chain") or ()
    return bool(chain) and plan.plan_id != chain[0]
