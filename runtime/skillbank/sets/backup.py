"""A set as one file: everything that is known of it but the pictures, which stay where they lie."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from skillbank.errors import DataError, DataNotFoundError, UsageError
from skillbank.sets.label_set import LabelSet
from skillbank.sets.soundness import check_row, check_whole
from skillbank.sets.store import SetStore, checked_name
from skillbank.sets.tables import CLAIMS, SETS, SETS_META
from skillbank.sets.transactions import reading, writing
from skillbank.stored import as_json, from_json
from skillbank.team import audit
from skillbank.team.acting import who
from skillbank.team.rights import Right
from skillbank.visible import one_line
from skillbank.ways import command, option

__all__ = ["backup", "restore"]

_KIND = "skillbank label set"
_FORMAT = 1
_TABLES = [table for table in SETS_META.sorted_tables if table not in (SETS, CLAIMS)]
_PORTION = 1000
_LONGEST = 1 << 29
"""Bytes of a line: an event may tell of all boxes of a large set, a small file may unpack to more."""


def backup(labels: LabelSet, file: Path) -> int:
    """Write a set into a new file, a line a row, packed; return the number of rows.

    The file is there as a whole or not at all.

    Raises
    ------
    UsageError
        When there is something at its place.
    """
    if file.exists():
        raise UsageError(f"{file} is there already; give the name of a new file")
    file.parent.mkdir(parents=True, exist_ok=True)
    work = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    whole, count = hashlib.sha256(), 0
    try:
        with work.open("wb") as plain, gzip.GzipFile("", "wb", fileobj=plain, mtime=0) as packed:
            for document in _documents(labels):
                line = json.dumps(document, ensure_ascii=False).encode() + b"\n"
                whole.update(line)
                packed.write(line)
                count += 1
            end = {"end": True, "lines": count, "sha256": whole.hexdigest()}
            packed.write(json.dumps(end).encode() + b"\n")
        os.link(work, file)  # never over what came there meanwhile
    except FileExistsError:
        raise UsageError(f"{file} is there already; give the name of a new file") from None
    finally:
        work.unlink(missing_ok=True)
    return count - 1


def _documents(labels: LabelSet) -> Iterator[dict[str, object]]:
    with reading(labels.engine) as db:
        head = db.execute(sa.select(SETS).where(SETS.c.id == labels.id)).mappings().one()
        yield {"kind": _KIND, "format": _FORMAT, "set": _row(head, "id")}
        for table in _TABLES:
            query = sa.select(table).where(table.c.set_id == labels.id)
            for row in db.execute(query.order_by(*table.primary_key.columns)).mappings():
                yield {"table": table.name, "row": _row(row, "set_id")}


def _row(row: Mapping[str, object] | sa.RowMapping, left: str) -> dict[str, object]:
    return {str(name): as_json(value) for name, value in row.items() if name != left}


def restore(sets: SetStore, file: Path, name: str | None = None) -> LabelSet:
    """Make the set that a file holds anew, with its numbers and its log; all of it or nothing.

    Raises
    ------
    DataNotFoundError, DataError
        When the file is not there, is none of a set, or is not whole.
    UsageError
        When there is a set of this name.
    ForbiddenError
        When who acts may not label.
    """
    audit.permit(lambda: sets.engine, Right.LABEL, "label.restore", str(file))
    lines = _lines(file)
    head = next(lines, {})
    said = head.get("set")
    if not isinstance(said, dict):
        raise DataError(f"{file} is no backup of a label set: it holds none; name another file")
    wanted = checked_name(name or str(said.get("name", "")))
    if wanted in sets:
        raise UsageError(
            f"there is a label set {wanted} already; restore it under another name with "
            f"{option('as', 'NAME')}"
        )
    tables = {table.name: table for table in _TABLES}
    try:
        own = _read(SETS, said) | {"name": wanted, "project": who().project}
        check_row(SETS, own)
        with writing(sets.engine) as db:
            [set_id] = db.execute(SETS.insert().values(**own)).inserted_primary_key or [0]
            waiting: dict[str, list[dict[str, object]]] = {}
            for line in lines:
                table = tables[line["table"]]
                rows = waiting.setdefault(table.name, [])
                row = _read(table, line["row"])
                check_row(table, row)
                rows.append({"set_id": set_id, **row})
                if len(rows) >= _PORTION:
                    db.execute(table.insert(), waiting.pop(table.name))
            for table_name, rows in waiting.items():
                db.execute(tables[table_name].insert(), rows)
            check_whole(db, set_id)
            audit.record(db, "label.restore", f"set:{wanted}")
    except (LookupError, TypeError, ValueError, AttributeError, sa.exc.StatementError) as error:
        raise DataError(f"{file} is no backup of a label set: {one_line(error)}; name another file") from None
    return LabelSet(sets.engine, set_id, wanted)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the documents of a file; an error at its end says that it is not whole."""
    if not file.is_file():
        raise DataNotFoundError(
            f"there is no file {file}; name a file that {command('sets backup')} has written"
        )
    whole, count = hashlib.sha256(), 0
    try:
        with gzip.open(file, "rb") as packed:
            while line := packed.readline(_LONGEST):
                if not line.endswith(b"\n"):
                    break
                document = json.loads(line)
                if document.get("end"):
                    if (document["lines"], document["sha256"]) == (count, whole.hexdigest()):
                        return
                    break
                if count == 0 and (document.get("kind"), document.get("format")) != (_KIND, _FORMAT):
                    raise DataError(
                        f"{file} is no backup of a label set that this version reads; name another file"
                    )
                whole.update(line)
                count += 1
                yield document
    except (OSError, EOFError, ValueError, AttributeError, KeyError, RecursionError, zlib.error) as error:
        raise DataError(
            f"{file} cannot be read as a backup of a label set: {one_line(error)}; name another file"
        ) from None
    raise DataError(
        f"{file} is not whole: it was cut or changed, and nothing was restored; name another file"
    )


def _read(table: sa.Table, row: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for column in table.columns:
        if column.name in ("id", "set_id"):
            continue
        if column.name not in row and column.server_default is not None:
            continue  # backups of before it was there
        found[column.name] = from_json(column, row[column.name])
    return found
