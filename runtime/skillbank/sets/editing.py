"""What people do to boxes and pictures: draw, move, rename, accept, reject, review."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from typing import Any, Literal

import sqlalchemy as sa

from skillbank.errors import UsageError
from skillbank.sets.accepting import confirm, give_back
from skillbank.sets.derived import derive
from skillbank.sets.geometry import inside
from skillbank.sets.log import imported_boxes
from skillbank.sets.logged import logged
from skillbank.sets.model import (
    IMPORTED,
    Accept,
    Add,
    Change,
    Corners,
    Operation,
    Reject,
    Review,
    SetNotFoundError,
    VersionConflictError,
)
from skillbank.sets.rows import state_of
from skillbank.sets.tables import BOXES, CLAIMS, LABEL_EVENTS
from skillbank.sets.writing import Writing

__all__ = ["decide", "edit", "reclass"]

_MOST_SECONDS = 3600.0
"""On one picture, in one edit: a page that was left open is no work."""
_LEAST = 1.0


def edit(change: Writing, number: int, operations: Sequence[Operation], version: int, seconds: float) -> None:
    """Do operations to one picture, all of them or none.

    Raises
    ------
    VersionConflictError
        When the picture is not at this version.
    SetNotFoundError
        When the set has no such picture, or the picture no such box.
    UsageError
        When a box lies outside of the picture, or the time is none.
    """
    if not math.isfinite(seconds) or seconds < 0:
        raise UsageError(f"the time spent on a picture is a number of seconds, and {seconds} is none")
    state = state_of(change.db, change.set_id, number)
    if state.row.version != version:
        raise VersionConflictError(state)
    size = state.row.width, state.row.height
    seen = {box.number for box in state.boxes if box.shown}
    for operation in operations:
        if isinstance(operation, Add):
            _add(change, number, operation, size)
        elif isinstance(operation, Review):
            _review(change, number, operation.state, seen)
        else:
            _decide(change, _box(change, operation.number, number), operation, size)
    spent = min(seconds, _MOST_SECONDS)
    if change.changed or spent:
        change.note("edit", number, seconds=spent)
    if spent:
        change.spend(number, spent)
    if any(isinstance(operation, Review) for operation in operations):
        claim = CLAIMS.c.set_id == change.set_id, CLAIMS.c.picture == number, CLAIMS.c.who == change.who
        change.db.execute(CLAIMS.delete().where(*claim))


def decide(change: Writing, boxes: Mapping[int, Literal["accept", "reject"]]) -> int:
    """Accept and reject boxes of any pictures; return how many that has changed."""
    count = 0
    for number, decision in boxes.items():
        if decision not in ("accept", "reject"):
            raise UsageError(f"a box is decided by accept or reject, and '{decision}' is neither")
        operation: Operation = Accept(number) if decision == "accept" else Reject(number)
        count += _decide(change, _box(change, number), operation, None)
    if change.changed:
        change.note("decide")
    return count


def reclass(change: Writing, boxes: Sequence[int], class_number: int) -> int:
    """Give boxes of any pictures another class; return how many that has changed."""
    count = sum(
        _decide(change, _box(change, number), Change(number, class_number), None)
        for number in dict.fromkeys(boxes)
    )
    if change.changed:
        change.note("decide")
    return count


def _box(change: Writing, number: int, picture: int | None = None) -> tuple[int, dict[str, object]]:
    fields = change.get("box", number)
    if fields is None or picture not in (None, fields["picture"]):
        where = "the set" if picture is None else "the picture"
        raise SetNotFoundError(f"{where} has no box {number} any more; look at it again")
    return number, fields


def _add(change: Writing, picture: int, operation: Add, size: tuple[int, int]) -> None:
    class_number = change.meant(operation.class_number).number
    x1, y1, x2, y2 = _corners(operation.box, size)
    change.make(
        "box",
        {
            "picture": picture,
            "class": class_number,
            "x1": x1,
            "y1": y1,
            "x2": x2,
            "y2": y2,
            "score": None,
            "caption": "",
            "origin": change.who,
            "run": None,
            "state": "accepted",
            "by": change.who,
            "first": None,
        },
    )


def _decide(
    change: Writing,
    box: tuple[int, dict[str, Any]],
    operation: Operation,
    size: tuple[int, int] | None,
) -> bool:
    number, fields = box
    if isinstance(operation, Change):
        return _change(change, number, fields, operation, size)
    asked: dict[str, object]
    if isinstance(operation, Accept):
        state = "edited" if fields["first"] else "accepted"
        asked = {"state": state, "by": change.who} if fields["state"] != state else {}
    elif isinstance(operation, Reject):
        asked = {"state": "rejected", "by": change.who} if fields["state"] != "rejected" else {}
    elif fields["origin"] == IMPORTED:
        asked = _as_it_came(change, number, fields)
    elif fields["run"] is None:
        asked = {"state": "accepted", "by": change.who} if fields["state"] == "rejected" else {}
    elif fields["first"]:
        class_number, x1, y1, x2, y2 = fields["first"]
        class_number = change.heir(class_number) or fields["class"]
        asked = {"state": "proposed", "by": None, "first": None, "class": class_number}
        asked |= {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    else:
        asked = {"state": "proposed", "by": None}
    return change.change("box", number, fields, asked)


def _as_it_came(change: Writing, number: int, fields: dict[str, object]) -> dict[str, object]:
    """Return what a box of a data set was when it came: accepted, or a proposal to be reviewed."""
    came = imported_boxes(change, LABEL_EVENTS.c.picture == fields["picture"]).get(number)
    if came is None:
        return {}
    class_number = change.heir(came["class"]) or fields["class"]
    kept = {name: came[name] for name in ("x1", "y1", "x2", "y2", "state")}
    return {**kept, "class": class_number, "by": None}


def _change(
    change: Writing,
    number: int,
    fields: dict[str, object],
    operation: Change,
    size: tuple[int, int] | None,
) -> bool:
    asked: dict[str, object] = {}
    if operation.class_number is not None:
        asked["class"] = change.meant(operation.class_number).number
    if operation.box is not None and size is not None:
        asked |= dict(zip(("x1", "y1", "x2", "y2"), _corners(operation.box, size), strict=True))
    if all(fields[name] == value for name, value in asked.items()):
        return False
    if fields["run"] is None:
        asked |= {"state": "accepted", "by": change.who}
    else:
        first = fields["first"] or [fields[k] for k in ("class", "x1", "y1", "x2", "y2")]
        asked |= {"state": "edited", "by": change.who, "first": first}
    return change.change("box", number, fields, asked)


def _review(change: Writing, number: int, state: str, seen: Set[int]) -> None:
    """Say how a picture stands; what was shown when the edit began, and still is, is accepted.

    Where an operation of the same edit rejects a box, another name for its place may take over; whoever
    reviews has not seen it.
    """
    if state not in ("todo", "reviewed", "skipped"):
        raise UsageError(f"a picture is todo, reviewed or skipped, and '{state}' is none of these")
    fields = change.get("picture", number)
    assert fields is not None
    is_reviewed = state == "reviewed"
    if is_reviewed and fields["state"] != "reviewed":
        _accept_shown(change, number, seen)
    is_unseen = is_reviewed and fields["reviewed_by"] is None  # its labels came in as they are
    if fields["state"] == "accepted":
        (confirm if is_reviewed else give_back)(change, number)
    if fields["state"] != state or is_unseen:
        by, at = (change.who, change.at) if is_reviewed else (None, None)
        change.change("picture", number, fields, {"state": state, "reviewed_by": by, "reviewed_at": at})
    if is_reviewed:
        change.set_apart(number, 0, 0.0)  # who looks through it has seen what models say


def _accept_shown(change: Writing, number: int, seen: Set[int]) -> None:
    """Accept the proposals of a picture that are shown, of those that were seen."""
    if change.changed:
        change.flush()
        derive(change.db, change.set_id, [number])
    shown = sa.select(BOXES).where(
        BOXES.c.set_id == change.set_id,
        BOXES.c.picture == number,
        BOXES.c.state == "proposed",
        BOXES.c.shown,
    )
    rows = change.db.execute(shown.order_by(BOXES.c.number)).mappings()
    left = {row["number"]: logged("box", row) for row in rows if row["number"] in seen}
    change.change_all("box", left, {box: {"state": "accepted", "by": change.who} for box in left})


def _corners(box: Corners, size: tuple[int, int]) -> Corners:
    if len(box) != 4:
        raise UsageError("a box has four corners' numbers: x1, y1, x2, y2")
    if box[2] < box[0] or box[3] < box[1]:
        raise UsageError(
            f"the box {', '.join(f'{value:g}' for value in box)} ends before it begins; its numbers are the "
            "corners x1, y1, x2, y2"
        )
    cut = inside(box, *size, least=_LEAST)
    if cut is None:
        raise UsageError(
            f"the box {', '.join(f'{value:g}' for value in box)} has no pixel in the picture of "
            f"{size[0]} x {size[1]}; draw it inside"
        )
    return cut
