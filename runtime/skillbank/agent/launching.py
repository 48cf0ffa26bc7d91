"""The tools that start and stop work, each bound to what a person has approved."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from skillbank.agent.approval import Approval
from skillbank.agent.tool import Arguments, Result, Tool
from skillbank.errors import ParentError, QuestionsError, StateError, UsageError, a_few
from skillbank.jobs.attendance import work_left
from skillbank.jobs.parents import finished_parents
from skillbank.jobs.record import SEARCH, JobRecord, JobState
from skillbank.plan.model import InputBinding, Plan
from skillbank.visible import named, one_line

if TYPE_CHECKING:
    from skillbank.agent.toolbox import Toolbox
    from skillbank.jobs.store import JobStore

__all__ = [
    "CANCEL_JOB",
    "LAUNCH",
    "CancelAnswer",
    "LaunchAnswer",
    "cancel_approval",
    "job_key",
    "launch_approval",
    "trials",
]

_KEY_PREFIX = "agent:"
"""Keys of agents are apart from those that skillbank itself gives to retries."""
_LONGEST_KEY = 200
_MOST_RETRIES = 10
"""Whoever approves a plan is not asked about its further attempts."""
_TERMS = {
    "checkpoint": "from the parent's checkpoint {}",
    "retries": "with up to {} further attempts",
    "on_oom": "on out of memory: {}",
}


class LaunchArguments(Arguments):
    """What to start: a plan that the store holds, exactly as it was shown."""

    plan_id: str
    idempotency_key: str | None = Field(
        None, description="Any text; the same text again returns the same job"
    )
    checkpoint: str | None = Field(None, description="Parent's model: best, latest or an epoch")
    retries: int | None = Field(None, description="Attempts after infrastructure failures, default 2")
    on_oom: Literal["stop", "reduce-batch"] | None = None


class LaunchAnswer(Result):
    """The job that was started, or the one that was there; it goes on by itself."""

    job: str
    plan_id: str
    action: str
    state: JobState
    results: str
    repeated: bool = False


class CancelArguments(Arguments):
    """Which job."""

    job: str


class CancelAnswer(Result):
    """The job after its work was stopped."""

    job: str
    state: JobState


def launch_approval(plan: Plan, terms: Mapping[str, str] | None = None) -> Approval:
    """Return what a person is asked before a plan is started, on these terms (see `launch_terms`)."""
    from skillbank.jobs.approvals import plan_subject  # needs SQLAlchemy, which a list of tools does not

    return Approval(plan_subject(plan.plan_id, terms), _question(plan, terms or {}))


def cancel_approval(record: JobRecord) -> Approval:
    """Return what a person is asked before a job is stopped."""
    said = f"Stop job {record.id} ({one_line(record.action, 40)}, {record.state})? Its work so far is kept."
    return Approval(f"cancel:{record.id}", said)


def _launch(box: Toolbox, arguments: LaunchArguments) -> LaunchAnswer:
    from skillbank.jobs.approvals import launch_terms

    store = box.runtime.jobs.store
    if arguments.retries is not None and not 0 <= arguments.retries <= _MOST_RETRIES:
        raise UsageError(f"retries is {arguments.retries}, but it must be 0 to {_MOST_RETRIES}.")
    plan = store.get_plan(arguments.plan_id)
    if arguments.checkpoint not in (None, "auto") and not plan.parents:
        raise UsageError(
            f"checkpoint {one_line(arguments.checkpoint)} chooses a parent's model; this plan has none"
        )
    key = job_key(arguments.idempotency_key)
    with box.alone(key):
        if (earlier := store.by_key(key)) is not None:
            if earlier.plan_id != plan.plan_id:
                raise StateError(
                    f"idempotency_key '{one_line(arguments.idempotency_key)}' already belongs to job "
                    f"{earlier.id}, which runs another plan; use a new key for a new plan"
                )
            return _launched(box.runtime.jobs.look(earlier.id), repeated=True)
        _refuse_questions(plan)
        terms = launch_terms(
            checkpoint=arguments.checkpoint, retries=arguments.retries, on_oom=arguments.on_oom
        )
        parents = list(_parents(store, plan))
        with box.approved(
            "launch",
            launch_approval(plan, terms),
            before=lambda: _check(box, plan, parents),
            came_about=lambda: store.by_key(key) is not None,
        ):
            record = box.runtime.launch(
                plan,
                parents=parents,
                idempotency_key=key,
                checkpoint=arguments.checkpoint or "auto",
                retries=2 if arguments.retries is None else arguments.retries,
                on_oom=arguments.on_oom or "stop",
            )
        return _launched(box.runtime.jobs.look(record.id))


def _launched(record: JobRecord, repeated: bool = False) -> LaunchAnswer:
    return LaunchAnswer(
        job=record.id,
        plan_id=record.plan_id,
        action=record.action,
        state=record.state,
        results=record.results,
        repeated=repeated,
        next=["job_status with wait_seconds", "job_logs", "cancel_job"],
    )


def job_key(given: str | None) -> str:
    """Return under which key the store has the job that an agent launches with this one, or with none."""
    if given is None:
        return _KEY_PREFIX + secrets.token_hex(16)
    if not given.strip() or len(given) > _LONGEST_KEY or "\0" in given:
        raise UsageError(f"idempotency_key must be a text of 1 to {_LONGEST_KEY} characters, or null.")
    return _KEY_PREFIX + given


def _refuse_questions(plan: Plan) -> None:
    if plan.questions:
        listed = "; ".join(f"{named(q.key)}: {q.why}" for q in plan.questions)
        raise QuestionsError(f"The plan has open questions and cannot be launched. {listed}")


def _parents(store: JobStore, plan: Plan) -> Iterator[str]:
    """Yield the job of each earlier plan of a chain: the newest complete one, else the newest."""
    for ref in plan.parents:
        if ref.plan is None:
            continue
        runs = [
            _last_attempt(store, r) for r in store.list(plan_id=ref.plan, trials=False) if r.retry_of is None
        ]
        if not runs:
            raise ParentError(
                f"This plan goes on from plan {ref.plan[:12]} ({ref.action}), which has not been launched; "
                "launch that one first"
            )
        yield next((r for r in runs if r.state is JobState.COMPLETE), runs[0]).id


def _last_attempt(store: JobStore, record: JobRecord) -> JobRecord:
    while later := store.list(retry_of=record.id, limit=1):
        record = later[0]
    return record


def _check(box: Toolbox, plan: Plan, parents: Sequence[str]) -> None:
    """Refuse what cannot run before anybody is asked about it."""
    jobs = box.runtime.jobs
    box.runtime.skill_of(plan)
    jobs.preflight(plan)
    finished_parents(plan, [jobs.refresh(job) for job in parents], jobs.refresh)


def _question(plan: Plan, terms: Mapping[str, str]) -> str:
    """Say what starting a plan means; what comes from skills and requests is one line and short."""
    what = f"{one_line(plan.action, 40)} of {one_line(plan.skill.name, 60)}"
    if plan.route.name == SEARCH:
        what = f"an AutoML search of up to {trials(plan)} trials over {what}"
    where = plan.platform
    if plan.platform != "local":
        machines = f" on {plan.resources.nodes} nodes" if plan.resources.nodes > 1 else ""
        where += f" with {plan.resources.gpus} GPUs{machines}, image {one_line(plan.image)}"
    data = list(dict.fromkeys(one_line(_folder(i), 80) for i in plan.inputs if i.runtime != "value"))
    read = f", reading {a_few(data, 3)}" if data else ""
    wrote = f", writing to {one_line(plan.results_root, 80)}" if plan.results_root else ""
    more = "".join(f", {_TERMS[name].format(value)}" for name, value in terms.items())
    return f"Start {what} on {where}{read}{wrote}{more} (plan {plan.plan_id[:12]})?"


def trials(plan: Plan) -> int | None:
    """Return how many trials a plan's search may start; None when it is no search."""
    if plan.route.name != SEARCH:
        return None
    from skillbank.automl.charter import settings_of

    return settings_of(plan).max_recommendations


def _folder(data: InputBinding) -> str:
    """Return the folder that an input lies in: the files of one data set are one place."""
    folder, slash, _ = data.uri.rpartition("/")
    whole = data.runtime == "folder" or data.on_hub or not slash
    return data.uri if whole else folder or slash


def _cancel(box: Toolbox, arguments: CancelArguments) -> CancelAnswer:
    jobs = box.runtime.jobs
    record = jobs.look(arguments.job)
    if not (record.state.terminal and not work_left(record)):
        with box.approved("cancel_job", cancel_approval(record)):
            record = jobs.cancel(record.id)
    else:
        record = jobs.cancel(record.id)
    return CancelAnswer(job=record.id, state=record.state, next=["job_results for what it left"])


LAUNCH = Tool(
    name="launch",
    description="Start a plan as a job that outlives this conversation. A person approves exactly this plan.",
    arguments=LaunchArguments,
    result=LaunchAnswer,
    run=_launch,
    read_only=False,
    idempotent=False,
    approval=True,
)
CANCEL_JOB = Tool(
    name="cancel_job",
    description="Stop a job's real work.",
    arguments=CancelArguments,
    result=CancelAnswer,
    run=_cancel,
    read_only=False,
    destructive=True,
    approval=True,
)
