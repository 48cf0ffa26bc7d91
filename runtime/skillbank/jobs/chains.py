"""Chains: actions that run one after another, and going on with one that was broken off."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from skillbank.errors import NotFoundError, StateError
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.retries import attempts, newest_attempt
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan

__all__ = ["Step", "run_of", "steps", "steps_before"]


@dataclass(frozen=True)
class Step:
    """One plan of a chain, and the job that has run it or runs it; None when it is to be started."""

    plan: Plan
    job: JobRecord | None


def steps(store: JobStore, job: str) -> list[Step]:
    """Return the steps of the chain that a job belongs to, with what is there of each.

    A step that is complete, or still runs, counts if its parents are the jobs that count for the steps before
    it. A job that is no part of a chain is a chain of one.
    """
    *_, first = attempts(store.get(job), store.get)
    chain = first.chain or (first.plan_id,)
    found: list[Step] = []
    chosen: dict[str, JobRecord] = {}
    for plan_id in chain:
        try:
            plan = store.get_plan(plan_id)
        except NotFoundError:
            if plan_id != first.plan_id:
                raise
            plan = Plan.from_document(first.plan)
        needed = {chosen[ref.plan].id for ref in plan.parents if ref.plan in chosen}
        record = _standing(store, plan_id, first.chain)
        absent = any(ref.plan is not None and ref.plan not in chosen for ref in plan.parents)
        if record is not None and not absent and needed <= set(record.parents):
            chosen[plan_id] = record
        found.append(Step(plan, chosen.get(plan_id)))
    if all(step.job is not None and step.job.state is JobState.COMPLETE for step in found):
        raise StateError(f"every step of {first.id} is complete; there is nothing to resume")
    return found


def steps_before(store: JobStore, plan: Plan) -> list[Plan]:
    """Return the plans that a plan of a chain builds on and that have not run, as far as they are known."""
    found: list[Plan] = []
    waiting = [plan]
    while waiting:
        for ref in waiting.pop().parents:
            if ref.plan is None or store.list(plan_id=ref.plan, state=JobState.COMPLETE, limit=1):
                continue
            with suppress(NotFoundError):
                found.append(store.get_plan(ref.plan))
                waiting.append(found[-1])
    return found


def run_of(store: JobStore, plan_id: str) -> JobRecord | None:
    """Return the job that stands for an earlier plan: the newest that is complete, else the newest."""
    first = (r for r in store.list(plan_id=plan_id, trials=False) if r.retry_of is None)
    runs = [newest_attempt(record, store.by_key) for record in first]
    return next((r for r in runs if r.state is JobState.COMPLETE), runs[0] if runs else None)


def _standing(store: JobStore, plan_id: str, chain: tuple[str, ...]) -> JobRecord | None:
    """Return the newest attempt at a step, if it is complete or under way."""
    first = next((r for r in store.list(plan_id=plan_id) if r.chain == chain and r.retry_of is None), None)
    last = first and newest_attempt(first, store.by_key)
    return None if last is None or last.state in (JobState.ERROR, JobState.CANCELED) else last
