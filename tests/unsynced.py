"""SQLite that waits for no disk: tests kill processes, and none of them takes the power away."""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa

__all__ = ["let_sqlite_not_wait"]


def let_sqlite_not_wait() -> None:
    """Have SQLite hand what it writes to the system, of which a killed process loses nothing, and go on.

    A test that makes a store of its own waits for the disk longer than it computes; most of them do.
    """
    if not sa.event.contains(sa.Engine, "connect", _off):
        sa.event.listen(sa.Engine, "connect", _off)


def _off(connection: object, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")
