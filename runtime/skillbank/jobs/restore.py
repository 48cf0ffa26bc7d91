"""A store made anew from its backup: into an empty one, all of it or nothing; see `skillbank.jobs.backup`."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TypedDict

import sqlalchemy as sa
from pydantic import ValidationError

from skillbank.errors import DataError, DataNotFoundError, UsageError
from skillbank.home import home
from skillbank.jobs.backup import ABOUT, FILES, PORTION, ROWS, TABLES, Backup, copied, folders, kept
from skillbank.jobs.migrations import VERSION
from skillbank.sets.transactions import writing
from skillbank.stored import from_json
from skillbank.team import audit
from skillbank.team.rights import Right
from skillbank.visible import one_line
from skillbank.ways import command

__all__ = ["restore"]

_LONGEST = 1 << 29
"""Bytes of a line: an event may tell of all boxes of a large set, and a small file may unpack to more."""


def restore(engine: sa.Engine, folder: Path) -> Backup:
    """Fill an empty store and home with a backup, all of it or nothing; for who administers.

    The whole backup is looked through before, so that one that was changed restores nothing. What a process
    that was killed has left of the files is taken for what it is; the same command goes on.

    Raises
    ------
    UsageError
        When the store or the home holds something already.
    DataNotFoundError, DataError
        When there is no backup, or it is not whole, or of another version's tables.
    ForbiddenError
    """
    audit.permit(lambda: engine, Right.ADMINISTER, "store.restore", str(folder))
    about = _about(folder)
    with engine.connect() as db:
        _refuse_used(db)
    files: dict[str, str] = {}
    for line in _lines(folder, about):
        if "file" in line:
            files[line["file"]] = line["sha256"]
    _see_that_files_are_whole(folder, files)
    _refuse_other_files(files)
    for name, sha256 in files.items():
        first, _, rest = name.partition("/")
        target = folders()[first] / rest
        if not (target.is_file() and _digest(target) == sha256):
            copied(folder / FILES / name, target)
    try:
        with _alone(engine) as db:
            _refuse_used(db)
            _fill(db, _lines(folder, about))
            audit.record(db, "store.restore", str(folder), always=True)
    except (LookupError, TypeError, ValueError, AttributeError, sa.exc.StatementError) as error:
        raise _strange(folder, one_line(error)) from None
    return about


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Write while no other process does: two that restore at once must not both find the store empty."""
    with writing(engine) as db:
        if db.dialect.name != "sqlite":
            db.execute(sa.text(f"LOCK TABLE {', '.join(TABLES)} IN ACCESS EXCLUSIVE MODE"))
        yield db


class _Line(TypedDict, total=False):
    """A line of a backup: a file with its digest, a row of a table, or the last number of one."""

    file: str
    sha256: str
    table: str
    row: Mapping[str, object]
    last: int


def _fill(db: sa.Connection, lines: Iterator[_Line]) -> None:
    waiting: dict[str, list[dict[str, object]]] = {}
    numbers: dict[str, int] = {}

    def put(name: str) -> None:
        if rows := waiting.pop(name, []):
            db.execute(TABLES[name].insert(), rows)

    for line in lines:
        if "file" in line:
            continue
        name = line["table"]
        for other in [each for each in waiting if each != name]:
            put(other)  # tables come one after the other, those that others refer to first
        if "last" in line:
            numbers[name] = int(line["last"])
            continue
        rows = waiting.setdefault(name, [])
        rows.append(_read(TABLES[name], line["row"]))
        if len(rows) >= PORTION:
            put(name)
    for name in list(waiting):
        put(name)
    for name, last in numbers.items():
        _number_on(db, TABLES[name], last)


def _refuse_used(db: sa.Connection) -> None:
    used = [name for name, table in TABLES.items() if db.execute(sa.select(table).limit(1)).first()]
    if used:
        raise UsageError(
            f"this store is in use: it has {', '.join(used[:4])}; a backup is restored into an empty one, "
            "named by SKILLBANK_HOME or SKILLBANK_DATABASE_URL"
        )


def _refuse_other_files(files: Mapping[str, str]) -> None:
    for name, path in kept():
        if files.get(name) is None or _digest(path) != files[name]:
            raise UsageError(
                f"the home {home()} is in use: it has {path}, which the backup has not; a backup is restored "
                "into an empty one, named by SKILLBANK_HOME"
            )


def _see_that_files_are_whole(folder: Path, files: Mapping[str, str]) -> None:
    for name, sha256 in files.items():
        place = PurePosixPath(name)
        if (
            place.is_absolute()
            or ".." in place.parts
            or len(place.parts) < 2
            or place.parts[0] not in folders()
        ):
            raise _strange(folder, f"it has a file {one_line(name, 100)}")
        path = folder / FILES / name
        if path.is_symlink() or not path.is_file() or _digest(path) != sha256:
            raise _strange(folder, f"{FILES}/{one_line(name, 100)} is not what was backed up")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _about(folder: Path) -> Backup:
    try:
        about = Backup.model_validate_json((folder / ABOUT).read_bytes())
    except FileNotFoundError:
        raise DataNotFoundError(
            f"there is no backup {folder}; name a folder that {command('team backup')} has written"
        ) from None
    except (OSError, ValidationError) as error:
        raise _strange(folder, one_line(error, 200)) from None
    if about.version != VERSION:
        raise DataError(
            f"the backup {folder} is of tables of version {about.version} (skillbank {about.skillbank}), and "
            f"these are of {VERSION}; restore it with that skillbank, and open the store with this one then"
        )
    return about


def _lines(folder: Path, about: Backup) -> Iterator[_Line]:
    """Yield the lines of a backup; an error at their end says that they are not those that were written."""
    whole, count = hashlib.sha256(), 0
    try:
        with gzip.open(folder / ROWS, "rb") as packed:
            while line := packed.readline(_LONGEST):
                whole.update(line)
                count += 1
                yield json.loads(line)
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise _strange(folder, one_line(error, 200)) from None
    if (count, whole.hexdigest()) != (about.lines, about.sha256):
        raise _strange(folder, "it was cut or changed")


def _strange(folder: Path, why: str) -> DataError:
    return DataError(f"the backup {folder} cannot be restored: {why}; nothing was restored, name another one")


def _number_on(db: sa.Connection, table: sa.Table, last: int) -> None:
    """Let a table go on with the number after the last one that it has given."""
    column = table.autoincrement_column
    if column is None or last < 1:
        return
    if db.dialect.name != "sqlite":
        sequence = sa.text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")
        db.execute(sequence, {"table": table.name, "column": column.name, "last": last})
    elif table.dialect_options["sqlite"].get("autoincrement"):
        named = {"name": table.name, "last": last}
        if not db.execute(
            sa.text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name"), named
        ).rowcount:
            db.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), named)


def _read(table: sa.Table, row: Mapping[str, object]) -> dict[str, object]:
    if set(row) != set(table.columns.keys()):
        raise ValueError(f"{table.name} has other columns")
    return {column.name: from_json(column, row[column.name]) for column in table.columns}
