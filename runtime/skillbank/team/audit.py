"""The audit log: who did what to what, through which door, in lines that nothing changes or removes.

A line is written in the transaction of what it tells, or before it where that happens outside of the store:
whatever was done has its line, also when the process was killed in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from skillbank.errors import ForbiddenError
from skillbank.stored import asking, aware, insert, now, storable
from skillbank.team.acting import acting, need
from skillbank.team.person import EVERYBODY
from skillbank.team.rights import Right
from skillbank.team.tables import AUDIT, REFUSALS

__all__ = ["DONE", "MOST_REFUSALS", "lines", "permit", "record"]

DONE = "done"
MOST_REFUSALS = 20
"""So many refusals of a person in a project and minute have a line each; of the others one says how many."""
_LONGEST = 500
_LONGEST_NAME = 255
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
    """Go on only when who acts has a right; a refusal is written down, of very many how many there were.

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
            if _count_refusal(db) <= MOST_REFUSALS:
                record(db, verb, thing, outcome=f"refused: lacks {right}", always=True)
            _tell_of_the_rest(db)
        raise


def _count_refusal(db: sa.Connection) -> int:
    """Count a refusal, and return how many there were of who acts in this minute."""
    person = acting().person
    mine = {"person": storable(person.name)[:_LONGEST_NAME], "project": person.project, "minute": _minute()}
    first = insert(db, REFUSALS).values(**mine, agent=person.agent, count=1)
    again = first.on_conflict_do_update(index_elements=list(mine), set_={"count": REFUSALS.c.count + 1})
    return int(db.execute(again.returning(REFUSALS.c.count)).scalar_one())


def _tell_of_the_rest(db: sa.Connection) -> None:
    """Write what was only counted in minutes that are over: a line for each person and minute."""
    over = sa.select(REFUSALS).where(REFUSALS.c.minute < _minute()).order_by(*REFUSALS.primary_key.columns)
    for row in db.execute(over).mappings().all():
        this = (column == row[column.name] for column in REFUSALS.primary_key.columns)
        taken = db.execute(REFUSALS.delete().where(*this)).rowcount  # of several processes by one
        more = row["count"] - MOST_REFUSALS
        if taken and more > 0:
            minute = datetime.fromtimestamp(60 * row["minute"], UTC)
            line = {name: row[name] for name in ("person", "project", "agent")}
            line |= {"at": now(), "door": "", "address": "", "verb": "refused", "object": "", "plan_id": ""}
            said = f"refused: and {more:,} more in the minute of {minute:%Y-%m-%d %H:%M} UTC"
            db.execute(AUDIT.insert().values(**line, outcome=said))


def _minute() -> int:
    return int(now().timestamp()) // 60


def lines(
    engine: sa.Engine, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the lines, the oldest first, as documents; for who administers.

    Parameters
    ----------
    since, until
        From this time on, and before this one; with a time zone.
    """
    permit(lambda: engine, Right.ADMINISTER, "audit")
    with engine.begin() as db:
        _tell_of_the_rest(db)
    after = 0
    while True:
        query = sa.select(AUDIT).where(AUDIT.c.seq > after).order_by(AUDIT.c.seq).limit(_PAGE)
        if since is not None:
            query = query.where(AUDIT.c.at >= since)
        if until is not None:
            query = query.where(AUDIT.c.at < until)
        with asking(engine) as db:
            rows = db.execute(query).mappings().all()
        for row in rows:
            yield {**row, "at": aware(row["at"]).isoformat()}
        if len(rows) < _PAGE:
            return
        after = rows[-1]["seq"]
