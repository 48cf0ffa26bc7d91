"""Whether rows that come from elsewhere are what a store could have written: a backup may be anybody's."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import sqlalchemy as sa

from skillbank.datasets.depths import REAL, STATED, WHOLE
from skillbank.errors import UsageError
from skillbank.sets.adding import below
from skillbank.sets.classes import LONGEST
from skillbank.sets.derived import derive
from skillbank.sets.logged import THINGS
from skillbank.sets.model import person_named
from skillbank.sets.tables import BOXES, CLASSES, LABEL_EVENTS, LOOKS, PICTURES, RUNS, SEEN, SETS
from skillbank.sets.writing import COUNTERS
from skillbank.stored import storable
from skillbank.visible import one_line

__all__ = ["check_row", "check_whole"]

_MOST = (1 << 31) - 1
_SHA256 = re.compile("[0-9a-f]{64}")
_RUN = re.compile(r"run [1-9][0-9]{0,9}")
Check = Callable[[Any], bool]


def check_row(table: sa.Table, row: Mapping[str, Any]) -> None:
    """See that a row holds what its table takes."""
    for name, value in row.items():
        if not _may_be(table, name, value):
            raise ValueError(f"{table.name} has a {name} that cannot be: {one_line(repr(value)[:200], 60)}")
    if table is BOXES and not (0 <= row["x1"] < row["x2"] and 0 <= row["y1"] < row["y2"]):
        raise ValueError(f"the box {row['number']} has no inside")
    if table is LABEL_EVENTS:
        _check_event(row["body"])


def _may_be(table: sa.Table, name: str, value: object) -> bool:
    column = table.c[name]
    if value is None:
        return bool(column.nullable)
    check = _CHECKS.get(table.name, {}).get(name, _anything)
    return _fits(column.type, value) and check(value)


def _anything(value: object) -> bool:
    return True


def _fits(kind: sa.types.TypeEngine[object], value: object) -> bool:
    """Whether a value is of a column's type, within what every database holds."""
    if isinstance(kind, sa.Boolean):
        return isinstance(value, bool)
    if isinstance(kind, sa.Integer):
        return type(value) is int and 0 <= value <= _MOST
    if isinstance(kind, sa.Double):
        return _is_number(value)
    if isinstance(kind, sa.String):
        return isinstance(value, str) and storable(value) == value and len(value) <= (kind.length or _MOST)
    if isinstance(kind, sa.DateTime):
        return isinstance(value, datetime) and value.tzinfo is not None
    return isinstance(value, bytes) if isinstance(kind, sa.LargeBinary) else True


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_person(name: object) -> bool:
    try:
        return isinstance(name, str) and person_named(name) == name
    except UsageError:
        return False


def _is_name(text: object) -> bool:
    return isinstance(text, str) and 0 < len(text) <= LONGEST and " ".join(text.split()) == text


def _are_names(texts: object) -> bool:
    return isinstance(texts, list) and all(map(_is_name, texts))


def _is_place(place: str) -> bool:
    return place == "" or place.startswith("s3://") or PurePosixPath(place).is_absolute()


def _is_first(first: object) -> bool:
    return (
        isinstance(first, list) and len(first) == 5 and type(first[0]) is int and all(map(_is_number, first))
    )


def _are_captions(captions: object) -> bool:
    return isinstance(captions, dict) and all(
        number.isascii() and number.isdigit() and isinstance(said, list) and len(said) == 2
        and all(map(_are_names, said))
        for number, said in captions.items()
    )  # fmt: skip


def _are_settings(settings: object) -> bool:
    return (
        isinstance(settings, dict)
        and all(_is_share(settings.get(name)) for name in ("nms", "across", "least"))
        and all(isinstance(settings.get(name, ""), str) for name in ("tiles", "precision"))
    )


def _are_repeats(again: object) -> bool:
    return isinstance(again, list) and all(
        isinstance(each, list) and [type(part) for part in (*each[:1], *each[2:])] == [int, bool]
        and _is_share(each[1])
        for each in again
    )  # fmt: skip


def _one_of(*words: object) -> Check:
    return lambda value: value in words


