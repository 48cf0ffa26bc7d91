"""A label set by its number in the store: how it stands, and the transactions that change it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import sqlalchemy as sa

from skillbank.sets.model import SetNotFoundError, SetSummary
from skillbank.sets.summary import summary_of
from skillbank.sets.tables import SETS
from skillbank.sets.transactions import reading
from skillbank.sets.who import who_decides
from skillbank.sets.writing import Writing, change_set
from skillbank.stored import asking
from skillbank.ways import command

__all__ = ["Handle"]


class Handle:
    """A set in the store, by its number there.

    Attributes
    ----------
    id
        In the store; it stays when the set is renamed.
    name
        As it was opened.
    """

    def __init__(self, engine: sa.Engine, set_id: int, name: str) -> None:
        self._engine, self.id, self.name = engine, set_id, name

    @property
    def engine(self) -> sa.Engine:
        """The database, for what is done to a set from other modules."""
        return self._engine

    def summary(self) -> SetSummary:
        """Return how the set stands."""
        with reading(self._engine) as db:
            return summary_of(db, self._row(db))

    def version(self) -> int:
        """Return how many events the set has had."""
        with asking(self._engine) as db:
            return int(self._row(db)["version"])

    def _row(self, db: sa.Connection) -> sa.RowMapping:
        row = db.execute(sa.select(SETS).where(SETS.c.id == self.id)).mappings().first()
        if row is None:
            raise SetNotFoundError(
                f"the label set {self.name} was removed meanwhile; {command('sets')} lists those there are"
            )
        return row

    @contextmanager
    def _noted(self, kind: str, who: str) -> Iterator[Writing]:
        """Change the set; what has changed is one event."""
        with self._changing(who) as change:
            yield change
            if change.changed:
                change.note(kind)

    def _changing(self, who: str) -> AbstractContextManager[Writing]:
        return change_set(self._engine, self.id, who_decides(who))
