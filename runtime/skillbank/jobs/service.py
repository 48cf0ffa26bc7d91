"""Jobs: launch, look after, stop, and read them, from any process that has the same store."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from skillbank.errors import (
    DataNotFoundError,
    PlatformError,
    QuestionsError,
    SkillbankError,
    StateError,
)
from skillbank.home import cache_dir, results_root
from skillbank.jobs.binding import bind, check_filled, has_token
from skillbank.jobs.environment import job_environment
from skillbank.jobs.failures import classify
from skillbank.jobs.metrics import Progress, StatusReader, find_status_file, read_status
from skillbank.jobs.parents import finished_parents, parent_models
from skillbank.jobs.record import Failure, JobRecord, JobState, new_job_id
from skillbank.jobs.results import Results, read_results
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan
from skillbank.plan.paths import get_path
from skillbank.platforms import get_platform
from skillbank.platforms.base import Handle, Launch, NativeStatus, Platform, job_dir
from skillbank.platforms.processes import describe_self, described_alive
from skillbank.redact import redact, redact_stream
from skillbank.storage.staging import locate, stage
from skillbank.storage.uri import parse_uri

__all__ = ["Jobs"]

_TAIL = 1 << 16
_FIRST_PAUSE = 0.05


class Jobs:
    """The life of jobs.

    A job is recorded first, launched second, and bound to the platform's id third. Any process may look at
    it afterwards; each look brings the record up to date with the platform.

    Parameters
    ----------
    store
        Where jobs are remembered.
    platforms
        Returns a platform by name.
    error_patterns
        Returns a skill's own error patterns for a job (see `skillbank.jobs.failures.classify`).
    """

    def __init__(
        self,
        store: JobStore,
        *,
        platforms: Callable[[str], Platform] = get_platform,
        error_patterns: Callable[[JobRecord], Sequence[Mapping[str, Any]]] | None = None,
    ) -> None:
        self.store = store
        self._make_platform = platforms
        self._platforms: dict[str, Platform] = {}
        self._error_patterns = error_patterns or (lambda _: ())

    def launch(
        self,
        plan: Plan,
        *,
        parents: Sequence[str] = (),
        idempotency_key: str | None = None,
        checkpoint: str = "auto",
        retry_of: str | None = None,
    ) -> JobRecord:
        """Start a plan as a job of its own and return without waiting for its end.

        Whatever can be refused is refused before anything is recorded.

        Parameters
        ----------
        parents
            Ids of jobs that stand for the plan's parents where it names an earlier plan of a chain.
        idempotency_key
            A launch with the key of an earlier one returns that job and starts nothing.
        checkpoint
            How a parent's model is chosen: ``auto``, ``best``, ``latest`` or an epoch.

        Raises
        ------
        QuestionsError, PlatformError, DataNotFoundError, DataError, ParentError, SpecError
            When it cannot run.
        """
        if (earlier := self.store.by_key(idempotency_key)) is not None and earlier.plan_id == plan.plan_id:
            return self.refresh(earlier.id)
        platform = self._platform(plan.platform)
        self._preflight(plan, platform)
        parent_records = finished_parents(plan, [self.refresh(job) for job in parents], self.refresh)
        models = parent_models(plan, parent_records, checkpoint)
        root = _results_root(plan)
        job_id = new_job_id(plan.skill.name, plan.action)
        record = self.store.create(
            JobRecord(
                id=job_id,
                created=datetime.now(UTC),
                plan_id=plan.plan_id,
                plan=plan.model_dump(mode="json"),
                skill=plan.skill.name,
                action=plan.action,
                platform=plan.platform,
                results_dir=str(root / job_id),
                launcher=describe_self(),
                parents=tuple(parent.id for parent in parent_records),
                retry_of=retry_of,
                idempotency_key=idempotency_key,
            )
        )
        if record.id != job_id:
            return self.refresh(record.id)
        try:
            bound = bind(plan, record, models, stage=partial(stage, cache=cache_dir()))
            self.store.update(record.id, bound_spec_sha256=bound.sha256)
            launch = Launch(
                job_id=record.id,
                argv=bound.argv,
                results_dir=Path(record.results_dir),
                job_dir=job_dir(Path(record.results_dir)),
                env=job_environment(plan.env_names),
                env_names=plan.env_names,
                plan_id=plan.plan_id,
                reads=bound.reads,
                gpu_ids=_gpu_ids(bound.spec, plan.action),
                image=plan.image,
                resources=plan.resources,
                network_arch=plan.network_arch,
            )
            self.store.bind(record.id, platform.submit(launch))
        except BaseException as error:
            self._launch_failed(record, platform, error)
            raise
        return self.refresh(record.id)

    def refresh(self, job: str) -> JobRecord:
        """Bring a job's record up to date with its platform and return it."""
        record = self.store.get(job)
        if record.state.terminal:
            return record
        # Asked first: what a launcher that is dead by now has not submitted, it never will.
        launching = record.launcher is None or described_alive(record.launcher) is not False
        platform, handle = self._platform(record.platform), _handle(record)
        try:
            native = platform.status(handle)
        except PlatformError as error:
            native = NativeStatus(JobState.UNKNOWN, str(error))
        if not native.found and record.native_id is None:
            return record if launching else self._abandoned(record, platform)
        if record.native_id is None and native.native_id is not None:
            self.store.bind(record.id, native.native_id)
        if native.state is record.state:
            return self.store.get(record.id)
        fields: dict[str, Any] = {}
        if native.state.terminal:
            fields["exit_code"] = native.exit_code
        if native.state is JobState.ERROR:
            fields["failure"] = self._explain(record, platform, native)
        self.store.transition(record.id, native.state, redact(native.message), **fields)
        if native.state.terminal:
            with contextlib.suppress(SkillbankError, OSError):
                platform.release(handle)
        return self.store.get(record.id)

    def wait(
        self,
        job: str,
        on_progress: Callable[[JobRecord, Progress], None] | None = None,
        *,
        timeout: float | None = None,
    ) -> JobRecord:
        """Wait until a job has ended; the pauses double up to the platform's own longest one.

        Parameters
        ----------
        on_progress
            Called after each change of state and each line of progress.
        timeout
            Seconds after which the record is returned as it is; the job goes on.
        """
        start, pause, seen = time.monotonic(), _FIRST_PAUSE, None
        reader: StatusReader | None = None
        while True:
            record = self.refresh(job)
            if reader is None and (path := find_status_file(Path(record.results_dir), record.action)):
                reader = StatusReader(path)
            news = reader is not None and reader.poll()
            if on_progress is not None and (news or record.state is not seen):
                on_progress(record, reader.progress if reader else Progress())
            seen = record.state
            spent = time.monotonic() - start
            if record.state.terminal or (timeout is not None and spent >= timeout):
                return record
            left = timeout - spent if timeout is not None else pause
            time.sleep(min(pause, left))
            pause = min(pause * 2, self._platform(record.platform).poll_seconds)

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
        """
        record = self.refresh(job)
        if record.state is JobState.CANCELED:
            return record
        if record.state.terminal:
            raise StateError(f"job {record.id} has ended ({record.state}); there is nothing to cancel")
        self._platform(record.platform).cancel(_handle(record))
        return self.refresh(record.id)

    def logs(self, job: str, follow: bool = False) -> Iterator[str]:
        """Yield a job's output in pieces, without secrets; ``follow`` goes on until the job ends."""
        record = self.refresh(job)
        pieces = self._platform(record.platform).logs(_handle(record), follow and not record.state.terminal)
        return redact_stream(pieces)

    def results(self, job: str) -> Results:
        """Return what a job has left so far."""
        return read_results(self.refresh(job))

    def _platform(self, name: str) -> Platform:
        if name not in self._platforms:
            self._platforms[name] = self._make_platform(name)
        return self._platforms[name]

    def _preflight(self, plan: Plan, platform: Platform) -> None:
        if plan.questions:
            open_points = "; ".join(f"{q.key} ({q.why})" for q in plan.questions)
            raise QuestionsError(f"the plan has open questions: {open_points}; answer with --set or --data")
        if problems := platform.problems(plan):
            raise PlatformError("; ".join(problems))
        check_filled(plan)
        for binding in plan.inputs:
            if binding.runtime == "value" or has_token(binding.uri):
                continue
            try:
                locate(binding)
            except DataNotFoundError:
                if not binding.optional:
                    raise

    def _launch_failed(self, record: JobRecord, platform: Platform, error: BaseException) -> None:
        """End a job whose launch broke off, and make sure that it never starts after all."""
        text = redact(str(error) or type(error).__name__)
        try:
            platform.cancel(_handle(record))
        except (SkillbankError, OSError) as unsure:
            # Whether it started is not known, so nothing final is said: the next look finds out.
            said = f"the launch broke off ({text}) and cannot be called off now: {redact(str(unsure))}"
            self.store.transition(record.id, JobState.UNKNOWN, said)
            return
        if not isinstance(error, Exception):
            self.store.transition(record.id, JobState.CANCELED, "interrupted while it was being launched")
            return
        name = error.code if isinstance(error, SkillbankError) else "launch_failed"
        kind = "INFRA" if isinstance(error, PlatformError | OSError) else "PROGRAM"
        failure = Failure(kind=kind, name=name, explanation=text)
        self.store.transition(record.id, JobState.ERROR, f"not launched: {text}", failure=failure)

    def _abandoned(self, record: JobRecord, platform: Platform) -> JobRecord:
        # A start may be under way this very moment; after this it has been stopped or never happens.
        platform.cancel(_handle(record))
        failure = Failure(
            kind="INFRA",
            name="launcher_died",
            explanation="The command that launched the job was killed before the program started.",
            advice="Run it again.",
        )
        self.store.transition(record.id, JobState.ERROR, failure.explanation, failure=failure)
        return self.store.get(record.id)

    def _explain(self, record: JobRecord, platform: Platform, native: NativeStatus) -> Failure:
        if native.infra:
            return Failure(kind="INFRA", name="lost", explanation=native.message, advice="Run it again.")
        tail = ""
        with contextlib.suppress(SkillbankError, OSError):
            for piece in platform.logs(_handle(record)):
                tail = (tail + piece)[-_TAIL:]
        reason = native.evidence or read_status(Path(record.results_dir), record.action).failure
        return classify(tail, native.exit_code, self._error_patterns(record), reason=reason)


def _handle(record: JobRecord) -> Handle:
    return Handle(record.id, record.native_id, Path(record.results_dir))


def _gpu_ids(spec: Mapping[str, Any], action: str) -> tuple[int, ...]:
    """Return the numbers of the GPUs that the spec names for its action."""
    ids = get_path(spec, f"{action}.gpu_ids")
    return tuple(i for i in ids if isinstance(i, int)) if isinstance(ids, list) else ()


def _results_root(plan: Plan) -> Path:
    if plan.results_root is None:
        return results_root()
    uri = parse_uri(plan.results_root)
    if uri.scheme != "file":
        raise PlatformError(
            f"results on {uri} are not available in this version; give --results-root a folder"
        )
    return uri.path
