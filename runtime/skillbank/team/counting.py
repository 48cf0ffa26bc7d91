"""Counters of the store: rows that are made with their first amount, and added to by everybody at once."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from skillbank.stored import insert

__all__ = ["count", "note"]


def count(db: sa.Connection, table: sa.Table, key: Mapping[str, object], column: str, amount: float) -> None:
    """Add an amount to a column of the row with a key, which is made where there is none."""
    _upsert(db, table, key, {column: amount}, {column: table.c[column] + amount})


def note(db: sa.Connection, table: sa.Table, key: Mapping[str, object], column: str, value: object) -> None:
    """Set a column of the row with a key, which is made where there is none."""
    _upsert(db, table, key, {column: value}, {column: value})


def _upsert(
    db: sa.Connection,
    table: sa.Table,
    key: Mapping[str, object],
    first: Mapping[str, object],
    later: Mapping[str, object],
) -> None:
    row = insert(db, table).values(**key, **first)
    db.execute(row.on_conflict_do_update(index_elements=list(key), set_=later))
