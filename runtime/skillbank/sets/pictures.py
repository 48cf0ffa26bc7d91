"""Pictures of a set: added by content, dealt to a split once, listed in pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from skillbank.errors import UsageError
from skillbank.sets.grouping import groups_with
from skillbank.sets.logged import logged
from skillbank.sets.model import Added, Filter, FoundPicture, PictureRow, SetNotFoundError
from skillbank.sets.rows import picture_of
from skillbank.sets.tables import BOXES, LOOKS, PICTURES
from skillbank.sets.writing import Writing
from skillbank.stored import storable
from skillbank.visible import one_line

__all__ = ["FILTERS", "ORDERS", "add_pictures", "below", "list_pictures"]

FILTERS = ("all", "todo", "reviewed", "skipped", "unsure", "disagreeing", "empty", "near_duplicates")
ORDERS = ("name", "number", "use")
_UNSURE = 0.1
"""Distance to the threshold below which a proposal is unsure."""


def add_pictures(
    change: Writing, found: Iterable[FoundPicture], splits: Mapping[str, str] | None = None
) -> Added:
    """Add pictures whose content the set does not have; those that lie elsewhere now are followed.

    Parameters
    ----------
    splits
        The splits, by content, that pictures had where they come from; all others are dealt.
    """
    change.flush()
    rows = change.db.execute(sa.select(PICTURES).where(PICTURES.c.set_id == change.set_id)).mappings()
    there = [(row["number"], logged("picture", row)) for row in rows]
    by_content = {fields["sha256"]: (number, fields) for number, fields in there}
    at = {fields["place"]: (number, fields) for number, fields in there if fields["place"]}
    names = {fields["name"] for _, fields in there}
    fresh: dict[str, FoundPicture] = {}
    known, moved = [], []
    every = list(found)
    for picture in every:
        if storable(picture.place) != picture.place:
            raise UsageError(
                f"{one_line(picture.place, 200)} has a name that is no text, so that it could not be found "
                "again; rename it"
            )
        other = at.get(picture.place)
        if other is not None and other[1]["sha256"] != picture.sha256:
            # Its file holds something else now: what was marked must not be shown on that. All are asked
            # before any is followed, since files may have changed places.
            _move(change, *other, "")
            del at[picture.place]
    for picture in every:
        if picture.sha256 in fresh:
            continue
        if picture.sha256 not in by_content:
            fresh[picture.sha256] = picture
            continue
        number, fields = by_content[picture.sha256]
        if fields["place"] != picture.place and not _is_there(fields["place"]):
            _move(change, number, fields, picture.place)
            moved.append(number)
        else:
            known.append(number)
    new = _make(change, list(fresh.values()), there, names, splits or {})
    return Added(new, tuple(dict.fromkeys(known)), tuple(dict.fromkeys(moved)))


def _is_there(place: str) -> bool:
    """Whether a file may still be at its place; of one that is not on this machine nobody knows."""
    return "://" in place or (place != "" and Path(place).is_file())


def _move(change: Writing, number: int, fields: dict[str, Any], place: str) -> None:
    change.change("picture", number, dict(fields), {"place": place})
    fields["place"] = place


def _make(
    change: Writing,
    fresh: list[FoundPicture],
    there: list[tuple[int, dict[str, Any]]],
    names: set[str],
    said: Mapping[str, str],
) -> tuple[int, ...]:
    numbers = [change.row["last_picture"] + i + 1 for i in range(len(fresh))]
    groups = groups_with(change.db, change.set_id, list(zip(numbers, fresh, strict=True)))
    splits = {number: fields["split"] for number, fields in there}
    of_group = {fields["group"]: fields["split"] for _, fields in there}
    given = {n: said[p.sha256] for n, p in zip(numbers, fresh, strict=True) if p.sha256 in said}
    splits |= given
    of_group |= {groups[number]: split for number, split in given.items() if groups[number] not in of_group}
    _deal(
        change.row["val"],
        splits,
        of_group,
        [(groups[n], n, p) for n, p in zip(numbers, fresh, strict=True) if n not in given],
    )
    for number, picture in zip(numbers, fresh, strict=True):
        if picture.width < 1 or picture.height < 1:
            raise UsageError(f"{one_line(picture.name)} has no size; look at it before it is added")
        change.make(
            "picture",
            {
                "sha256": picture.sha256,
                "name": _free(below(picture.name), names),
                "place": picture.place,
                "width": picture.width,
                "height": picture.height,
                "group": groups[number],
                "split": splits[number],
                "state": "todo",
                "reviewed_by": None,
                "reviewed_at": None,
            },
        )
    looks = [
        {"set_id": change.set_id, "picture": number, "small": picture.look}
        for number, picture in zip(numbers, fresh, strict=True)
        if picture.look
    ]
    if looks:
        change.db.execute(LOOKS.insert(), looks)
    return tuple(numbers)


def _deal(
    share: float,
    splits: dict[int, str],
    of_group: dict[int, str],
    fresh: list[tuple[int, int, FoundPicture]],
) -> None:
    """Put new pictures into splits: look-alikes into the same, and of the rest the share that validates.

    In the order of their content, so that whoever adds the same pictures gets the same splits.
    """
    val = sum(split == "val" for split in splits.values())
    members: dict[int, list[tuple[str, int]]] = {}
    for group, number, picture in fresh:
        members.setdefault(group, []).append((picture.sha256, number))
    for group, pictures in sorted(members.items(), key=lambda item: min(item[1])):
        split = of_group.get(group)
        if split is None:
            wanted = share * (len(splits) + len(pictures))
            split = "val" if val + len(pictures) <= wanted + 1e-9 else "train"
            of_group[group] = split
        val += len(pictures) if split == "val" else 0
        splits.update((number, split) for _, number in pictures)


def below(name: str) -> str:
    """Return a name as a path below a folder, wherever the set is written as files."""
    parts = [part for part in storable(name).replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "picture"


def _free(name: str, names: set[str]) -> str:
    """Return a name that no other picture of the set has."""
    free, count = name, 1
    while free in names:
        count += 1
        path = Path(name)
        free = name[: len(name) - len(path.suffix)] + f" ({count}){path.suffix}"
    names.add(free)
    return free


def list_pictures(
    db: sa.Connection, set_id: int, where: Filter, order: str, after: int | None, limit: int
) -> list[PictureRow]:
    """Return a page of pictures: those behind the picture ``after``.

    Raises
    ------
    UsageError
        When there is no such filter or order.
    SetNotFoundError
        When ``after`` is no picture of the set.
    """
    if where.kind not in FILTERS or order not in ORDERS:
        raise UsageError(f"pictures are filtered by {', '.join(FILTERS)}, and sorted by {', '.join(ORDERS)}")
    c = PICTURES.c
    query = sa.select(PICTURES).where(c.set_id == set_id, *_conditions(set_id, where))
    column = c[order]
    if after is not None:
        last = db.execute(sa.select(column, c.number).where(c.set_id == set_id, c.number == after)).first()
        if last is None:
            raise SetNotFoundError(f"the set has no picture {after}")
        behind = sa.tuple_(column, c.number) > sa.tuple_(*(sa.literal(v) for v in last))
        if order == "use":
            behind = sa.or_(column < last[0], sa.and_(column == last[0], c.number > last[1]))
        query = query.where(behind)
    query = query.order_by(column.desc() if order == "use" else column, c.number).limit(limit)
    return [picture_of(row) for row in db.execute(query).mappings()]


def _conditions(set_id: int, where: Filter) -> list[sa.ColumnElement[bool]]:
    c = PICTURES.c
    found: list[sa.ColumnElement[bool]] = []
    if where.kind in ("todo", "reviewed", "skipped"):
        found.append(c.state == where.kind)
    elif where.kind == "unsure":
        found += [c.state == "todo", c.margin < _UNSURE]
    elif where.kind == "disagreeing":
        # A reviewed picture too, where a run has contradicted its labels since.
        found += [c.state != "skipped", ((c.state == "todo") & (c.clashes > 0)) | (c.apart > 0)]
    elif where.kind == "empty":
        found.append(c.shown == 0)
    elif where.kind == "near_duplicates":
        other = PICTURES.alias()
        shared = (
            sa.select(other.c.group)
            .where(other.c.set_id == set_id)
            .group_by(other.c.group)
            .having(sa.func.count() > 1)
        )
        found.append(c.group.in_(shared))
    if where.split is not None:
        found.append(c.split == where.split)
    if where.class_number is not None:
        of_class = sa.select(BOXES.c.picture).where(
            BOXES.c.set_id == set_id, BOXES.c["class"] == where.class_number, BOXES.c.shown
        )
        found.append(c.number.in_(of_class))
    return found
