"""The tables of the store, in a dialect that SQLite and PostgreSQL share, and how a database is opened."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from skillbank.errors import PlatformError

__all__ = ["APPROVALS", "JOBS", "PLANS", "TRANSITIONS", "open_engine"]

META = sa.MetaData()
PLANS = sa.Table(
    "plans",
    META,
    sa.Column("plan_id", sa.String(64), primary_key=True),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("document", sa.JSON, nullable=False),
)
JOBS = sa.Table(
    "jobs",
    META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(63), nullable=False, unique=True),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("plan_id", sa.String(64), nullable=False, index=True),
    sa.Column("plan", sa.JSON, nullable=False),
    sa.Column("skill", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False, index=True),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("results_dir", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("native_id", sa.Text),
    sa.Column("launcher", sa.Text),
    sa.Column("parents", sa.JSON, nullable=False),
    sa.Column("retry_of", sa.String(63)),
    sa.Column("idempotency_key", sa.String(255), unique=True),
    sa.Column("bound_spec_sha256", sa.String(64)),
    sa.Column("exit_code", sa.Integer),
    sa.Column("failure", sa.JSON(none_as_null=True)),
)
TRANSITIONS = sa.Table(
    "transitions",
    META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.String(63), sa.ForeignKey("jobs.id"), nullable=False, index=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)
APPROVALS = sa.Table(
    "approvals",
    META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("plan_id", sa.String(64), nullable=False, index=True),
    sa.Column("granted", sa.DateTime(timezone=True), nullable=False),
    sa.Column("used", sa.DateTime(timezone=True)),
)


def open_engine(url: str) -> sa.Engine:
    """Open a database and make the tables that it lacks.

    Raises
    ------
    PlatformError
        When it cannot be opened.
    """
    try:
        engine = sa.create_engine(url)
    except (sa.exc.ArgumentError, ImportError) as error:
        scheme = url.split(":", 1)[0]
        raise PlatformError(
            f"SKILLBANK_DATABASE_URL ('{scheme}:...') cannot be used: {error}; "
            "unset it to use SQLite in SKILLBANK_HOME"
        ) from None
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_settings)
    # Two processes that make the tables at the same moment get in each other's way once.
    for attempt in range(5):
        try:
            with engine.begin() as db:
                for table in META.sorted_tables:
                    db.execute(sa.schema.CreateTable(table, if_not_exists=True))
                    for index in sorted(table.indexes, key=lambda i: str(i.name)):
                        db.execute(sa.schema.CreateIndex(index, if_not_exists=True))
            return engine
        except DatabaseError as error:
            engine.dispose()
            if attempt == 4 or not isinstance(
                error, OperationalError | IntegrityError | sa.exc.ProgrammingError
            ):
                raise PlatformError(
                    f"the database {engine.url.render_as_string()} cannot be opened: {error.orig}; "
                    "check SKILLBANK_HOME and SKILLBANK_DATABASE_URL"
                ) from error
            time.sleep(0.05 * 2**attempt)
    raise AssertionError("unreachable")


def _sqlite_settings(connection: Any, _: object) -> None:
    connection.execute("PRAGMA busy_timeout = 30000")
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
