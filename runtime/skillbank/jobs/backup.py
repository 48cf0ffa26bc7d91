"""A whole store as a folder: every row of one moment, and the files of the home that nothing can make again.

The folder has ``rows.jsonl.gz``, a line a row and a line a file; ``files/``; and ``backup.json``, written
last, with the digest of the lines. A backup that was cut off lacks it, or has another name, and is none.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from skillbank import __version__
from skillbank.errors import DataError, UsageError
from skillbank.home import home, pictures_dir
from skillbank.jobs.database import LEASES, META, VERSIONS
from skillbank.jobs.label_jobs import lists
from skillbank.jobs.migrations import VERSION
from skillbank.sets.kept_pictures import keeping
from skillbank.sets.tables import CLAIMS, SETS_META
from skillbank.sets.transactions import reading
from skillbank.stored import as_json, now
from skillbank.team import audit
from skillbank.team.rights import Right
from skillbank.team.tables import TEAM_META
from skillbank.whole_files import replacing, to_disk

__all__ = ["ABOUT", "FILES", "PORTION", "ROWS", "TABLES", "Backup", "backup", "copied", "folders", "kept"]

_MOMENTARY = (VERSIONS, LEASES, CLAIMS)
"""What is of this installation, or of processes that work just now."""
TABLES = {
    table.name: table
    for meta in (META, SETS_META, TEAM_META)
    for table in meta.sorted_tables
    if table not in _MOMENTARY
}
ROWS, FILES, ABOUT = "rows.jsonl.gz", "files", "backup.json"
PORTION = 1000


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
    with (work / ROWS).open("wb") as plain, gzip.GzipFile("", "wb", 6, plain, mtime=0) as packed:

        def put(document: Mapping[str, object]) -> None:
            line = json.dumps(document, ensure_ascii=False).encode() + b"\n"
            whole.update(line)
            packed.write(line)

        for row in _rows(engine):
            put(row)
            rows += "row" in row
        # After the rows, so that what they name has come already; its content never changes.
        for name, source in kept():
            put({"file": name, "sha256": copied(source, work / FILES / name)})
            files += 1
    count = rows + files + sum(1 for table in TABLES.values() if _numbered(table) is not None)
    about = Backup(
        version=VERSION, skillbank=__version__, made=now(), rows=rows, files=files, lines=count,
        sha256=whole.hexdigest(),
    )  # fmt: skip
    (work / ABOUT).write_text(about.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for path in (work / ROWS, work / ABOUT, work):
        to_disk(path)
    return about


def _rows(engine: sa.Engine) -> Iterator[dict[str, object]]:
    """Yield all rows, as they are at one moment, and which number each table has given last."""
    with reading(engine) as db:
        for table in TABLES.values():
            query = sa.select(table).order_by(*table.primary_key.columns)
            for row in db.execute(query.execution_options(yield_per=PORTION)).mappings():
                yield {"table": table.name, "row": {name: as_json(value) for name, value in row.items()}}
            if _numbered(table) is not None:
                yield {"table": table.name, "last": _last(db, table)}


def _numbered(table: sa.Table) -> sa.Column[int] | None:
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


# Files of the home


def folders() -> dict[str, Path]:
    """Return the folders of the home that a backup has, by their names in it."""
    return {"pictures": pictures_dir(), "label-lists": lists(), "plans": home() / "plans"}


def kept() -> Iterator[tuple[str, Path]]:
    """Yield what the home keeps and no database knows: name in the backup, and file."""
    for name, folder in folders().items():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                yield f"{name}/{path.relative_to(folder).as_posix()}", path


def copied(source: Path, target: Path) -> str:
    """Copy a file and return its digest; it is there as a whole or not at all."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    whole = hashlib.sha256()
    try:
        with replacing(target) as work, source.open("rb") as read, work.open("wb") as write:
            while piece := read.read(1 << 20):
                whole.update(piece)
                write.write(piece)
    except OSError as error:
        raise DataError(f"{source} cannot be copied to {target.parent}: {error.strerror}") from None
    return whole.hexdigest()
