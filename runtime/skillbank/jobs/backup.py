"""A whole store as a folder: every row of one moment, and the files of the home that nothing can make again.

The folder has ``rows.jsonl.gz``, a line a row and a line a file; ``files/``; and ``backup.json``, written
last, with the digest of the lines. A backup that was cut off lacks it, or has another name, and is none.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skillbank import __version__
from skillbank.errors import DataError, DataNotFoundError, UsageError
from skillbank.home import home, pictures_dir
from skillbank.jobs.database import LEASES, META, VERSIONS
from skillbank.jobs.label_jobs import lists
from skillbank.jobs.migrations import VERSION
from skillbank.sets.kept_pictures import keeping
from skillbank.sets.tables import CLAIMS, SETS_META
from skillbank.sets.transactions import reading, writing
from skillbank.stored import aware, now
from skillbank.team import audit
from skillbank.team.rights import Right
from skillbank.team.tables import TEAM_META
from skillbank.visible import one_line

__all__ = ["Backup", "backup", "restore"]

_MOMENTARY = (VERSIONS, LEASES, CLAIMS)
"""What is of this installation, or of processes that work just now."""
_TABLES = {
    table.name: table
    for meta in (META, SETS_META, TEAM_META)
    for table in meta.sorted_tables
    if table not in _MOMENTARY
}
_ROWS, _FILES, _ABOUT = "rows.jsonl.gz", "files", "backup.json"
_PORTION = 1000
_LONGEST = 1 << 29
"""Bytes of a line: an event may tell of all boxes of a large set, and a small file may unpack to more."""


class Backup(BaseModel):
    """``backup.json``: what a backup holds.

    Attributes
    ----------
    version
        Of the store's tables; they are restored by a skillbank that has the same.
    lines, sha256
        Of the unpacked lines; each line of a file has the digest of that file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["store of skillbank"] = "store of skillbank"
    format: Literal[1] = 1
    version: int
    skillbank: str
    made: datetime
    rows: int
    files: int
    lines: int
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


def backup(engine: sa.Engine, folder: Path) -> Backup:
    """Write a store into a new folder, while servers work with it; for who administers.

    The folder is there as a whole or not at all. Only its owner can read it: it holds the hashes of tokens,
    and the key of the cookies of people who are signed in.

    Raises
    ------
    UsageError
        When there is something at its place.
    DataError
        When a picture that is kept in the home is not what it was.
    ForbiddenError
    """
    audit.permit(lambda: engine, Right.ADMINISTER, "store.backup", str(folder))
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"{folder} is there already; give the name of a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with engine.begin() as db:
        audit.record(db, "store.backup", str(folder), always=True)
    work = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700)
    try:
        with keeping(pictures_dir()):  # skillbank clean takes none away meanwhile
            about = _written(engine, work)
        try:
            work.rename(folder)  # never over what came there meanwhile, but for an empty folder
        except OSError:
            raise UsageError(f"{folder} is there already; give the name of a new folder") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return about


def _written(engine: sa.Engine, work: Path) -> Backup:
    whole, rows, files = hashlib.sha256(), 0, 0
    with (work / _ROWS).open("wb") as plain, gzip.GzipFile("", "wb", 6, plain, mtime=0) as packed:

        def put(document: Mapping[str, Any]) -> None:
            line = json.dumps(document, ensure_ascii=False).encode() + b"\n"
            whole.update(line)
            packed.write(line)

        for row in _rows(engine):
            put(row)
            rows += "row" in row
        # After the rows, so that what they name has come already; its content never changes.
        for name, source in _kept():
            put({"file": name, "sha256": _copied(source, work / _FILES / name)})
            files += 1
    count = rows + files + sum(1 for table in _TABLES.values() if _numbered(table) is not None)
    about = Backup(
        version=VERSION, skillbank=__version__, made=now(), rows=rows, files=files, lines=count,
        sha256=whole.hexdigest(),
    )  # fmt: skip
    (work / _ABOUT).write_text(about.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for path in (work / _ROWS, work / _ABOUT, work):
        _to_disk(path)
    return about


def _rows(engine: sa.Engine) -> Iterator[dict[str, Any]]:
    """Yield all rows, as they are at one moment, and which number each table has given last."""
    with reading(engine) as db:
        for table in _TABLES.values():
            query = sa.select(table).order_by(*table.primary_key.columns)
            for row in db.execute(query.execution_options(yield_per=_PORTION)).mappings():
                yield {"table": table.name, "row": {name: _said(value) for name, value in row.items()}}
            if _numbered(table) is not None:
                yield {"table": table.name, "last": _last(db, table)}


def _numbered(table: sa.Table) -> sa.Column[Any] | None:
    """Return the column whose numbers the database gives; None where it gives none."""
    return table.autoincrement_column


def _last(db: sa.Connection, table: sa.Table) -> int:
    """Return the last number that a table has given, also when its row is there no more."""
    column = table.autoincrement_column
    assert column is not None
    found = db.scalar(sa.select(sa.func.max(column))) or 0
    if db.dialect.name == "sqlite":
        if not table.dialect_options["sqlite"].get("autoincrement"):
            return int(found)
        given = db.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    else:
        sequence = sa.text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, :column))")
        given = db.scalar(sequence, {"table": table.name, "column": column.name})
    return max(int(found), int(given or 0))


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


