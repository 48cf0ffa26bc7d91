"""How much of a quota is used."""

from __future__ import annotations

import sqlalchemy as sa

from skillbank.jobs.gpu_time import GpuHours
from skillbank.jobs.queue import standing_of
from skillbank.sets.stored import kept_bytes
from skillbank.stored import asking, now
from skillbank.team.quota import Quota

__all__ = ["use_of"]


def use_of(engine: sa.Engine, quota: Quota) -> dict[str, float]:
    """Return what whom a quota is about has now: places, GPU hours of this period, bytes."""
    with asking(engine) as db:
        return {
            "running": standing_of(db, {}).has(quota),
            "gpu_hours": GpuHours(db, now()).of(quota),
            "bytes": kept_bytes(db, quota),
        }
