"""How much a team keeps: results of jobs, as they were weighed, and label sets, by what they hold."""

from __future__ import annotations

import sqlalchemy as sa

from skillbank.errors import QuotaError
from skillbank.sets.tables import SETS
from skillbank.stored import asking
from skillbank.team.acting import who
from skillbank.team.person import EVERYBODY
from skillbank.team.quota import Kind, Quota, held, size, way_out
from skillbank.team.quotas import read
from skillbank.team.refusals import refused
from skillbank.team.tables import SHARES
from skillbank.ways import Sentence, command

__all__ = ["kept_bytes", "refuse_to_keep", "too_much"]

_PICTURE, _BOX = 1000, 400
"""Bytes of the store for each, with its lines of the log; measured on 4,000 pictures and 1,200 boxes."""


def kept_bytes(db: sa.Connection, quota: Quota) -> int:
    """Return how much is kept of whom a quota is about: sets are a project's, and no person's."""
    results = sa.select(sa.func.coalesce(sa.func.sum(SHARES.c.bytes), 0))
    sets = sa.select(
        sa.func.coalesce(sa.func.sum(SETS.c.last_picture * _PICTURE + SETS.c.last_box * _BOX), 0)
    )
    if quota.kind is Kind.USER:
        return int(db.scalar(results.where(SHARES.c.person == quota.name)) or 0)
    if quota.kind is Kind.PROJECT:
        results, sets = (
            results.where(SHARES.c.project == quota.name),
            sets.where(SETS.c.project == quota.name),
        )
    return int(db.scalar(results) or 0) + int(db.scalar(sets) or 0)


def too_much(
    db: sa.Connection, project: str, person: str, wanted: int | None = None, like: str = ""
) -> Sentence | None:
    """Return the sentence for whoever may keep no more; None when nothing is against it.

    Parameters
    ----------
    wanted, like
        What it is expected to hold, and why that is expected; None where nobody knows.
    """
    for quota in held(read(db), project, person):
        if quota.bytes is None:
            continue
        used = kept_bytes(db, quota)
        if used >= quota.bytes or used + (wanted or 0) > quota.bytes:
            more = f"wants about {size(wanted)} more ({like})" if wanted else "wants more"
            return Sentence(
                f"{quota.said} may keep {size(quota.bytes)}, keeps {size(used)}, and this {more}; "
                f"{way_out(quota).marked}, and room comes when jobs or label sets are removed "
                f"({command('clean')})"
            )
    return None


def refuse_to_keep(engine: sa.Engine, verb: str, thing: str) -> None:
    """Go on only when who acts may keep more in label sets."""
    person = who()
    if person == EVERYBODY:
        return
    with asking(engine) as db:
        sentence = too_much(db, person.project, person.name)
    if sentence is not None:
        refused(engine, verb, thing)
        raise QuotaError(sentence)
