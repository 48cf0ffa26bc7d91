"""How a label set stands: its counts, its people, and the lines of its log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["ClassCount", "Event", "PersonCount", "SetSummary"]


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a set's log.

    Attributes
    ----------
    seq
        From 1 without gaps.
    who
        A person, or ``run 3``.
    kind
        ``create``, ``classes``, ``rename``, ``threshold``, ``merge``, ``remove``, ``pictures``, ``edit``,
        ``decide``, ``accept_rest``, ``run``, ``propose``, ``undo``, ``redo``, ...
    of
        The event that an undo or redo turns around.
    body
        ``changes``: of each thing what it was ``before`` and ``after``; ``seconds``; ``kept``: what an undo
        left alone because somebody has changed it since.
    """

    seq: int
    at: datetime
    who: str
    kind: str
    picture: int | None
    of: int | None
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClassCount:
    """Boxes of a class by state; ``proposed`` are those shown, ``unseen`` were accepted with pictures."""

    number: int
    name: str
    proposed: int = 0
    candidates: int = 0
    accepted: int = 0
    edited: int = 0
    rejected: int = 0
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class PersonCount:
    """What one person has reviewed."""

    name: str
    reviewed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SetSummary:
    """How a set stands.

    Attributes
    ----------
    val
        Share of the pictures that goes to validation.
    accepted
        Pictures accepted unseen; nobody has reviewed them.
    reviewed_train, reviewed_val
        Reviewed pictures of each split.
    """

    name: str
    version: int
    created: datetime
    val: float
    notes: str
    learns: bool = False
    pictures: int = 0
    todo: int = 0
    reviewed: int = 0
    skipped: int = 0
    accepted: int = 0
    train_pictures: int = 0
    val_pictures: int = 0
    reviewed_train: int = 0
    reviewed_val: int = 0
    classes: tuple[ClassCount, ...] = ()
    people: tuple[PersonCount, ...] = ()
    boxes: Mapping[str, int] = field(default_factory=dict)
