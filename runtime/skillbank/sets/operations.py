"""What people do to a picture of a label set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = [
    "Accept",
    "Add",
    "Change",
    "Corners",
    "Operation",
    "Reject",
    "Restore",
    "Review",
    "ReviewState",
    "Standing",
]

Corners: TypeAlias = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the upright picture."""
ReviewState: TypeAlias = Literal["todo", "reviewed", "skipped"]
"""What a person says of a picture."""
Standing: TypeAlias = Literal["todo", "reviewed", "skipped", "accepted"]
"""How a picture stands; accepted without anybody having looked at it, by what a random sample said."""


@dataclass(frozen=True, slots=True)
class Add:
    """Draw a box."""

    class_number: int
    box: Corners


@dataclass(frozen=True, slots=True)
class Change:
    """Give a box another class, other corners, or both."""

    number: int
    class_number: int | None = None
    box: Corners | None = None


@dataclass(frozen=True, slots=True)
class Accept:
    """Say that a box is right."""

    number: int


@dataclass(frozen=True, slots=True)
class Reject:
    """Say that a box is wrong, or take away one that somebody drew."""

    number: int


@dataclass(frozen=True, slots=True)
class Restore:
    """Take a decision about a box back: a proposal is one again, and what was drawn counts again."""

    number: int


@dataclass(frozen=True, slots=True)
class Review:
    """Say how the picture stands; "reviewed" accepts the shown proposals that are left."""

    state: ReviewState = "reviewed"


Operation: TypeAlias = Add | Change | Accept | Reject | Restore | Review
