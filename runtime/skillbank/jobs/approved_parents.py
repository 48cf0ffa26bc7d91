"""Parents of an approval: the jobs whose models a launch takes and that its plan does not name by their ids.

A plan of a chain names an earlier plan where the job of that is not there yet. Which job stands for it is
said at the launch, so it is approved with it: by the job's id where it is there, else by ``plan:`` and the
plan's id, which is any job that ran that plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from skillbank.errors import a_few
from skillbank.jobs.record import JobRecord
from skillbank.jobs.retries import attempts
from skillbank.plan.model import Plan

__all__ = ["PLAN", "beyond_plan", "meant_parents", "other_parents", "stands_for"]

PLAN = "plan:"
"""Before the id of a plan whose job is not there yet."""


def beyond_plan(plan: Plan, parents: Sequence[str]) -> tuple[str, ...]:
    """Return those jobs of a launch that the plan itself does not name."""
    named = {ref.job for ref in plan.parents}
    return tuple(dict.fromkeys(job for job in parents if job not in named))


def meant_parents(plan: Plan, jobs: Mapping[str, str]) -> tuple[str, ...]:
    """Return what stands for the earlier plans of a plan.

    Parameters
    ----------
    jobs
        Ids of the jobs that are there, by plan.
    """
    return tuple(jobs.get(ref.plan, PLAN + ref.plan) for ref in plan.parents if ref.plan is not None)


def other_parents(approved: Sequence[str], now: Sequence[str]) -> str:
    """Say how the parents of a launch differ from those of its approval; empty where they do not.

    What was approved before its parent had run is approved for any job of that plan.
    """
    if sorted(approved) == sorted(now) or (approved and all(job.startswith(PLAN) for job in approved)):
        return ""
    return f"{a_few(approved, 5) or 'none'}, now {a_few(now, 5) or 'none'}"


def stands_for(record: JobRecord, approved: str, look: Callable[[str], JobRecord]) -> bool:
    """Say whether a job, or an earlier attempt at it, is what was approved as a parent."""
    return any(
        each.plan_id == approved.removeprefix(PLAN) if approved.startswith(PLAN) else each.id == approved
        for each in attempts(record, look)
    )
