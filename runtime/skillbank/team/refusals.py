"""What quotas refuse is written down: a line of the audit log, and a number that the metrics tell."""

from __future__ import annotations

import sqlalchemy as sa

from skillbank.team.acting import who
from skillbank.team.audit import record
from skillbank.team.counting import count
from skillbank.team.tables import SHARES

__all__ = ["refused"]


def refused(engine: sa.Engine, verb: str, thing: str, plan_id: str = "") -> None:
    """Write down that a quota refused something to who acts; no transaction of this thread may be open."""
    person = who()
    with engine.begin() as db:
        count(db, SHARES, {"project": person.project, "person": person.name}, "refused", 1)
        record(db, verb, thing, plan_id=plan_id, outcome="refused: quota", always=True)
