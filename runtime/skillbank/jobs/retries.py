"""What follows a failed job: nothing, the same plan again, or the plan with half the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

from skillbank.jobs.record import JobRecord, JobState
from skillbank.plan.model import Override, Plan, Source
from skillbank.plan.paths import get_path, set_path

__all__ = ["FIRST_PAUSE", "FollowUp", "attempts", "follow_up", "newest_attempt", "retry_key"]

FIRST_PAUSE = 30.0
"""Seconds before the first retry of an INFRA failure; each further one waits twice as long."""


@dataclass(frozen=True)
class FollowUp:
    """Another attempt: the plan, how often INFRA failed before it, and the seconds to wait first."""

    plan: Plan
    infra_retries: int
    pause: float
    why: str


def follow_up(record: JobRecord, first_pause: float = FIRST_PAUSE) -> FollowUp | None:
    """Say what a job's own policy lets follow its end; None when that is nothing.

    A program that failed is never run unchanged again. What the command that was asked to start it never
    started is not started behind its back: whoever gave that command was told.
    """
    failure = record.failure
    if record.state is not JobState.ERROR or failure is None or record.searches:
        return None
    if record.native_id is None and record.retry_of is None:
        return None
    if failure.kind == "INFRA" and record.infra_retries < record.retry.infra:
        plan, n = Plan.from_document(record.plan), record.infra_retries
        return FollowUp(
            plan, n + 1, first_pause * 2**n, f"{failure.name}, retry {n + 1} of {record.retry.infra}"
        )
    if failure.name == "cuda_oom" and record.retry.batch_key is not None:
        plan_or_none = _half_batch(record, record.retry.batch_key)
        if plan_or_none is not None:
            size = get_path(plan_or_none.spec, record.retry.batch_key)
            return FollowUp(plan_or_none, record.infra_retries, 0.0, f"{failure.name}, batch size {size}")
    return None


def _half_batch(record: JobRecord, key: str) -> Plan | None:
    plan = Plan.from_document(record.plan)
    batch = get_path(plan.spec, key)
    if not isinstance(batch, int) or isinstance(batch, bool) or batch < 2:
        return None
    spec = deepcopy(plan.spec)
    set_path(spec, key, batch // 2)
    change = Override(
        key=key,
        value=batch // 2,
        source=Source.RETRY,
        detail=f"CUDA ran out of memory at {batch} in job {record.id}",
    )
    others = tuple(override for override in plan.overrides if override.key != key)
    return plan.model_copy(update={"spec": spec, "overrides": (*others, change)})


def retry_key(record: JobRecord) -> str:
    """Return the idempotency key of the one attempt that may follow a job."""
    return f"retry-of:{record.id}"


def attempts(record: JobRecord, look: Callable[[str], JobRecord]) -> Iterator[JobRecord]:
    """Yield a job and the attempts before it, back to the first; records that go in a circle end it."""
    yield record
    seen = {record.id}
    while record.retry_of is not None and record.retry_of not in seen:
        record = look(record.retry_of)
        seen.add(record.id)
        yield record


def newest_attempt(record: JobRecord, by_key: Callable[[str], JobRecord | None]) -> JobRecord:
    """Return the last of the attempts that have followed a job, or the job itself, as its record says.

    Parameters
    ----------
    by_key
        Returns the job of an idempotency key.
    """
    seen = {record.id}
    while (later := by_key(retry_key(record))) is not None and later.id not in seen:
        record = later
        seen.add(record.id)
    return record
