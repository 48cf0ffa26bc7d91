"""Stores outlive versions: the tables of an earlier skillbank are brought up to those of this one, once.

A store says in ``store_versions`` which version its tables have; that of 0.1.0, which is 1, does not. Of any
number of processes that open a store at the same moment one changes it, and the others wait for it. A step
only adds: what an earlier version has written stays as it is, and is read as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache

import sqlalchemy as sa

from skillbank import __version__
from skillbank.jobs.database import (
    APPROVALS,
    CODES,
    JOBS,
    META,
    OPEN,
    PLAN_PROJECTS,
    PLANS,
    QUESTIONS,
    SESSION_KEYS,
    SKILLS,
    TRANSITIONS,
    VERSIONS,
)
from skillbank.sets.tables import BOXES, CLASSES, PICTURES, RUNS, SETS, SETS_META
from skillbank.team.tables import GPU_SECONDS, QUOTAS, REFUSALS, SHARES, TEAM_META

__all__ = ["VERSION", "NewerStoreError", "current", "migrate"]

_LOCK = 0x736B696C
"""Of PostgreSQL's advisory locks the one that this is done under."""
_FIRST = 1
"""The version of a store that does not say its own."""


class NewerStoreError(Exception):
    """A newer skillbank has made the store; what it means by its tables is not known here."""


def migrate(engine: sa.Engine) -> None:
    """Make the tables that a database lacks, or change those of an earlier version.

    Raises
    ------
    NewerStoreError
        When the tables are of a later version than this one's.
    """
    with engine.connect() as db:
        if _current(_version(db)):
            return
    _say_rows_of_indexes(engine.dialect.name)
    with _alone(engine) as db:
        # Another process may have done it while this one waited.
        version = _version(db)
        if _current(version):
            return
        if version is None:
            for statement in _statements(engine.url.drivername):
                db.exec_driver_sql(statement)
        else:
            for step in range(version + 1, VERSION + 1):
                _STEPS[step](db)
        _note(db)


def _tables() -> Iterator[sa.Table]:
    for meta in (META, SETS_META, TEAM_META):
        yield from meta.sorted_tables


def _say_rows_of_indexes(dialect: str) -> None:
    """Say to a dialect of which rows indexes are, before it makes any."""
    for index in (index for table in _tables() for index in table.indexes):
        if "rows" in index.info:
            index.dialect_options[dialect]["where"] = sa.text(index.info["rows"])


@cache
def _statements(driver: str) -> tuple[str, ...]:
    """Return what makes an empty database one of this version, guards too; written once for each process."""
    made: list[str] = []

    def write(statement: sa.ClauseElement, *_: object, **__: object) -> None:
        made.append(str(statement.compile(dialect=writing.dialect)))

    writing = sa.create_mock_engine(f"{driver}://", write)
    for tables in (META, SETS_META, TEAM_META):
        tables.create_all(writing, checkfirst=False)
    return tuple(made)


def current(engine: sa.Engine) -> bool:
    """Say whether a store has the tables of this version, as a server asks that is to be sent requests."""
    with engine.connect() as db:
        return bool(db.scalar(sa.select(sa.func.max(VERSIONS.c.version))) == VERSION)


def _version(db: sa.Connection) -> int | None:
    """Return the version of a store's tables; None when there are none."""
    there = set(sa.inspect(db).get_table_names())
    if VERSIONS.name in there:
        found: int | None = db.scalar(sa.select(sa.func.max(VERSIONS.c.version)))
        return _FIRST if found is None else found
    return _FIRST if JOBS.name in there else None


