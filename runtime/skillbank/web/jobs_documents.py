"""The documents of ``/api/jobs`` and ``/api/experiments``, as models that also make the schema."""

from __future__ import annotations

from pydantic import BaseModel

from skillbank.automl.control import Summary
from skillbank.jobs.measured import Measured

__all__ = [
    "CheckpointDocument",
    "ComparisonDocument",
    "EpochDocument",
    "ExperimentsDocument",
    "JobDocument",
    "JobEntry",
    "JobsDocument",
    "ProgressDocument",
    "ReportDocument",
]


class _Answer(BaseModel):
    def document(self) -> dict[str, object]:
        """Return it as JSON."""
        return self.model_dump(mode="json")


class JobEntry(_Answer):
    """A job in the list of all; ``searches`` says that it is an experiment."""

    id: str
    skill: str
    action: str
    state: str
    platform: str
    created: str
    searches: bool


class JobsDocument(_Answer):
    """``GET /api/jobs``, the newest first."""

    jobs: list[JobEntry]


class ProgressDocument(_Answer):
    """How far a job is; epochs count from zero."""

    epoch: int | None
    epochs: int | None
    eta_s: float | None


class EpochDocument(_Answer):
    """What was measured after an epoch."""

    epoch: int
    values: dict[str, object]


class CheckpointDocument(_Answer):
    """A model that a job has left."""

    path: str
    best: bool
    latest: bool


class JobDocument(JobEntry):
    """``GET /api/jobs/{job}``: how a job stands, its history by epoch, what it left.

    ``report`` says whether ``/api/jobs/{job}/report`` has a page of it.
    """

    message: str
    waits: dict[str, object] | None
    ended: str | None
    failure: dict[str, object] | None
    results: str
    parents: list[str]
    approval: dict[str, object] | None
    progress: ProgressDocument
    metrics: dict[str, object]
    epochs: list[EpochDocument]
    checkpoints: list[CheckpointDocument]
    report: bool
    pictures: list[str]
    more_pictures: int


class ComparisonDocument(_Answer):
    """``GET /api/jobs/{job}/comparison``: jobs side by side; ``unlike`` says why not ``comparable``.

    ``settings`` are the values that differ, by key and job.
    """

    comparable: bool
    jobs: list[Measured]
    settings: dict[str, dict[str, object]]
    unlike: list[str]
    notes: list[str]


class ExperimentsDocument(_Answer):
    """``GET /api/experiments``, the newest first."""

    experiments: list[Summary]


class ReportDocument(_Answer):
    """``GET /api/experiments/{experiment}``: what the report of an experiment shows, as its page reads it."""

    model_config = {"extra": "allow"}
