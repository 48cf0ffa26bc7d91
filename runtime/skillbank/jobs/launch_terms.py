"""What a launch says beside its plan, in one place for every door that takes it further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from skillbank.errors import UsageError, did_you_mean
from skillbank.jobs.data_digest import SeenData
from skillbank.jobs.given import GivenApproval
from skillbank.jobs.record import SEARCH, RetryPolicy
from skillbank.misfits import refuse_text
from skillbank.storage.progress import Report
from skillbank.visible import one_line
from skillbank.ways import option

if TYPE_CHECKING:
    from skillbank.jobs.record import JobRecord
    from skillbank.plan.model import Plan

__all__ = ["LaunchTerms", "NewJob", "parent_ids", "refuse_unused"]


class LaunchTerms(TypedDict, total=False):
    """What goes through every door unchanged; what is left out is as said in brackets."""

    parents: Sequence[str | JobRecord]
    """Jobs that stand for the plan's parents where it names an earlier plan of a chain (none)."""
    idempotency_key: str | None
    """A launch with the key of an earlier one of the same plan is that job, and starts nothing (none)."""
    checkpoint: str
    """How a parent's model is chosen: ``auto``, ``best``, ``latest`` or an epoch (``auto``)."""
    chain: Sequence[str]
    """Ids of the plans of the chain that this is a step of (none)."""
    data: Sequence[SeenData] | None
    """What lay there when somebody approved this, see `skillbank.jobs.seen_data` (whatever lies there)."""
    resumes: str | None
    """The job that broke off at this very plan, whose newest checkpoint a training goes on from (none)."""
    approval: GivenApproval | None
    """How it was approved, see `skillbank.jobs.approval_guard`; parts of a search have its."""
    report: Report | None
    """Told how far downloads and the check of the data are (nobody)."""


class NewJob(TypedDict, total=False):
    """What the record of a new job says beside its plan; see `skillbank.jobs.record.JobRecord`."""

    chain: tuple[str, ...]
    checkpoint: str
    retry: RetryPolicy
    retry_of: str | None
    infra_retries: int
    experiment: str | None
    recommendation: int | None
    resumes: str | None
    project: str
    person: str | None


def parent_ids(parents: Sequence[str | JobRecord]) -> list[str]:
    """Return the ids of the jobs that a launch names as parents."""
    return [each if isinstance(each, str) else each.id for each in parents]


def refuse_unused(plan: Plan, terms: LaunchTerms) -> None:
    """Refuse what is said beside a plan and nothing would be made of.

    Raises
    ------
    TypeError
        Of a name that there is not, as Python does where it knows the names.
    UsageError
        Where a value says nothing, or is of what this launch has not.
    """
    known = LaunchTerms.__annotations__
    for name in terms:
        if name not in known:
            raise TypeError(f"launch has no argument '{name}'{did_you_mean(name, list(known))}")
    parents, chain = terms.get("parents", ()), terms.get("chain", ())
    refuse_text(parents, "parents")
    refuse_text(chain, "chain")
    key, checkpoint = terms.get("idempotency_key"), terms.get("checkpoint", "auto")
    if key is not None and not key.strip():
        raise UsageError("idempotency_key is empty; give it a value or leave it out.")
    if checkpoint != "auto" and not (plan.parents or parents or chain):
        raise UsageError(
            f"{option('checkpoint')} {one_line(checkpoint)} chooses a parent's model; this plan has none"
        )
    if terms.get("resumes") is not None and plan.route.name == SEARCH:
        raise UsageError("resumes is of a training that broke off; this plan is a search, so leave it out.")
