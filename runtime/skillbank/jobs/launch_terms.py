"""What a launch says beside its plan, in one place for every door that takes it further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from skillbank.jobs.data_digest import SeenData
from skillbank.jobs.given import GivenApproval
from skillbank.jobs.record import RetryPolicy
from skillbank.storage.progress import Report

__all__ = ["LaunchTerms", "NewJob"]


class LaunchTerms(TypedDict, total=False):
    """What goes through every door unchanged; what is left out is as said in brackets."""

    parents: Sequence[str]
    """Ids of jobs that stand for the plan's parents where it names an earlier plan of a chain (none)."""
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
