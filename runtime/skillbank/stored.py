"""What every database takes and gives back alike: texts and times, an insertion, a question."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["asking", "aware", "insert", "now", "storable"]


def storable(text: str) -> str:
    """Return a text as every database takes it: PostgreSQL has no NUL, and neither takes half a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def aware(value: Any) -> Any:
    """SQLite gives back the UTC time that it was given without its zone."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def asking(engine: sa.Engine) -> sa.Connection:
    """Connect to ask: each question is a transaction of its own, and nothing is sent but the question.

    What is read of one moment, or written, is `skillbank.sets.transactions`' or ``engine.begin()``'s.
    """
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def insert(db: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insertion that can say what happens to a row that is there already."""
    if db.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def now() -> datetime:
    """Return the time as a store writes it."""
    return datetime.now(UTC)
