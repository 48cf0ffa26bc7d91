"""The tables of the store, in a dialect that SQLite and PostgreSQL share, and how a database is opened."""

from __future__ import annotations

import time
from functools import partial
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError

from skillbank.errors import PlatformError
from skillbank.installation import how_to_install
from skillbank.redact import redact

__all__ = ["APPROVALS", "EVENTS", "EXPERIMENTS", "JOBS", "LEASES", "PLANS", "TRANSITIONS", "open_engine"]

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
    sa.Column("results_uri", sa.Text),
    sa.Column("checkpoint", sa.Text),
    sa.Column("chain", sa.JSON(none_as_null=True)),
    sa.Column("retry", sa.JSON(none_as_null=True)),
    sa.Column("retry_of", sa.String(63), index=True),
    sa.Column("infra_retries", sa.Integer),
    sa.Column("idempotency_key", sa.String(255), unique=True),
    sa.Column("bound_spec_sha256", sa.String(64)),
    sa.Column("exit_code", sa.Integer),
    sa.Column("failure", sa.JSON(none_as_null=True)),
    sa.Column("uploaded", sa.DateTime(timezone=True)),
    sa.Column("settled", sa.DateTime(timezone=True)),
    sa.Column("experiment", sa.String(63), index=True),
    sa.Column("recommendation", sa.Integer),
    sa.Column("resumes", sa.String(63)),
    sa.Column("product", sa.String(63)),
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
    "grants",
    META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("subject", sa.String(255), nullable=False, index=True),
    sa.Column("granted_by", sa.Text, nullable=False),
    sa.Column("granted", sa.DateTime(timezone=True), nullable=False),
    sa.Column("used", sa.DateTime(timezone=True)),
)
EXPERIMENTS = sa.Table(
    "experiments",
    META,
    sa.Column("job_id", sa.String(63), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("charter", sa.JSON, nullable=False),
)
EVENTS = sa.Table(
    "experiment_events",
    META,
    sa.Column("experiment", sa.String(63), sa.ForeignKey("experiments.job_id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
)
LEASES = sa.Table(
    "experiment_leases",
    META,
    sa.Column("experiment", sa.String(63), primary_key=True),
    sa.Column("place", sa.String(255), primary_key=True),
    sa.Column("owner", sa.Text),
    sa.Column("beat", sa.DateTime(timezone=True), nullable=False),
)


def open_engine(url: str) -> sa.Engine:
    """Open a database and make the tables and columns that it lacks.

    ``postgres://`` and ``postgresql://`` mean the driver psycopg 3.

    Raises
    ------
    PlatformError
        When it cannot be opened. No error of this engine, now or later, shows the password.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        remote = parsed.get_backend_name() != "sqlite"
        # A server that was restarted in the meantime must not cost a job its record.
        engine = sa.create_engine(parsed, pool_pre_ping=remote)
    except (sa.exc.ArgumentError, ImportError) as error:
        # What cannot be parsed may hold a password anywhere, so that none of it is shown.
        reason = (
            str(error).replace(url, "...") if isinstance(error, ImportError) else "it is not a database URL"
        )
        raise PlatformError(
            f"SKILLBANK_DATABASE_URL cannot be used: {reason}; unset it to use SQLite in SKILLBANK_HOME, "
            f"and for PostgreSQL: {how_to_install('postgres')}"
        ) from None
    if not remote:
        sa.event.listen(engine, "connect", _sqlite_settings)
    sa.event.listen(engine, "handle_error", partial(_explain, engine.url))
    # Two processes that make the tables at the same moment get in each other's way once.
    for attempt in range(5):
        try:
            _make_tables(engine)
            return engine
        except (DatabaseError, PlatformError) as error:
            engine.dispose()
            if attempt == 4:
                raise error if isinstance(error, PlatformError) else _sentence(engine.url, error) from None
            time.sleep(0.05 * 2**attempt)
    raise AssertionError("unreachable")


def _make_tables(engine: sa.Engine) -> None:
    with engine.begin() as db:
        for table in META.sorted_tables:
            db.execute(sa.schema.CreateTable(table, if_not_exists=True))
            # A database of an earlier version lacks columns; all that came later may be empty.
            there = {column["name"] for column in sa.inspect(db).get_columns(table.name)}
            for column in table.columns:
                if column.name not in there:
                    kind = column.type.compile(engine.dialect)
                    db.execute(sa.text(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}"))
            for index in sorted(table.indexes, key=lambda i: str(i.name)):
                db.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def _explain(url: sa.URL, context: sa.engine.ExceptionContext) -> None:
    """Turn a database that does not answer into one sentence, whatever was being asked."""
    error = context.sqlalchemy_exception
    if isinstance(error, OperationalError | InterfaceError) and not context.is_pre_ping:
        raise _sentence(url, error) from None


def _sentence(url: sa.URL, error: sa.exc.DBAPIError) -> PlatformError:
    said = " ".join(str(error.orig).split())
    return PlatformError(
        f"the database {url.set(query={}).render_as_string()} cannot be used: {redact(said, _secrets(url))}; "
        "check SKILLBANK_HOME and SKILLBANK_DATABASE_URL"
    )


def _secrets(url: sa.URL) -> list[str]:
    """Return every form in which a database's password could come back."""
    values = [str(url.password or ""), *(str(value) for value in url.query.values())]
    return [form for value in values if value for form in (value, quote(value, safe=""))]


def _sqlite_settings(connection: Any, _: object) -> None:
    connection.execute("PRAGMA busy_timeout = 30000")
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
