"""Pictures come into a set: by their content, each dealt to a split once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa

from skillbank.datasets.deep import Range
from skillbank.errors import UsageError
from skillbank.sets.brightness import scale_of
from skillbank.sets.derived import parts
from skillbank.sets.found import Widened
from skillbank.sets.grouping import groups_with
from skillbank.sets.logged import logged
from skillbank.sets.model import Added, FoundPicture
from skillbank.sets.tables import LOOKS, PICTURES, SEEN
from skillbank.sets.writing import Writing
from skillbank.stored import storable
from skillbank.visible import one_line

__all__ = ["add_pictures", "below"]

_Known: TypeAlias = dict[str, tuple[int, dict[str, Any]]]
"""Numbers and fields of pictures of a set, by their content or their place."""


def add_pictures(
    change: Writing, found: Iterable[FoundPicture], splits: Mapping[str, str] | None = None
) -> Added:
    """Add pictures whose content the set does not have; those that lie elsewhere now are followed.

    Parameters
    ----------
    splits
        The splits, by content, that pictures had where they come from; all others are dealt.
    """
    every = list(found)
    _refuse_unstorable(every)
    by_content = _there(change, "sha256", (picture.sha256 for picture in every))
    scale = scale_of(change.db, change.set_id)
    _leave_replaced(change, every, by_content)
    fresh: dict[str, FoundPicture] = {}
    known, moved = [], []
    for picture in every:
        if picture.sha256 in fresh:
            continue
        if picture.sha256 not in by_content:
            fresh[picture.sha256] = picture
            continue
        number, fields = by_content[picture.sha256]
        _measure(change, number, fields, picture)
        if fields["place"] != picture.place and not _is_there(fields["place"]):
            _move(change, number, fields, picture.place)
            moved.append(number)
        else:
            known.append(number)
    new = _make(change, list(fresh.values()), splits or {})
    widened = widen(change, scale)
    return Added(new, tuple(dict.fromkeys(known)), tuple(dict.fromkeys(moved)), widened)


def _refuse_unstorable(pictures: Iterable[FoundPicture]) -> None:
    for picture in pictures:
        if storable(picture.place) != picture.place:
            raise UsageError(
                f"{one_line(picture.place, 200)} has a name that is no text, so that it could not be found "
                "again; rename it"
            )


def _leave_replaced(change: Writing, found: Iterable[FoundPicture], by_content: _Known) -> None:
    """Let pictures lie nowhere whose files hold something else now: marks must not be shown on that.

    All are asked before any is followed, since files may have changed places.
    """
    at = _there(change, "place", (picture.place for picture in found if picture.place))
    for place, (number, fields) in at.items():  # what is found both ways is one thing
        at[place] = by_content.get(fields["sha256"], (number, fields))
    for picture in found:
        other = at.get(picture.place)
        if other is not None and other[1]["sha256"] != picture.sha256:
            _move(change, *other, "")
            del at[picture.place]


def _is_there(place: str) -> bool:
    """Whether a file may still be at its place; of one that is not on this machine nobody knows."""
    return "://" in place or (place != "" and Path(place).is_file())


def _move(change: Writing, number: int, fields: dict[str, object], place: str) -> None:
    change.change("picture", number, dict(fields), {"place": place})
    fields["place"] = place


def _measure(change: Writing, number: int, fields: dict[str, object], found: FoundPicture) -> None:
    """Keep how deep a picture is that came before anybody looked."""
    if found.depth is not None and fields["deep"] is None:
        said = _depth(found)
        change.change("picture", number, dict(fields), said)
        fields |= said


def _depth(found: FoundPicture) -> dict[str, object]:
    depth = found.depth
    return {
        "deep": None if depth is None else depth.kind,
        "least": None if depth is None else depth.least,
        "most": None if depth is None else depth.most,
    }


def _there(change: Writing, name: str, values: Iterable[str]) -> _Known:
    """Return the pictures of the set that have one of some values, by it: their numbers and fields."""
    change.flush()
    column = PICTURES.c[name]
    found: _Known = {}
    for part in parts(values):
        query = sa.select(PICTURES).where(PICTURES.c.set_id == change.set_id, column.in_(part))
        rows = change.db.execute(query.order_by(PICTURES.c.number)).mappings()
        found |= {row[name]: (row["number"], logged("picture", row)) for row in rows}
    return found


def _make(change: Writing, fresh: list[FoundPicture], said: Mapping[str, str]) -> tuple[int, ...]:
    numbers = [change.row["last_picture"] + i + 1 for i in range(len(fresh))]
    new = list(zip(numbers, fresh, strict=True))
    groups = groups_with(change.db, change.set_id, new)
    splits = _splits(change, new, groups, said)
    names = _Names(change, [below(picture.name) for picture in fresh])
    for number, picture in zip(numbers, fresh, strict=True):
        if picture.width < 1 or picture.height < 1:
            raise UsageError(f"{one_line(picture.name)} has no size; look at it before it is added")
        change.make(
            "picture",
            {
                "sha256": picture.sha256,
                "name": names.free(below(picture.name)),
                "place": picture.place,
                "width": picture.width,
                "height": picture.height,
                "group": groups[number],
                "split": splits[number],
                "state": "todo",
                "reviewed_by": None,
                "reviewed_at": None,
                **_depth(picture),
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


def _splits(
    change: Writing,
    new: Sequence[tuple[int, FoundPicture]],
    groups: Mapping[int, int],
    said: Mapping[str, str],
) -> dict[int, str]:
    """Return the splits of new pictures: as said by content, else dealt, those of a group together."""
    splits = {number: said[picture.sha256] for number, picture in new if picture.sha256 in said}
    of_group = _splits_of(change, set(groups.values()))
    for number, split in splits.items():
        of_group.setdefault(groups[number], split)
    total, val = _dealt(change)
    dealt = total + len(splits), val + sum(split == "val" for split in splits.values())
    left = [(groups[number], number, picture) for number, picture in new if number not in splits]
    return splits | _deal(change.row["val"], dealt, of_group, left)


def _splits_of(change: Writing, groups: Iterable[int]) -> dict[int, str]:
    """Return the splits of those groups that the set has."""
    found: dict[int, str] = {}
    for part in parts(groups):
        query = sa.select(PICTURES.c.group, PICTURES.c.split).where(
            PICTURES.c.set_id == change.set_id, PICTURES.c.group.in_(part)
        )
        rows = change.db.execute(query.order_by(PICTURES.c.number))
        found |= {group: split for group, split in rows}  # noqa: C416 - rows are no pairs
    return found


def _dealt(change: Writing) -> tuple[int, int]:
    """Return how many pictures the set has, and how many of them validate."""
    query = (
        sa.select(PICTURES.c.split, sa.func.count())
        .where(PICTURES.c.set_id == change.set_id)
        .group_by(PICTURES.c.split)
    )
    counts = {split: count for split, count in change.db.execute(query)}  # noqa: C416 - rows are no pairs
    return sum(counts.values()), counts.get("val", 0)


def _deal(
    share: float,
    dealt: tuple[int, int],
    of_group: dict[int, str],
    fresh: list[tuple[int, int, FoundPicture]],
) -> dict[int, str]:
    """Return splits of new pictures: look-alikes the same, and of the rest the share that validates.

    In the order of their content, so that whoever adds the same pictures gets the same splits.

    Parameters
    ----------
    dealt
        How many pictures have a split, and how many of them validate.
    """
    total, val = dealt
    splits: dict[int, str] = {}
    members: dict[int, list[tuple[str, int]]] = {}
    for group, number, picture in fresh:
        members.setdefault(group, []).append((picture.sha256, number))
    for group, pictures in sorted(members.items(), key=lambda item: min(item[1])):
        split = of_group.get(group)
        if split is None:
            wanted = share * (total + len(pictures))
            split = "val" if val + len(pictures) <= wanted + 1e-9 else "train"
            of_group[group] = split
        total += len(pictures)
        val += len(pictures) if split == "val" else 0
        splits |= {number: split for _, number in pictures}
    return splits


class _Names:
    """Names of pictures, none of which is given twice."""

    def __init__(self, change: Writing, wanted: Sequence[str]) -> None:
        self._change = change
        self._taken = set(_there(change, "name", wanted))
        self._last: dict[str, int] = {}

    def free(self, name: str) -> str:
        """Return a name that no other picture of the set has, as near to one as can be."""
        free, count = name, self._last.get(name, 1)
        path = Path(name)
        stem = name[: len(name) - len(path.suffix)]
        while free in self._taken:
            if count == 1:
                like = PICTURES.c.name.startswith(f"{stem} (", autoescape=True)
                query = sa.select(PICTURES.c.name).where(PICTURES.c.set_id == self._change.set_id, like)
                self._taken.update(self._change.db.scalars(query))
            count += 1
            free = f"{stem} ({count}){path.suffix}"
        if count > 1:
            self._last[name] = count
        self._taken.add(free)
        return free


def below(name: str) -> str:
    """Return a name as a path below a folder, wherever the set is written as files."""
    parts = [part for part in storable(name).replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "picture"


def widen(change: Writing, before: Mapping[str, Range]) -> tuple[Widened, ...]:
    """See whether the scale is another than before pictures came, and let runs look again where it is."""
    change.flush()
    return tuple(_widened(change, before))


def _widened(change: Writing, before: Mapping[str, Range]) -> Iterator[Widened]:
    for kind, levels in scale_of(change.db, change.set_id).items():
        if before.get(kind, levels) == levels:
            continue
        c = PICTURES.c
        theirs = sa.select(c.number).where(
            c.set_id == change.set_id, c.deep == kind, c.state.not_in(("reviewed", "accepted"))
        )
        seen = SEEN.c.set_id == change.set_id, SEEN.c.picture.in_(theirs)
        count = change.db.scalar(sa.select(sa.func.count(SEEN.c.picture.distinct())).where(*seen))
        change.db.execute(SEEN.delete().where(*seen))
        yield Widened(before[kind], levels, count or 0)
