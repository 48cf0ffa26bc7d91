"""The tools that follow jobs: how they are, what they print, what they leave."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from skillbank.agent.shortening import in_tool_words, shorten
from skillbank.agent.tool import Arguments, Document, FromSkill, Result, Tool, from_skill
from skillbank.errors import UsageError
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.retries import follow_up, retry_key
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.products import leaving, trains
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.automl import control  # with the store, which a mere list of tools does not load

if TYPE_CHECKING:
    from skillbank.agent.toolbox import Toolbox
    from skillbank.jobs.comparing import Comparison
    from skillbank.jobs.metrics import Progress
    from skillbank.jobs.results import Results
    from skillbank.jobs.store import JobStore

__all__ = ["JOB_RESULTS", "JOB_STATUS", "LIST_JOBS", "JobsAnswer", "ResultsAnswer", "StatusAnswer"]

LONGEST_WAIT = 600
_MOST_METRICS = 12
_MOST_FILES = 20
_MOST_PICTURES = 5
_MOST_DIFFERENCES = 30
_MOST_JOBS = 50
_SEARCHED = 500
"""Among so many of the newest jobs those in a certain state are looked for."""


class StatusArguments(Arguments):
    """Which job, and how long to wait for its end."""

    job: str = Field(description="Job id, or 'last'")
    wait_seconds: int | None = Field(None, description=f"Wait for the end, at most {LONGEST_WAIT}")


class Trouble(Document):
    """Why a job failed: INFRA failures are worth a retry, PROGRAM failures come back if nothing changes.

    ``evidence`` is a line of the log, ``from_skill`` what the skill says of such lines.
    """

    kind: str
    name: str
    explanation: str
    evidence: str = ""
    advice: str = ""
    from_skill: FromSkill | None = None


class ProgressSummary(Document):
    """How far a job is; epochs count from one."""

    epoch: int | None = None
    epochs: int | None = None
    step: int | None = None
    steps: int | None = None
    loss: float | None = None
    eta_seconds: float | None = None
    message: str = ""


class StatusAnswer(Result):
    """How a job is. ``retried_by`` is the attempt that followed a failure, ``approved`` how it was.

    While it waits for a place, ``message`` says why, and ``starts`` when it is likely to start.
    """

    job: str
    skill: str
    action: str
    state: JobState
    platform: str
    plan_id: str
    progress: ProgressSummary | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    failure: Trouble | None = None
    message: str = ""
    starts: str | None = None
    approved: str = ""
    retried_by: str | None = None


class ResultsArguments(Arguments):
    """Which job, which of its files, and which other jobs stand beside it."""

    job: str = Field(description="Job id, 'last', 'last:train'")
    find: str | None = Field(None, description="Files with this in the path")
    beside: list[str] | None = None


class Checkpoint(Document):
    """A model that a job left."""

    path: str
    epoch: int | None = None
    best: bool = False
    latest: bool = False


class File(Document):
    """A file and its size in bytes."""

    path: str
    size: int


class Beside(Document):
    """A job among others, see `skillbank.jobs.measured.Measured`."""

    job: str
    skill: str
    action: str
    metrics: dict[str, float]
    pictures_per_second: float | None = None
    model_bytes: int | None = None
    trained_by: str | None = None
    trained_from: tuple[str, ...] = ()
    trained_on: tuple[str, ...] = ()
    measured_on: tuple[str, ...] = ()


class Compared(Document):
    """Jobs side by side; ``not_comparable`` says why numbers cannot be held against each other.

    ``settings`` and ``classes`` hold what differs by job, at most `_MOST_DIFFERENCES` each; the counts are of
    all.
    """

    jobs: tuple[Beside, ...]
    not_comparable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    settings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    setting_count: int = 0
    classes: dict[str, dict[str, float]] = Field(default_factory=dict)
    class_count: int = 0


class ResultsAnswer(Result):
    """What a job left; paths are relative to ``results``. ``lack`` says that there should be a model."""

    job: str
    state: JobState
    results: str
    approved: str = ""
    metrics: dict[str, float] = Field(default_factory=dict)
    checkpoints: tuple[Checkpoint, ...] = ()
    report: str = ""
    pictures: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    file_count: int = 0
    picture_count: int = 0
    lack: str = ""
    compared: Compared | None = None


class ListArguments(Arguments):
    """Which jobs."""

    state: Literal["PENDING", "RUNNING", "UNKNOWN", "COMPLETE", "ERROR", "CANCELED"] | None = None
    action: str | None = None
    trials_of: str | None = None
    limit: int | None = None


class JobRow(Document):
    """One job; ``platform`` automl is an experiment, ``trial`` its number in one."""

    job: str
    action: str
    trial: int | None = None
    state: JobState
    platform: str
    started: str


class JobsAnswer(Result):
    """Jobs, the newest first; ``more`` says that older ones are there, or that not all were looked at."""

    jobs: tuple[JobRow, ...] = ()
    more: bool = False


def _status(box: Toolbox, arguments: StatusArguments) -> StatusAnswer:
    jobs = box.runtime.jobs
    seconds = arguments.wait_seconds or 0
    if not 0 <= seconds <= LONGEST_WAIT:
        raise UsageError(f"wait_seconds is {seconds}, but it must be 0 to {LONGEST_WAIT}.")
    record = jobs.look(arguments.job)
    if seconds and not record.state.terminal:
        record = jobs.wait(record.id, timeout=seconds)
        record = jobs.look(record.id)
    follower = jobs.store.by_key(retry_key(record)) if record.state is JobState.ERROR else None
    progress, failure = jobs.progress(record.id), record.failure
    wait = jobs.wait_of(record)
    last = record.last_word if wait is None else wait.said
    lack = _lack(box, record)
    return StatusAnswer(
        job=record.id,
        skill=record.skill,
        action=record.action,
        state=record.state,
        platform=record.platform,
        plan_id=record.plan_id,
        progress=_progress(progress, record.state),
        metrics=_metrics(progress.metrics, record),
        failure=Trouble(
            kind=failure.kind,
            name=failure.name,
            explanation=in_tool_words(failure.explanation),
            evidence=in_tool_words(failure.evidence),
            advice=in_tool_words(failure.advice),
            from_skill=from_skill(failure.from_skill),
        )
        if failure
        else None,
        message=lack if record.state.terminal else shorten(in_tool_words(last), 300),
        starts=None if wait is None or wait.starts is None else wait.starts.isoformat(),
        approved=record.approval.said if record.approval is not None else "",
        retried_by=follower.id if follower else None,
        next=["job_logs with find 'error'"] if lack else list(_status_next(record, follower)),
    )


def _lack(box: Toolbox, record: JobRecord) -> str:
    """Return what a job that ended well should have left and did not."""
    leaves = record.state is JobState.COMPLETE and leaving(record.action).product != "other"
    return box.runtime.jobs.results(record.id).lack if leaves else ""


def _status_next(record: JobRecord, follower: JobRecord | None) -> Iterator[str]:
    if not record.state.terminal:
        yield "job_status with wait_seconds"
        yield "cancel_job"
    elif record.state is JobState.COMPLETE:
        yield "job_results"
        if trains(record.action):
            yield f"plan evaluate, inference or export with parent {record.id}"
    elif record.state is JobState.ERROR:
        if follower is not None:
            yield f"job_status of {follower.id}, the next attempt"
        elif record.settled is None and follow_up(record) is not None:
            yield "another attempt follows by itself; job_status again in a minute"
        else:
            yield "job_logs with find 'error'; then plan again with what was wrong changed"


def _progress(progress: Progress, state: JobState) -> ProgressSummary | None:
    if progress.epoch is None and progress.step is None and not progress.message:
        return None
    return ProgressSummary(
        epoch=None if progress.epoch is None else progress.epoch + 1,
        epochs=progress.max_epoch,
        step=progress.step,
        steps=progress.max_step,
        loss=None if progress.loss is None else _rounded(progress.loss),
        eta_seconds=None if state.terminal or progress.eta_s is None else round(progress.eta_s),
        message="" if state is JobState.COMPLETE else shorten(progress.message, 160),
    )


def _metrics(metrics: dict[str, float], record: JobRecord) -> dict[str, float]:
    """Return the metrics, that by which the job is judged first, at most `_MOST_METRICS` of them."""
    named = record.plan.get("metric")
    ordered = sorted(metrics, key=lambda name: (name != named, "mAP" not in name))
    return {name: _rounded(metrics[name]) for name in ordered[:_MOST_METRICS]}


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _results(box: Toolbox, arguments: ResultsArguments) -> ResultsAnswer:
    record = box.runtime.jobs.look(arguments.job)
    found = box.runtime.jobs.results(record.id)
    wanted = [f for f in found.files if arguments.find and arguments.find.lower() in f.path.lower()]
    return ResultsAnswer(
        job=record.id,
        state=record.state,
        results=record.results,
        approved=record.approval.said if record.approval is not None else "",
        metrics=_metrics(found.metrics, record),
        checkpoints=[
            Checkpoint(path=c.path, epoch=c.epoch, best=c.best, latest=c.latest)
            for c in found.checkpoints
            if c.taken
        ],
        report=found.report or "",
        pictures=list(found.pictures[:_MOST_PICTURES]),
        files=[File(path=f.path, size=f.size) for f in wanted[:_MOST_FILES]],
        file_count=len(found.files),
        picture_count=len(found.pictures),
        lack=found.lack,
        compared=_compared(box.runtime.compare([record.id, *arguments.beside])) if arguments.beside else None,
        next=list(_results_next(record, found, arguments.find, len(wanted))),
    )


def _compared(found: Comparison) -> Compared:
    classes = {
        f"{name} {measure}".rstrip(): {
            each.job: _rounded(value)
            for each, value in zip(found.jobs, values, strict=True)
            if value is not None
        }
        for name, measure, values in found.classes()
    }
    return Compared(
        jobs=[
            Beside(
                job=each.job,
                skill=each.skill,
                action=each.action,
                metrics={name: _rounded(each.metrics[name]) for name in each.metrics},
                pictures_per_second=each.rate,
                model_bytes=each.model_bytes,
                trained_by=each.trained_by,
                trained_from=each.trained_from,
                trained_on=each.trained_on,
                measured_on=each.measured_on,
            )
            for each in found.jobs
        ],
        not_comparable=found.unlike,
        notes=found.notes,
        settings=dict(islice(found.settings.items(), _MOST_DIFFERENCES)),
        setting_count=len(found.settings),
        classes=dict(islice(classes.items(), _MOST_DIFFERENCES)),
        class_count=len(classes),
    )


def _results_next(record: JobRecord, found: Results, find: str | None, matching: int) -> Iterator[str]:
    if not record.state.terminal:
        yield "job_status with wait_seconds: more is to come"
    if find is None and found.files:
        yield "find lists files"
    elif matching > _MOST_FILES:
        yield f"{matching - _MOST_FILES} more files match; be more exact"
    if record.state is JobState.COMPLETE and found.checkpoints:
        yield f"plan with parent {record.id}; label_image with checkpoint {record.id}"


def _list(box: Toolbox, arguments: ListArguments) -> JobsAnswer:
    jobs = box.runtime.jobs
    limit = 10 if arguments.limit is None else arguments.limit
    if not 1 <= limit <= _MOST_JOBS:
        raise UsageError(f"The limit {limit} is out of bounds; give 1 to {_MOST_JOBS}.")
    most = _SEARCHED if arguments.state else limit
    # The trials of an experiment are shown when they are asked for; otherwise it stands for them.
    of = None if arguments.trials_of is None else control.find(jobs, arguments.trials_of).id
    stored = jobs.store.list(action=arguments.action, experiment=of, limit=most + 1, trials=of is not None)
    # Each look may change a state, so that the state asked for is compared afterwards.
    looked = (jobs.look(r.id) for r in stored[:most])
    wanted = (r for r in looked if arguments.state is None or r.state == arguments.state)
    found = list(islice(wanted, limit))
    more = len(stored) > most or next(wanted, None) is not None
    return JobsAnswer(
        jobs=[
            JobRow(
                job=r.id,
                action=r.action,
                trial=r.recommendation,
                state=r.state,
                platform=r.platform,
                started=r.created.strftime("%Y-%m-%d %H:%M:%SZ"),
            )
            for r in found
        ],
        more=more,
        next=["job_status", "job_results"]
        if found
        else [*_others(jobs.store, arguments), "plan, then launch"],
    )


def _others(store: JobStore, arguments: ListArguments) -> Iterator[str]:
    """Say which actions there are jobs of, where there is none of the one that was named."""
    if arguments.action is not None:
        actions = sorted({record.action for record in store.list(limit=_SEARCHED, trials=True)})
        if arguments.action not in actions:
            known = ", ".join(actions) or "none"
            yield f"no job is of action '{one_line(arguments.action, 60)}'; there are: {known}"


JOB_STATUS = Tool(
    name="job_status",
    description="How a job is: progress, metrics, why it failed.",
    arguments=StatusArguments,
    result=StatusAnswer,
    run=_status,
)
JOB_RESULTS = Tool(
    name="job_results",
    description="What a job left: metrics, models, files; beside compares jobs.",
    arguments=ResultsArguments,
    result=ResultsAnswer,
    run=_results,
)
LIST_JOBS = Tool(
    name="list_jobs",
    description="Jobs, newest first",
    arguments=ListArguments,
    result=JobsAnswer,
    run=_list,
)
