"""Who decides something in a label set, as its log takes it."""

from __future__ import annotations

from skillbank.sets.model import person_named
from skillbank.team.acting import who as who_acts
from skillbank.team.person import EVERYBODY

__all__ = ["who_decides"]


def who_decides(who: str) -> str:
    """Return the name that the log takes: that of a token where somebody acts with one, whatever is said."""
    return person_named(who if who_acts() == EVERYBODY else who_acts().name)
