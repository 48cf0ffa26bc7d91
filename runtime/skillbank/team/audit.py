"""The audit log: who did what to what, through which door, in lines that nothing changes or removes.

A line is written in the transaction of what it tells, or before it where that happens outside of the store:
whatever was done has its line, also when the process was killed in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from skillbank.errors import ForbiddenError
from skillbank.stored import aware, now, storable
from skillbank.team.acting import acting, need
from skillbank.team.person import EVERYBODY
from skillbank.team.rights import Right
from skillbank.team.tables import AUDIT

__all__ = ["DONE", "lines", "permit", "record"]

DONE = "done"
_LONGEST = 500
_PAGE = 1000


def record(
    db: sa.Connection,
    verb: str,
    thing: str = "",
    *,
    project: str | None = None,
    plan_id: str = "",
    outcome: str = DONE,
    person: str | None = None,
    always: bool = False,
) -> None:
    """Write a line, within a transaction.

    What the owner of a home does with the home's own things is written nowhere: without a team there is
    nobody else who could have done it.

    Parameters
    ----------
    verb
        What was done: ``plan``, ``approve``, ``launch``, ``cancel``, ``label.edit``, ``token.make``, ...
    thing
        What it was done to, e.g. the id of a job.
    project
        To which it belongs; by default that of who acts.
    person
        For whom it was done, where that is not who acts: a further attempt at somebody's job.
    always
        Whether it is written whoever acts.
    """
    by = acting()
    of = by.person.project if project is None else project
    if by.person == EVERYBODY and not of and not always:
        return
    row = {
        "at": now(),
        "person": storable(person or by.person.name),
        "project": of,
        "agent": by.person.agent,
        "door": by.door,
        "address": storable(by.address)[:_LONGEST],
        "verb": verb,
        "object": storable(thing)[:_LONGEST],
        "plan_id": plan_id,
        "outcome": storable(outcome)[:_LONGEST],
    }
    db.execute(AUDIT.insert().values(**row))


def permit(engine: Callable[[], sa.Engine], right: Right, verb: str, thing: str = "") -> None:
    """Go on only when who acts has a right; a refusal is written down.

    Parameters
    ----------
    engine
        Called for a refusal alone; no transaction of this thread may be open then.

    Raises
    ------
    ForbiddenError
        See `skillbank.team.acting.need`.
    """
    try:
        need(right)
    except ForbiddenError:
        with engine().begin() as db:
            record(db, verb, thing, outcome=f"refused: lacks {right}", always=True)
        raise


def lines(
    engine: sa.Engine, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the lines, the oldest first, as documents; for who administers.

    Parameters
    ----------
    since, until
        From this time on, and before this one; with a time zone.

    Raises
    ------
    ForbiddenError
    """
    permit(lambda: engine, Right.ADMINISTER, "audit")
    after = 0
    while True:
        query = sa.select(AUDIT).where(AUDIT.c.seq > after).order_by(AUDIT.c.seq).limit(_PAGE)
        if since is not None:
            query = query.where(AUDIT.c.at >= since)
        if until is not None:
            query = query.where(AUDIT.c.at < until)
        with engine.connect() as db:
            rows = db.execute(query).mappings().all()
        for row in rows:
            yield {**row, "at": aware(row["at"]).isoformat()}
        if len(rows) < _PAGE:
            return
        after = rows[-1]["seq"]
