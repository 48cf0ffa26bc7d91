"""Chains: actions that run one after another, and going on with one that was broken off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from skillbank.errors import NotFoundError, StateError
from skillbank.jobs.approved_parents import meant_parents
from skillbank.jobs.checkpoints import resumable
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.retries import attempts, follow_up, newest_attempt
from skillbank.jobs.store import JobStore
from skillbank.jobs.uploads import results_folder
from skillbank.plan.model import RESUME_MODEL, Plan
from skillbank.plan.paths import leaves

__all__ = [
    "Step",
    "broken_off",
    "earlier_runs",
    "ensure_broken_off",
    "first_attempt",
    "is_newest",
    "known_parents",
    "run_of",
    "steps",
    "steps_before",
    "takes_checkpoint",
]

_BROKEN_OFF = (JobState.ERROR, JobState.CANCELED)


@dataclass(frozen=True)
class Step:
    """One plan of a chain, and the job that has run it or runs it; None when it is to be started.

    Attributes
    ----------
    broken
        Where it is to be started, the newest job that broke off at it.
    resumes
        The job whose checkpoint a new start goes on from: that one, or what it had gone on from itself.
    """

    plan: Plan
    job: JobRecord | None
    broken: JobRecord | None = None
    resumes: JobRecord | None = None


def steps(store: JobStore, job: str, refresh: Callable[[str], JobRecord]) -> list[Step]:
    """Return the steps of the chain that a job belongs to, with what is there of each.

    A step that is complete, still runs, or is about to be attempted again counts if its parents are the jobs
    that count for the steps before it. A job that is no part of a chain is a chain of one.

    Parameters
    ----------
    refresh
        Brings the record of a job up to date and returns it.
    """
    first = first_attempt(store, job)
    chain = first.chain or (first.plan_id,)
    found: list[Step] = []
    chosen: dict[str, JobRecord] = {}
    for plan_id in chain:
        plan = _plan_of(store, plan_id, first)
        needed = {chosen[ref.plan].id for ref in plan.parents if ref.plan in chosen}
        last = _last_attempt(store, plan_id, first.chain)
        record = last and refresh(last.id)
        absent = any(ref.plan is not None and ref.plan not in chosen for ref in plan.parents)
        if record is None or absent or not needed <= set(record.parents):
            found.append(Step(plan, None))
        elif broken_off(record):
            broken = _named_or_newest(store, job, record)
            found.append(Step(plan, None, broken, _to_go_on_from(store, plan, broken)))
        else:
            chosen[plan_id] = record
            found.append(Step(plan, record))
    _refuse_complete(store, first, found)
    return found


def _refuse_complete(store: JobStore, first: JobRecord, found: Iterable[Step]) -> None:
    """Raise `StateError` when nothing of a chain is left to do, and say who has done it for another job."""
    runs = [step.job for step in found]
    if not all(run is not None and run.state is JobState.COMPLETE for run in runs):
        return
    same = next((run for run in runs if run is not None and run.plan_id == first.plan_id), None)
    own = same is None or any(each.id == first.id for each in _line(store, same))
    anew = "" if same is None or own else f", {same.id} having run the same plan anew"
    raise StateError(f"every step of {first.id} is complete{anew}; there is nothing to resume")


def _named_or_newest(store: JobStore, job: str, record: JobRecord) -> JobRecord:
    """Return the job that is gone on with where the newest of its plan broke off.

    That is the newest, unless a job was named whose work it has nothing of: the same plan, started anew.
    """
    named = newest_attempt(store.get(job), store.by_key)
    line = _line(store, record)
    anew = named.plan_id == record.plan_id and broken_off(named) and all(each.id != named.id for each in line)
    return named if anew else record


def _line(store: JobStore, record: JobRecord) -> Iterator[JobRecord]:
    """Yield a job, the attempts before it, and the jobs whose work these have gone on with, each once."""
    seen: set[str] = set()
    waiting = [record.id]
    while waiting:
        for each in attempts(store.get(waiting.pop()), store.get):
            if each.id not in seen:
                seen.add(each.id)
                waiting += [each.resumes] if each.resumes else []
                yield each


def _plan_of(store: JobStore, plan_id: str, first: JobRecord) -> Plan:
    """Return a plan of a chain; that of its job stands in the job's record too."""
    try:
        return store.get_plan(plan_id)
    except NotFoundError:
        if plan_id != first.plan_id:
            raise
        return Plan.from_document(first.plan)


def broken_off(record: JobRecord) -> bool:
    """Whether a job has ended before its work was done, and no further attempt is about to follow."""
    return record.state in _BROKEN_OFF and (record.settled is not None or follow_up(record) is None)


def first_attempt(store: JobStore, job: str) -> JobRecord:
    """Return the job that somebody launched, of which another may be a further attempt."""
    *_, first = attempts(store.get(job), store.get)
    return first


def is_newest(store: JobStore, record: JobRecord) -> bool:
    """Whether nobody has started, since a job, what it ran."""
    first = first_attempt(store, record.id)
    last = _last_attempt(store, first.plan_id, first.chain)
    return last is not None and last.id == record.id


def takes_checkpoint(spec: object) -> bool:
    """Whether a plan's spec has a place for the checkpoint that each start goes on from."""
    return any(value == RESUME_MODEL for _, value in leaves(spec))


def ensure_broken_off(plan: Plan, record: JobRecord) -> None:
    """Raise `StateError` unless a job ran just this plan, broke off, and left what a start goes on from."""
    if record.plan_id != plan.plan_id:
        what = "ran another plan"
    elif record.state not in _BROKEN_OFF:
        what = f"is {record.state}"
    elif not takes_checkpoint(plan.spec):
        what = "starts from its beginning each time, since its program takes no checkpoint to go on from"
    elif resumable(results_folder(record)) is None:
        what = "has no checkpoint there"
    else:
        return
    raise StateError(f"plan {plan.plan_id[:12]} cannot go on from what {record.id} has left: that job {what}")


def _to_go_on_from(store: JobStore, plan: Plan, record: JobRecord) -> JobRecord | None:
    """Return the newest job with a checkpoint, of a broken one and those that it had gone on from."""
    if not takes_checkpoint(plan.spec):
        return None
    same = (each for each in _line(store, record) if each.plan_id == plan.plan_id and not each.searches)
    return next((each for each in same if resumable(results_folder(each)) is not None), None)


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


def earlier_runs(store: JobStore, plan: Plan) -> dict[str, str]:
    """Return by plan the jobs that stand for the earlier plans of a plan, as far as they were launched."""
    earlier = [ref.plan for ref in plan.parents if ref.plan is not None]
    return {name: run.id for name in earlier if (run := run_of(store, name)) is not None}


def known_parents(store: JobStore, plan: Plan) -> tuple[str, ...]:
    """Return what stands for the earlier plans of a plan, of the jobs that there are now."""
    return meant_parents(plan, earlier_runs(store, plan))


def _last_attempt(store: JobStore, plan_id: str, chain: tuple[str, ...]) -> JobRecord | None:
    first = next((r for r in store.list(plan_id=plan_id) if r.chain == chain and r.retry_of is None), None)
    return first and newest_attempt(first, store.by_key)
