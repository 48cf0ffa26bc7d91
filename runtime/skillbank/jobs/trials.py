"""A job as a part of an experiment."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TrialOf"]


@dataclass(frozen=True)
class TrialOf:
    """The experiment that a job belongs to, what it tries, and the job that it goes on from."""

    experiment: str
    recommendation: int | None = None
    resumes: str | None = None
