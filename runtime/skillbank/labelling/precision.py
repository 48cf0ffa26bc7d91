"""In which arithmetic a model that labels computes: the slot of requests, without what only engines have."""

from __future__ import annotations

from skillbank.errors import UsageError, did_you_mean
from skillbank.plan.slots import slot
from skillbank.visible import one_line

__all__ = ["KINDS", "PRECISION", "checked_precision"]

PRECISION = slot("precision")
KINDS = tuple(kind for kind in PRECISION.choices if not kind.startswith("int"))
"""What can be named; a model in whole numbers is an engine that was built of one."""


def checked_precision(said: str | None) -> str:
    """Return a precision as the engine takes it; empty where none is named, and the engine chooses.

    Raises
    ------
    UsageError
        When there is no such precision.
    """
    if said is None:
        return ""
    word = said.strip().lower()
    if not word:
        raise UsageError(f"{PRECISION.way()} is empty; give it a value or leave it out.")
    if word not in KINDS:
        near = did_you_mean(word, KINDS)
        raise UsageError(
            f"{PRECISION.way()} is {one_line(said, 60)}, but it must be one of {', '.join(KINDS)}{near}."
        )
    return word
