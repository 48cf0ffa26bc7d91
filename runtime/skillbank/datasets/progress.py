"""How far work on a data set is; who shows it and how is not decided here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Progress", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """News of one piece of work; ``name`` says what is done and stays the same while it lasts."""

    name: str
    done: int
    total: int | None = None


Progress = Callable[[Step], None]
"""Called with each piece of news, never by two threads at the same time."""
