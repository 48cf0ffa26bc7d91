"""The job record: one run of one plan, and the states it goes through."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


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
        """Whether the job can still change."""
        return self in (JobState.COMPLETE, JobState.ERROR, JobState.CANCELED)


class Transition(BaseModel):
    """One append-only line of a job's history."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    state: JobState
    message: str = ""


class Failure(BaseModel):
    """What went wrong, the line that shows it, and what to do."""

    model_config = ConfigDict(frozen=True)

    kind: str
    """``PROGRAM`` (never retried unchanged) or ``INFRA`` (worth a retry)."""
    name: str
    explanation: str
    evidence: str = ""
    advice: str = ""


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
    state: JobState = JobState.PENDING
    native_id: str | None = None
    launcher: str | None = None
    """Host and process that started the launch; when it is gone, nobody else will finish launching."""
    parents: tuple[str, ...] = ()
    retry_of: str | None = None
    idempotency_key: str | None = None
    bound_spec_sha256: str | None = None
    exit_code: int | None = None
    failure: Failure | None = None
    history: tuple[Transition, ...] = Field(default=())


def new_job_id(skill: str, action: str) -> str:
    """Return an id that is unique, sorts by time, and is a valid RFC 1123 label (Kubernetes, Docker).

    ``grounding-dino-train-20260102-030405-1f2e3d``: at most 63 characters of ``[a-z0-9-]``.
    """
    stem = skill.removeprefix("tao-train-").removeprefix("tao-")
    label = re.sub(r"[^a-z0-9]+", "-", f"{stem}-{action}".lower()).strip("-")[:38].strip("-") or "job"
    return f"{label}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
