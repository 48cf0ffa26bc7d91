"""What of the store is there for who acts: the objects of the own project, or all for who administers."""

from __future__ import annotations

from typing import TypeVar

import sqlalchemy as sa

from skillbank.team.acting import may, who
from skillbank.team.rights import Right

__all__ = ["seen"]

_Query = TypeVar("_Query", sa.Select[object], sa.Update, sa.Delete)


def seen(query: _Query, project: sa.Column[object]) -> _Query:
    """Return a query over what is there for who acts."""
    return query if may(Right.ADMINISTER) else query.where(project == who().project)