_CHECKS: dict[str, dict[str, Check]] = {
    SETS.name: {"val": lambda share: 0 <= share <= 0.9, "learns": _one_of(0, 1)},
    CLASSES.name: {
        "name": _is_name,
        "captions": _are_names,
        "not_captions": _are_names,
        "threshold": _is_share,
    },
    PICTURES.name: {
        "sha256": lambda text: _SHA256.fullmatch(text) is not None,
        "name": lambda name: below(name) == name,
        "place": _is_place,
        "width": lambda pixels: pixels > 0,
        "height": lambda pixels: pixels > 0,
        "split": _one_of("train", "val"),
        "state": _one_of("todo", "reviewed", "skipped", "accepted"),
        "reviewed_by": _is_person,
        "seconds": lambda seconds: seconds >= 0,
        "deep": _one_of("", STATED, WHOLE, REAL),
    },
    BOXES.name: {
        "score": _is_share,
        "origin": lambda name: name == "imported" or _RUN.fullmatch(name) is not None or _is_person(name),
        "state": _one_of("proposed", "accepted", "edited", "rejected"),
        "by": _is_person,
        "first": _is_first,
        "chance": _is_share,
    },
    LABEL_EVENTS.name: {"who": lambda name: _RUN.fullmatch(name) is not None or _is_person(name)},
    RUNS.name: {
        "captions": _are_captions,
        "settings": _are_settings,
        "threshold": _is_share,
        "who": _is_person,
    },
}


def _check_event(body: object) -> None:
    """See that an event holds changes that an undo can turn around."""
    if not isinstance(body, dict) or not isinstance(body.get("changes"), list):
        raise ValueError("an event of the log has no changes")
    if not _are_repeats(body.get("again", [])):
        raise ValueError("an event of the log repeats what cannot be")
    for entry in body["changes"]:
        what, number = entry["what"], entry["number"]
        if what == "set":
            continue
        if what not in THINGS or type(number) is not int or not 0 < number <= _MOST:
            raise ValueError("an event of the log is about nothing that a set has")
        for fields in (entry["before"], entry["after"]):
            if fields is not None:
                _check_logged(THINGS[what], fields)


def _check_logged(table: sa.Table, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        column = table.c.get(name)
        # Times stand in the log as texts.
        is_time = column is not None and isinstance(column.type, sa.DateTime)
        said = datetime.fromisoformat(value) if is_time and value is not None else value
        if column is None or name in ("set_id", "number") or not _may_be(table, name, said):
            raise ValueError(f"an event of the log has changed a {one_line(name, 60)} to what cannot be")


def check_whole(db: sa.Connection, set_id: int) -> None:
    """See that the rows of a set belong together, and work out anew what follows from them.

    Raises
    ------
    ValueError
        When a number is used that was not given yet, or a row is about what is not there.
    """
    head = db.execute(sa.select(SETS).where(SETS.c.id == set_id)).mappings().one()
    for what, counter in COUNTERS.items():
        table = THINGS[what]
        least, most = db.execute(
            sa.select(sa.func.min(table.c.number), sa.func.max(table.c.number)).where(
                table.c.set_id == set_id
            )
        ).one()
        if most is not None and (least < 1 or most > head[counter]):
            raise ValueError(f"it has a {what} of a number that was not given yet")
    events = LABEL_EVENTS.c
    least, most, count = db.execute(
        sa.select(sa.func.min(events.seq), sa.func.max(events.seq), sa.func.count()).where(
            events.set_id == set_id
        )
    ).one()
    if (least or 1, most or 0, count) != (1, head["version"], head["version"]):
        raise ValueError("its log has gaps")
    for column, table in (
        (BOXES.c.picture, PICTURES), (BOXES.c["class"], CLASSES), (BOXES.c.run, RUNS),
        (CLASSES.c.threshold_run, RUNS),
        (LOOKS.c.picture, PICTURES), (SEEN.c.picture, PICTURES), (SEEN.c.run, RUNS),
    ):  # fmt: skip
        numbers = sa.select(table.c.number).where(table.c.set_id == set_id)
        lost = sa.select(column).where(
            column.table.c.set_id == set_id, column.is_not(None), column.not_in(numbers)
        )
        if db.execute(lost.limit(1)).first() is not None:
            raise ValueError(f"{column.table.name} is about a {column.name} that is not there")
    living = sa.select(CLASSES.c.name).where(CLASSES.c.set_id == set_id, ~CLASSES.c.gone)
    names = db.scalars(living).all()
    if len(set(names)) < len(names):
        raise ValueError("two of its classes have one name")
    outside = (
        sa.select(BOXES.c.number)
        .join(PICTURES, (PICTURES.c.set_id == BOXES.c.set_id) & (PICTURES.c.number == BOXES.c.picture))
        .where(BOXES.c.set_id == set_id)
        .where((BOXES.c.x2 > PICTURES.c.width) | (BOXES.c.y2 > PICTURES.c.height))
    )
    if db.execute(outside.limit(1)).first() is not None:
        raise ValueError("a box lies outside of its picture")
    derive(db, set_id, db.scalars(sa.select(PICTURES.c.number).where(PICTURES.c.set_id == set_id)).all())
