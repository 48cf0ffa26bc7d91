"""Where the trials of an experiment run: the place that one controller looks after, and its slots."""

from __future__ import annotations

import os

from skillbank.plan.model import Plan
from skillbank.platforms.base import Platform

__all__ = ["place_of", "slots_of"]

SHARED = "*"
"""The place of platforms on which every machine sees every job."""


def place_of(platform: Platform) -> str:
    """Return the name of the place: this machine for platforms that run on it, else one for all machines."""
    return os.uname().nodename if platform.here else SHARED


def slots_of(platform: Platform, plan: Plan, parallel: int | None) -> list[tuple[int, ...]]:
    """Return the GPUs of each slot; several slots share GPUs when more trials at once are asked for."""
    slots = platform.slots(plan)
    return slots if parallel is None else [slots[i % len(slots)] for i in range(parallel)]
