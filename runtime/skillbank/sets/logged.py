"""Things of a set in the form that its log keeps: plain JSON, without what is counted or derived."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from skillbank.sets.tables import BOXES, CLASSES, DERIVED, PICTURES, RUNS
from skillbank.stored import aware, storable

__all__ = ["THINGS", "clean", "from_log", "logged"]

THINGS = {"class": CLASSES, "picture": PICTURES, "box": BOXES, "run": RUNS}
_UNLOGGED = {"set_id", "number", "version", "seconds"}
_KEPT = {
    what: tuple(
        column.name
        for column in table.columns
        if column.name not in _UNLOGGED and column.name not in DERIVED.get(table.name, ())
    )
    for what, table in THINGS.items()
}
_TIMES = ("reviewed_at", "started", "finished")
_AS_THEY_ARE = (float, int, bool, type(None))


def logged(what: str, row: sa.RowMapping) -> dict[str, object]:
    """Return the fields of a thing that the log keeps."""
    fields = {name: row[name] for name in _KEPT[what]}
    for name in _TIMES:
        if fields.get(name) is not None:
            fields[name] = aware(fields[name]).isoformat()
    return fields


def from_log(fields: Mapping[str, Any]) -> dict[str, object]:
    """Return fields of the log as the tables take them."""
    times = {k: datetime.fromisoformat(fields[k]) for k in _TIMES if fields.get(k)}
    return {**fields, **times}


def clean(fields: Mapping[str, object]) -> dict[str, Any]:
    """Return fields as the log keeps them: what JSON gives back is what went in."""
    return {k: v if type(v) in _AS_THEY_ARE else _plain(v) for k, v in fields.items()}


def _plain(value: object) -> object:
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value