def _current(version: int | None) -> bool:
    if version is not None and version > VERSION:
        raise NewerStoreError(
            f"was made by a newer skillbank (its tables are of version {version}, and {__version__} knows "
            f"those up to {VERSION}); upgrade skillbank, or name another store with SKILLBANK_HOME or "
            "SKILLBANK_DATABASE_URL"
        )
    return version == VERSION


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that no other process has at the same time; all of it happens, or nothing."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as db:
            db.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            yield db
        return
    # The driver begins no transaction by itself before a table is made, so this one is begun by hand.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        # A table that is made anew goes for a moment, and takes nothing with it that refers to it.
        db.exec_driver_sql("PRAGMA foreign_keys = OFF")
        db.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.exec_driver_sql("ROLLBACK")
            raise
        else:
            db.exec_driver_sql("COMMIT")
        finally:
            db.exec_driver_sql("PRAGMA foreign_keys = ON")


def _note(db: sa.Connection) -> None:
    db.execute(VERSIONS.insert().values(version=VERSION, since=datetime.now(UTC), skillbank=__version__))


# The steps, each from the version before


def _to_2(db: sa.Connection) -> None:
    """Add what plans were made of, and the versions; stores before 0.1.0 lack columns, which may be empty."""
    for table in (t for t in META.sorted_tables if t not in (SKILLS, VERSIONS)):
        db.execute(sa.schema.CreateTable(table, if_not_exists=True))
        for column in table.columns:
            _add(db, column, may_lack=True)
        for index in sorted(table.indexes, key=lambda i: str(i.name)):
            db.execute(sa.schema.CreateIndex(index, if_not_exists=True))
    for table in (SKILLS, VERSIONS):
        db.execute(sa.schema.CreateTable(table, if_not_exists=True))


def _to_3(db: sa.Connection) -> None:
    """Add what was admitted of each job."""
    _add(db, JOBS.c.admitted)


def _to_4(db: sa.Connection) -> None:
    """Add the data that was approved, and the data that each job was started on."""
    for column in (APPROVALS.c.data, JOBS.c.data):
        _add(db, column)


def _to_5(db: sa.Connection) -> None:
    """Add label sets."""
    SETS_META.create_all(db)


def _to_6(db: sa.Connection) -> None:
    """Add how sure a model is that labels of a picture are wrong."""
    _add(db, PICTURES.c.against)


def _to_7(db: sa.Connection) -> None:
    """Add the run that a class's threshold was suggested from, and where the model of a run lies."""
    for column in (CLASSES.c.threshold_run, RUNS.c.source):
        _add(db, column)


def _to_8(db: sa.Connection) -> None:
    """Add how approvals were given, and which approval code was set."""
    for column in (APPROVALS.c.given, JOBS.c.approval):
        _add(db, column)
    db.execute(sa.schema.CreateTable(CODES, if_not_exists=True))


def _to_9(db: sa.Connection) -> None:
    """Add whether a set learns from what people decide, and what it has learned."""
    for column in (SETS.c.learns, RUNS.c.learned, BOXES.c.chance):
        _add(db, column)


def _to_10(db: sa.Connection) -> None:
    """Add how deep pictures of sets are, and which lesson they are shown by."""
    for column in (PICTURES.c.deep, PICTURES.c.least, PICTURES.c.most, PICTURES.c.lesson):
        _add(db, column)
    [index] = (each for each in PICTURES.indexes if each.name == "label_pictures_by_depth")
    db.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def _to_11(db: sa.Connection) -> None:
    """Add whose things are, tokens and the audit log; names of label sets are those of their project."""
    db.execute(sa.schema.CreateTable(PLAN_PROJECTS, if_not_exists=True))
    own = sa.select(PLANS.c.plan_id, sa.literal(""))
    db.execute(PLAN_PROJECTS.insert().from_select(["plan_id", "project"], own))
    for column in (JOBS.c.project, JOBS.c.person, APPROVALS.c.project):
        _add(db, column)
    [index] = (each for each in JOBS.indexes if each.name == "jobs_of_project")
    db.execute(sa.schema.CreateIndex(index, if_not_exists=True))
    _name_sets_by_project(db)
    TEAM_META.create_all(db)


