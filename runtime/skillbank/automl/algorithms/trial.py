"""What passes between an algorithm and its caller: recommendations, outcomes, and the trials of both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Outcome", "Recommendation", "Slot", "Trial"]


@dataclass(frozen=True)
class Recommendation:
    """One trial to run.

    Attributes
    ----------
    number
        Counts from 0; 0 is the default configuration.
    values
        Flat, by dotted key: what differs from the plan's spec.
    epochs
        Train up to this many epochs in all (those of `resume_from` included); None leaves it to the spec.
    resume_from
        Number of the earlier recommendation whose checkpoint this one goes on from.
    note
        Where it comes from, for people.
    """

    number: int
    values: dict[str, Any]
    epochs: int | None = None
    resume_from: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: with one value for each objective, or not at all.

    Attributes
    ----------
    values
        In the order of the settings' metrics; empty for a failed trial.
    failure
        Why it failed; None when it did not.
    """

    values: tuple[float, ...] = ()
    failure: str | None = None

    @classmethod
    def of(cls, *values: float) -> Outcome:
        """Return the outcome of a finished trial; a value that is no finite number is a failure."""
        if not values or not all(math.isfinite(v) for v in values):
            return cls(failure=f"its metric is {', '.join(map(str, values)) or 'missing'}")
        return cls(values=tuple(float(v) for v in values))

    @classmethod
    def failed(cls, reason: str) -> Outcome:
        """Return the outcome of a trial that gave no value."""
        return cls(failure=reason or "it failed")

    @property
    def is_failure(self) -> bool:
        """Whether there is no value."""
        return self.failure is not None


@dataclass
class Trial:
    """A recommendation with what has come back of it so far.

    Attributes
    ----------
    losses
        The objectives turned so that less is better; None while it runs and after a failure.
    curve
        First objective by epoch, turned the same way.
    """

    asked: Recommendation
    outcome: Outcome | None = None
    losses: tuple[float, ...] | None = None
    curve: dict[int, float] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The recommendation's number."""
        return self.asked.number

    @property
    def is_running(self) -> bool:
        """Whether nothing has been told yet."""
        return self.outcome is None


@dataclass(frozen=True)
class Slot:
    """The next place to fill: everything about a trial but, perhaps, its values.

    Attributes
    ----------
    values
        None asks the algorithm to suggest some.
    role
        What the algorithm wants to remember about it, e.g. bracket and rung.
    """

    epochs: int | None = None
    resume_from: int | None = None
    values: Mapping[str, object] | None = None
    role: tuple[int, ...] = ()
    note: str = ""
