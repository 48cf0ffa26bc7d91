"""How the tables are read and written: a read sees one moment, and of many writers one writes at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from sqlalchemy.dialects import postgresql

__all__ = ["insert_all", "reading", "writing"]


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction in which everything that is read is of the same moment."""
    if engine.dialect.name == "sqlite":
        with _by_hand(engine, "BEGIN") as db:
            yield db
        return
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as db, db.begin():
        yield db


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that writes: all of it happens, or nothing.

    In SQLite no other process writes at the same time; elsewhere who writes locks the row of its set.
    """
    if engine.dialect.name == "sqlite":
        with _by_hand(engine, "BEGIN IMMEDIATE") as db:
            yield db
        return
    with engine.begin() as db:
        yield db


def insert_all(db: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Add rows; where each would go to a server by itself, all go as one value a column."""
    if db.dialect.name == "sqlite":
        db.execute(table.insert(), rows)
        return

    alike: dict[tuple[str, ...], list[Mapping[str, object]]] = defaultdict(list)
    for row in rows:
        alike[tuple(row)].append(row)
    for names, some in alike.items():
        columns = [
            sa.bindparam(
                None, [row[name] for row in some], type_=postgresql.ARRAY(table.c[name].type, dimensions=1)
            )
            for name in names
        ]
        told = sa.func.unnest(*columns).table_valued(*names, name="told").render_derived()
        query = sa.select(*(told.c[name] for name in names))
        db.execute(table.insert().from_select(names, query, include_defaults=False))


@contextmanager
def _by_hand(engine: sa.Engine, begin: str) -> Iterator[sa.Connection]:
    """SQLite's driver begins a transaction only with the first change, when what was read may be old."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql(begin)
        try:
            yield db
        except BaseException:
            driver = db.connection.driver_connection
            if (
                driver is not None and driver.in_transaction
            ):  # on a full disk SQLite has rolled back by itself
                db.exec_driver_sql("ROLLBACK")
            raise
        db.exec_driver_sql("COMMIT")
