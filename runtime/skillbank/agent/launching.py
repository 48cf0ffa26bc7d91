"""The tools that start and stop work, each bound to what a person has approved."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from skillbank.agent.approval import Approval
from skillbank.agent.tool import Arguments, Result, Tool
from skillbank.errors import ParentError, QuestionsError, StateError, UsageError
from skillbank.jobs.approval_subjects import launch_terms, plan_subject, refuse_other_terms
from skillbank.jobs.attendance import work_left
from skillbank.jobs.data_digest import ABSENT
from skillbank.jobs.parents import finished_parents
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.seen_data import refuse_changed
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.model import Plan
from skillbank.plan.open_points import open_points
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.jobs import chains

if TYPE_CHECKING:
    from skillbank.agent.toolbox import Toolbox
    from skillbank.jobs.store import JobStore
    from skillbank.runtime import Runtime

__all__ = [
    "CANCEL_JOB",
    "LAUNCH",
    "CancelAnswer",
    "LaunchAnswer",
    "cancel_approval",
    "job_key",
    "launch_approval",
    "used_up",
]

_KEY_PREFIX = "agent:"
"""Keys of agents are apart from those that skillbank itself gives to retries."""
_LONGEST_KEY = 200
_MOST_RETRIES = 10
"""Whoever approves a plan is not asked about its further attempts."""


class LaunchArguments(Arguments):
    """What to start: a plan that the store holds, exactly as it was shown."""

    plan_id: str
    idempotency_key: str | None = Field(None, description="Same key: the same job")
    checkpoint: str | None = Field(None, description="Parent's: best, latest or an epoch")
    retries: int | None = Field(None, description="Of infrastructure failures; default 2")
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


def launch_approval(runtime: Runtime, plan: Plan, terms: Mapping[str, str] | None = None) -> Approval:
    """Return what a person is asked before a plan is started, on these terms (see `launch_terms`).

    Raises
    ------
    TrustError
        When nothing of its bank may run: that is no question of this plan.
    SkillNotFoundError, StateError
        When its skill is not here, or has changed since.
    """
    runtime.refuse_at_gate([plan])
    data, parents = runtime.data_of(plan), chains.known_parents(runtime.jobs.store, plan)
    question = runtime.question(plan, terms, data, parents)
    return Approval(plan_subject(plan.plan_id, terms), question, data, parents)


def cancel_approval(record: JobRecord) -> Approval:
    """Return what a person is asked before a job is stopped."""
    said = f"Stop job {record.id} ({one_line(record.action, 40)}, {record.state})? Its work so far is kept."
    return Approval(f"cancel:{record.id}", said)


def _launch(box: Toolbox, arguments: LaunchArguments) -> LaunchAnswer:
    store = box.runtime.jobs.store
    if arguments.retries is not None and not 0 <= arguments.retries <= _MOST_RETRIES:
        raise UsageError(f"retries is {arguments.retries}, but it must be 0 to {_MOST_RETRIES}.")
    plan = store.get_plan(arguments.plan_id)
    if arguments.checkpoint not in (None, "auto") and not plan.parents:
        raise UsageError(
            f"checkpoint {one_line(arguments.checkpoint)} chooses a parent's model; this plan has none"
        )
    key = job_key(arguments.idempotency_key)
    said = arguments.model_dump(include={"checkpoint", "retries", "on_oom"})
    with box.alone(key):
        if (earlier := store.asked(key)) is not None:
            if earlier.plan_id != plan.plan_id:
                raise StateError(
                    f"idempotency_key '{one_line(arguments.idempotency_key)}' already belongs to job "
                    f"{earlier.id}, which runs another plan; use a new key for a new plan"
                )
            refuse_other_terms(earlier, said)
            return _launched(box.runtime.jobs.look(earlier.id), repeated=True)
        _refuse_questions(plan)
        terms = launch_terms(**said)
        parents = list(_parents(store, plan))
        approval = launch_approval(box.runtime, plan, terms)
        with box.approved(
            "launch",
            approval,
            before=lambda: _check(box, plan, parents),
            # What is not there any more is refused as that, and may come back.
            unchanged=lambda data: refuse_changed(
                plan, data, [seen for seen in approval.data if seen.digest != ABSENT], "it was approved"
            ),
            came_about=lambda: used_up(store.asked(key)),
            starts=True,
            key=key,
        ) as approved:
            record = box.runtime.launch(
                plan,
                parents=parents,
                idempotency_key=key,
                checkpoint=arguments.checkpoint or "auto",
                retries=2 if arguments.retries is None else arguments.retries,
                on_oom=arguments.on_oom or "stop",
                data=approval.data if approved.data is None else approved.data,
                approval=approved.given,
            )
        return _launched(box.runtime.jobs.look(record.id))


def used_up(record: JobRecord | None) -> bool:
    """Say whether a launch has used an approval up: its record loses one with which nothing was started."""
    return record is not None and record.approval is not None


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
        raise QuestionsError(
            f"The plan has open questions and cannot be launched. {open_points(plan.questions).marked}"
        )


def _parents(store: JobStore, plan: Plan) -> Iterator[str]:
    """Yield the job of each earlier plan of a chain: the newest complete one, else the newest."""
    for ref in plan.parents:
        if ref.plan is None:
            continue
        run = chains.run_of(store, ref.plan)
        if run is None:
            raise ParentError(
                f"This plan goes on from plan {ref.plan[:12]} ({ref.action}), which has not been launched; "
                "launch that one first"
            )
        yield run.id


def _check(box: Toolbox, plan: Plan, parents: Sequence[str]) -> None:
    """Refuse what cannot run before anybody is asked about it."""
    jobs = box.runtime.jobs
    jobs.preflight(plan)
    finished_parents(plan, [jobs.refresh(job) for job in parents], jobs.refresh)


def _cancel(box: Toolbox, arguments: CancelArguments) -> CancelAnswer:
    jobs = box.runtime.jobs
    record = jobs.look(arguments.job)
    if not (record.state.terminal and not work_left(record)):
        may = partial(jobs.permit, record.id, "cancel")
        with box.approved("cancel_job", cancel_approval(record), before=may):
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
