"""What every database takes and gives back alike: texts, times, values as JSON, an insertion, a question."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import overload

from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["as_json", "asking", "aware", "from_json", "insert", "now", "storable"]


def storable(text: str) -> str:
    """Return a text as every database takes it: PostgreSQL has no NUL, and neither takes half a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


@overload
def aware(value: datetime) -> datetime: ...
@overload
def aware(value: object) -> object: ...
def aware(value: object) -> object:
    """SQLite gives back the UTC time that it was given without its zone."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def as_json(value: object) -> object:
    """Return a value of a column as JSON takes it; `from_json` reads it back."""
    if isinstance(value, date):  # and times, which are dates
        return aware(value).isoformat() if isinstance(value, datetime) else value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value


def from_json(column: sa.Column[object], value: object) -> object:
    """Return the value of a column that `as_json` has written.

    Raises
    ------
    TypeError, ValueError
        When it is none of that column.
    """
    kinds: Mapping[type[object], Callable[[str], object]] = {
        sa.DateTime: datetime.fromisoformat,
        sa.Date: date.fromisoformat,
        sa.LargeBinary: base64.b64decode,
    }
    read = next((each for kind, each in kinds.items() if isinstance(column.type, kind)), None)
    if value is None or read is None:
        return value
    if not isinstance(value, str):
        raise TypeError(f"{column.name} is {type(value).__name__}, and no text")
    return read(value)


def asking(engine: sa.Engine) -> sa.Connection:
    """Connect to ask: each question is a transaction of its own, and nothing is sent but the question.

    What is read of one moment, or written, is `skillbank.sets.transactions`' or ``engine.begin()``'s.
    """
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def insert(db: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insertion that can say what happens to a row that is there already."""
    if db.dialect.name == "sqlite":
        return sqlite.insert(table)

    return postgresql.insert(table)


def now() -> datetime:
    """Return the time as a store writes it."""
    return datetime.now(UTC)
