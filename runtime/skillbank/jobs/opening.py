"""How the store's database is opened: found, brought up to this version's tables, its errors one sentence."""

from __future__ import annotations

import select
import sqlite3
import time
from functools import partial
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError

from skillbank.errors import PlatformError, sentence_of
from skillbank.installation import how_to_install
from skillbank.jobs.migrations import NewerStoreError, migrate
from skillbank.redact import redact

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection

    class _Connection(DBAPIConnection, Protocol):
        """One to a server."""

        def fileno(self) -> int: ...


__all__ = ["open_engine"]

_TRIES = 5
_POOL = {"pool_size": 15, "max_overflow": 0}
"""Connections of a process are kept: to come in costs a server more than most questions."""
_USED, _UNUSED = "skillbank.used", 30.0
"""When a connection was given back, and seconds after which it is asked whether it still is one."""


def open_engine(url: str) -> sa.Engine:
    """Open a database and bring its tables up to this version, see `skillbank.jobs.migrations`.

    ``postgres://`` and ``postgresql://`` mean the driver psycopg 3.

    Raises
    ------
    PlatformError
        When it cannot be opened, or a newer skillbank has made it. No error of this engine, now or later,
        shows the password.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        remote = parsed.get_backend_name() != "sqlite"
        engine = sa.create_engine(parsed, **(_POOL if remote else {}))
    except (sa.exc.ArgumentError, ImportError) as error:
        # What cannot be parsed may hold a password anywhere, so that none of it is shown.
        reason = (
            str(error).replace(url, "...") if isinstance(error, ImportError) else "it is not a database URL"
        )
        raise PlatformError(
            f"SKILLBANK_DATABASE_URL cannot be used: {reason}; unset it to use SQLite in SKILLBANK_HOME, "
            f"and for PostgreSQL: {how_to_install('postgres')}"
        ) from None
    if remote:
        # A server that was restarted in the meantime must not cost a job its record.
        sa.event.listen(engine, "checkin", _note_use)
        sa.event.listen(engine, "checkout", partial(_refuse_lost, engine.dialect))
    else:
        sa.event.listen(engine, "connect", _sqlite_settings)
    sa.event.listen(engine, "handle_error", partial(_explain, engine.url))
    for attempt in range(_TRIES):
        try:
            migrate(engine)
            return engine
        except BaseException as error:
            engine.dispose()
            if isinstance(error, NewerStoreError):
                raise PlatformError(
                    f"the database {_shown(engine.url)} {sentence_of(error).marked}"
                ) from None
            if not isinstance(error, DatabaseError | PlatformError):
                raise
            if attempt == _TRIES - 1:
                raise error if isinstance(error, PlatformError) else _sentence(engine.url, error) from None
        time.sleep(0.05 * 2**attempt)
    raise AssertionError("unreachable")


def _note_use(connection: object, record: sa.pool.ConnectionPoolEntry) -> None:
    record.info[_USED] = time.monotonic()


def _refuse_lost(
    dialect: sa.Dialect,
    connection: _Connection,
    record: sa.pool.ConnectionPoolEntry,
    _: sa.pool.PoolProxiedConnection,
) -> None:
    """Have a kept connection made anew that the server has ended.

    It is asked, which costs as much as a question, only where there is a sign: a server that ends a
    connection says so on it, and one that went away in silence is found once nobody has asked for a while.
    """
    used = record.info.get(_USED)
    if used is None or not (time.monotonic() - used > _UNUSED or _told(connection)):
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        raise sa.exc.InvalidatePoolError from None


def _told(connection: _Connection) -> bool:
    """Say whether something has come on a connection that nobody asked for."""
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def _explain(url: sa.URL, context: sa.engine.ExceptionContext) -> None:
    """Turn a database that does not answer into one sentence, whatever was being asked."""
    error = context.sqlalchemy_exception
    if isinstance(error, OperationalError | InterfaceError) and not context.is_pre_ping:
        raise _sentence(url, error) from None


def _sentence(url: sa.URL, error: sa.exc.DBAPIError) -> PlatformError:
    said = " ".join(str(error.orig).split())
    return PlatformError(
        f"the database {_shown(url)} cannot be used: {redact(said, _secrets(url))}; "
        "check SKILLBANK_HOME and SKILLBANK_DATABASE_URL"
    )


def _shown(url: sa.URL) -> str:
    return url.set(query={}).render_as_string()


def _secrets(url: sa.URL) -> list[str]:
    """Return every form in which a database's password could come back."""
    values = [str(url.password or ""), *(str(value) for value in url.query.values())]
    return [form for value in values if value for form in (value, quote(value, safe=""))]


def _sqlite_settings(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA busy_timeout = 30000")
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