def _name_sets_by_project(db: sa.Connection) -> None:
    there = {column["name"] for column in sa.inspect(db).get_columns(SETS.name)}
    if SETS.c.project.name in there:
        return  # an earlier step has made the table just now
    if db.dialect.name != "sqlite":
        _add(db, SETS.c.project)
        for each in sa.inspect(db).get_unique_constraints(SETS.name):
            db.execute(sa.text(f'ALTER TABLE {SETS.name} DROP CONSTRAINT "{each["name"]}"'))
        db.execute(
            sa.text(f"ALTER TABLE {SETS.name} ADD CONSTRAINT label_sets_in_project UNIQUE (project, name)")
        )
        return
    # SQLite takes no constraint off a table, so it is made anew, and counts on where it was.
    new = SETS.to_metadata(sa.MetaData(), name=f"{SETS.name}_new")
    new.create(db)
    kept = [column for column in SETS.columns if column.name in there]
    db.execute(new.insert().from_select([column.name for column in kept], sa.select(*kept)))
    last = db.scalar(sa.text(f"SELECT seq FROM sqlite_sequence WHERE name = '{SETS.name}'"))
    SETS.drop(db)
    db.execute(sa.text(f"ALTER TABLE {new.name} RENAME TO {SETS.name}"))
    db.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": SETS.name})
    if last is not None:
        counted = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")
        db.execute(counted, {"name": SETS.name, "last": last})


def _to_12(db: sa.Connection) -> None:
    """Add the questions at a page, the key of its cookies, and what an approval was used for."""
    for table in (QUESTIONS, SESSION_KEYS):
        table.create(db, checkfirst=True)
    _add(db, APPROVALS.c.used_for)


def _to_13(db: sa.Connection) -> None:
    """Add what jobs are listed by."""
    later = "jobs_open", "jobs_done", "jobs_unweighed"
    for index in (each for each in JOBS.indexes if each.name not in later):
        db.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def _to_14(db: sa.Connection) -> None:
    """Add the counts of refusals, of which the audit log tells the first of a minute one by one."""
    REFUSALS.create(db, checkfirst=True)


def _to_15(db: sa.Connection) -> None:
    """Add quotas, and what is counted for them; lines of histories keep what they offer."""
    for table in (QUOTAS, GPU_SECONDS, SHARES):
        table.create(db, checkfirst=True)
    for column in (JOBS.c.gpus, JOBS.c.bytes, TRANSITIONS.c.ways):
        _add(db, column)
    asked = JOBS.c.plan["resources"]
    gpus = asked["gpus"].as_integer() * asked["nodes"].as_integer()
    db.execute(JOBS.update().where(OPEN, JOBS.c.gpus.is_(None)).values(gpus=gpus))
    for index in JOBS.indexes:
        db.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def _add(db: sa.Connection, column: sa.Column[object], *, may_lack: bool = False) -> None:
    """Add a column that may be empty or has a default; one that an earlier step made just now stays.

    Parameters
    ----------
    may_lack
        Whether one that has none may be empty all the same: in stores of before there were versions.
    """
    table = column.table.name
    if all(there["name"] != column.name for there in sa.inspect(db).get_columns(table)):
        kind = column.type.compile(db.dialect)
        default = ""
        if isinstance(column.server_default, sa.DefaultClause) and not column.nullable:
            default = f" NOT NULL DEFAULT {column.server_default.arg}"
        else:
            assert column.nullable or may_lack, column  # the rows that are there would need a value
        db.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN {column.name} {kind}{default}"))


_STEPS: Mapping[int, Callable[[sa.Connection], None]] = {
    2: _to_2,
    3: _to_3,
    4: _to_4,
    5: _to_5,
    6: _to_6,
    7: _to_7,
    8: _to_8,
    9: _to_9,
    10: _to_10,
    11: _to_11,
    12: _to_12,
    13: _to_13,
    14: _to_14,
    15: _to_15,
}
VERSION = max(_STEPS)
"""Of the tables that this skillbank works with."""
