"""What quotas refuse before a job is written: what would use more GPU hours, or keep more, than is left.

Trials and further attempts are parts of what was launched already: they are not refused, but wait.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from skillbank.errors import QuotaError
from skillbank.jobs.gpu_time import GpuHours
from skillbank.jobs.likeness import Kind, Typical, typical
from skillbank.jobs.queue import standing_of
from skillbank.jobs.record import SEARCH
from skillbank.plan.model import Plan
from skillbank.sets.stored import kept_bytes, too_much
from skillbank.stored import asking, now
from skillbank.team.quota import Quota, held, way_out
from skillbank.team.quotas import read
from skillbank.team.refusals import refused
from skillbank.ways import Sentence

__all__ = ["frees", "refuse_over_quota", "use_of"]

_ENOUGH = 3
"""So many jobs like one say what it will take; fewer say too little to refuse it by that."""


def refuse_over_quota(engine: sa.Engine, plan: Plan, project: str, person: str | None) -> None:
    """Go on only when quotas leave GPU hours and room for a job of a plan.

    Raises
    ------
    QuotaError
        The sentence names the quota, what is used and wanted, who changes it, and when it frees.
    """
    if person is None:
        return
    with asking(engine) as db:
        quotas = held(read(db), project, person)
        if all(quota.gpu_hours is None and quota.bytes is None for quota in quotas):
            return
        like = None
        if plan.route.name != SEARCH:  # of a search only its trials say what they take
            like = typical(db, Kind(plan.skill.name, plan.action, plan.platform))
        like = like if like is not None and like.jobs >= _ENOUGH else None
        sentence = _too_many_hours(db, quotas, plan, like, now())
        if sentence is None:
            wanted = (like.bytes, like.said) if like else (None, "")
            sentence = too_much(db, project, person, *wanted)
    if sentence is not None:
        refused(engine, "launch", plan.plan_id, plan.plan_id)
        raise QuotaError(sentence)


def frees(quota: Quota, at: datetime) -> str:
    """Say when the GPU hours of a quota begin anew."""
    return f"the next {quota.period} begins on {quota.period.until(at):%Y-%m-%d} (UTC)"


def _too_many_hours(
    db: sa.Connection, quotas: tuple[Quota, ...], plan: Plan, like: Typical | None, at: datetime
) -> Sentence | None:
    gpus, hours = plan.resources.gpus * plan.resources.nodes, GpuHours(db, at)
    for quota in quotas:
        if quota.gpu_hours is None or not gpus:
            continue
        used, wanted = hours.of(quota), like.seconds * gpus / 3600 if like else 0.0
        if used >= quota.gpu_hours or used + wanted > quota.gpu_hours:
            more = f"wants about {wanted:.3g} more ({like.said})" if like else f"wants {gpus} GPUs"
            return Sentence(
                f"{quota.said} may use {quota.gpu_hours:g} GPU hours a {quota.period}, has used {used:.3g}, "
                f"and this {more}; {way_out(quota).marked}, and {frees(quota, at)}"
            )
    return None


def use_of(engine: sa.Engine, quota: Quota) -> dict[str, float]:
    """Return what whom a quota is about has now: places, GPU hours of this period, bytes."""
    with asking(engine) as db:
        return {
            "running": standing_of(db, {}).has(quota),
            "gpu_hours": GpuHours(db, now()).of(quota),
            "bytes": kept_bytes(db, quota),
        }
