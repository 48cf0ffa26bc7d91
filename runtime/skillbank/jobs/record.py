"""The job record: one run of one plan, and the states it goes through."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from skillbank.bank.foreign import FromSkill
from skillbank.jobs.data_digest import SeenData
from skillbank.jobs.given import GivenApproval
from skillbank.trust.gate import Admission
from skillbank.ways import Told

SEARCH = "automl"
"""The route of experiments, and the platform that they live on."""
QUEUE = "queue"
"""The launcher of a job that waits until quotas leave it a place, see `skillbank.jobs.queue`."""


class JobState(StrEnum):
    """States of a job; the last three never change again."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    UNKNOWN = "UNKNOWN"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    CANCELED = "CANCELED"

    @property
    def terminal(self) -> bool:
        """Whether the job has ended."""
        return self in (JobState.COMPLETE, JobState.ERROR, JobState.CANCELED)


class Transition(BaseModel):
    """One append-only line of a job's history."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    state: JobState
    message: Told = ""


class Failure(BaseModel):
    """What went wrong, the line that shows it, and what to do."""

    model_config = ConfigDict(frozen=True)

    kind: str
    """``PROGRAM`` (never retried unchanged) or ``INFRA`` (worth a retry)."""
    name: str
    explanation: Told
    evidence: Told = ""
    advice: Told = ""
    from_skill: FromSkill | None = Field(default=None, exclude_if=lambda value: value is None)
    """What the skill's own pattern says of it; the rest is ours."""


class RetryPolicy(BaseModel):
    """What may follow a failure without anybody being asked.

    ``infra`` is how often, in all, an INFRA failure is followed by another attempt. ``batch_key`` is the spec
    key that is halved after a CUDA out of memory; None stops there.
    """

    model_config = ConfigDict(frozen=True)

    infra: int = Field(default=2, ge=0)
    batch_key: str | None = None


@dataclass(frozen=True, slots=True)
class JobHead:
    """What a list shows of a job; its plan and its history, which are long, are not read for it."""

    id: str
    created: datetime
    skill: str
    action: str
    platform: str
    state: JobState

    @property
    def searches(self) -> bool:
        """Whether the job is an experiment, which looks after its trials itself."""
        return self.platform == SEARCH


class JobRecord(BaseModel):
    """One run of a plan, written before anything is launched."""

    model_config = ConfigDict(frozen=True)

    id: str
    created: datetime
    plan_id: str
    plan: dict[str, Any]
    skill: str
    action: str
    platform: str
    results_dir: str
    """The folder on this machine where the job writes."""
    results_uri: str | None = None
    """Where the results are brought to, when that is not the folder itself."""
    state: JobState = JobState.PENDING
    native_id: str | None = None
    launcher: str | None = None
    """Host and process that started the launch; when it is gone, nobody else will finish launching. `QUEUE`
    while the job waits for a place."""
    parents: tuple[str, ...] = ()
    checkpoint: str = "auto"
    """How the parent's model was chosen."""
    chain: tuple[str, ...] = ()
    """The plans of the chain that the job belongs to, in their order."""
    retry: RetryPolicy = RetryPolicy(infra=0)
    retry_of: str | None = None
    infra_retries: int = 0
    """How many attempts before this one ended by an INFRA failure."""
    experiment: str | None = None
    """The AutoML experiment that the job is a trial of."""
    recommendation: int | None = None
    """Which recommendation of the experiment the job tries."""
    resumes: str | None = None
    """The job whose newest checkpoint a first start goes on from; the experiment that one succeeds."""
    product: str | None = None
    """The job whose model and structure stand for this one's: the best trial of an experiment."""
    idempotency_key: str | None = None
    bound_spec_sha256: str | None = None
    exit_code: int | None = None
    failure: Failure | None = None
    uploaded: datetime | None = None
    """When all results had arrived at ``results_uri``."""
    admitted: Admission | None = None
    """What the gate let pass, see `Admission`; None for a job from before there was one."""
    data: tuple[SeenData, ...] | None = None
    """What lay there when the job was started; None for a job from before that was kept."""
    approval: GivenApproval | None = None
    """How it was approved, a part of a search with that; None for a job from before that was kept."""
    project: str = Field(default="", exclude_if=lambda value: not value)
    """To which it belongs: that of who launched it, "" being the home's own."""
    person: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """Who launched it, where a team works here."""
    settled: datetime | None = None
    """When everything that follows a job's end was done: results brought away, another attempt started."""
    history: tuple[Transition, ...] = Field(default=())

    @property
    def searches(self) -> bool:
        """Whether the job is an experiment, which looks after its trials itself."""
        return self.platform == SEARCH

    @property
    def is_part(self) -> bool:
        """Whether the job is a trial or a further attempt: started by what goes on with another job."""
        return self.experiment is not None or self.retry_of is not None

    @property
    def waits(self) -> bool:
        """Whether the job has no place yet, so that nothing of it has been started."""
        return self.launcher == QUEUE and not self.state.terminal

    @property
    def last_word(self) -> str:
        """The newest line of its history."""
        return self.history[-1].message if self.history else ""

    @property
    def results(self) -> str:
        """Where a person finds the results."""
        return self.results_uri or self.results_dir


def new_job_id(skill: str, action: str) -> str:
    """Return an id that is unique, sorts by time, and is a valid RFC 1123 label (Kubernetes, Docker).

    ``painter-train-20260102-030405-1f2e3d``: at most 63 characters of ``[a-z0-9-]``.
    """
    stem = skill.removeprefix("tao-train-").removeprefix("tao-")
    label = re.sub(r"[^a-z0-9]+", "-", f"{stem}-{action}".lower()).strip("-")[:38].strip("-") or "job"
    return f"{label}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