def _said(value: Any) -> Any:
    if isinstance(value, datetime):
        return (aware(value) or value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value


def _read(table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    if set(row) != set(table.columns.keys()):
        raise ValueError(f"{table.name} has other columns")
    return {column.name: _value(column, row[column.name]) for column in table.columns}


def _value(column: sa.Column[Any], value: Any) -> Any:
    kind: Mapping[type[Any], Callable[[str], Any]] = {
        sa.DateTime: datetime.fromisoformat,
        sa.Date: date.fromisoformat,
        sa.LargeBinary: base64.b64decode,
    }
    said = next((read for each, read in kind.items() if isinstance(column.type, each)), None)
    return value if value is None or said is None else said(value)


# Files of the home


def _folders() -> dict[str, Path]:
    return {"pictures": pictures_dir(), "label-lists": lists(), "plans": home() / "plans"}


def _kept() -> Iterator[tuple[str, Path]]:
    """Yield what the home keeps and no database knows: name in the backup, and file."""
    for name, folder in _folders().items():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                yield f"{name}/{path.relative_to(folder).as_posix()}", path


def _copied(source: Path, target: Path) -> str:
    """Copy a file and return its digest; it is there as a whole or not at all."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    work = target.with_name(f".{target.name}.{os.getpid()}.part")
    whole = hashlib.sha256()
    try:
        with source.open("rb") as read, work.open("wb") as write:
            while piece := read.read(1 << 20):
                whole.update(piece)
                write.write(piece)
        work.replace(target)
    except OSError as error:
        raise DataError(f"{source} cannot be copied to {target.parent}: {error.strerror}") from None
    finally:
        work.unlink(missing_ok=True)
    return whole.hexdigest()


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# Back again


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
        target = _folders()[first] / rest
        if not (target.is_file() and _digest(target) == sha256):
            _copied(folder / _FILES / name, target)
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
            db.execute(sa.text(f"LOCK TABLE {', '.join(_TABLES)} IN ACCESS EXCLUSIVE MODE"))
        yield db


def _fill(db: sa.Connection, lines: Iterator[Mapping[str, Any]]) -> None:
    waiting: dict[str, list[dict[str, Any]]] = {}
    numbers: dict[str, int] = {}

    def put(name: str) -> None:
        if rows := waiting.pop(name, []):
            db.execute(_TABLES[name].insert(), rows)

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
        rows.append(_read(_TABLES[name], line["row"]))
        if len(rows) >= _PORTION:
            put(name)
    for name in list(waiting):
        put(name)
    for name, last in numbers.items():
        _number_on(db, _TABLES[name], last)


def _refuse_used(db: sa.Connection) -> None:
    used = [name for name, table in _TABLES.items() if db.execute(sa.select(table).limit(1)).first()]
    if used:
        raise UsageError(
            f"this store is in use: it has {', '.join(used[:4])}; a backup is restored into an empty one, "
            "named by SKILLBANK_HOME or SKILLBANK_DATABASE_URL"
        )


def _refuse_other_files(files: Mapping[str, str]) -> None:
    for name, path in _kept():
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
            or place.parts[0] not in _folders()
        ):
            raise _strange(folder, f"it has a file {one_line(name, 100)}")
        path = folder / _FILES / name
        if path.is_symlink() or not path.is_file() or _digest(path) != sha256:
            raise _strange(folder, f"{_FILES}/{one_line(name, 100)} is not what was backed up")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _about(folder: Path) -> Backup:
    try:
        about = Backup.model_validate_json((folder / _ABOUT).read_bytes())
    except FileNotFoundError:
        raise DataNotFoundError(
            f"there is no backup {folder}; name a folder that skillbank team backup has written"
        ) from None
    except (OSError, ValidationError) as error:
        raise _strange(folder, one_line(error, 200)) from None
    if about.version != VERSION:
        raise DataError(
            f"the backup {folder} is of tables of version {about.version} (skillbank {about.skillbank}), and "
            f"these are of {VERSION}; restore it with that skillbank, and open the store with this one then"
        )
    return about


def _lines(folder: Path, about: Backup) -> Iterator[dict[str, Any]]:
    """Yield the lines of a backup; an error at their end says that they are not those that were written."""
    whole, count = hashlib.sha256(), 0
    try:
        with gzip.open(folder / _ROWS, "rb") as packed:
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
