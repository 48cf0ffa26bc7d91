"""Which pictures to review next, each to one person: the most useful to train on, any to validate on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from skillbank.sets import learning
from skillbank.sets.audit import WAITING, chance_of, in_random_order
from skillbank.sets.rows import picture_of
from skillbank.sets.tables import CLAIMS, PICTURES
from skillbank.sets.writing import Writing

__all__ = ["elsewhere", "next_pictures", "renew"]

_LONGEST_CLAIM = 24 * 3600.0
_LOOKED_AT = 40
"""So many of the most useful pictures are weighed against what they look like."""
_REPEATED = 0.75
"""What a picture loses that looks like one that is reviewed, or is to be."""


def next_pictures(change: Writing, count: int, claim_seconds: float, *, sample: bool = False) -> list[int]:
    """Return pictures to review and keep them for one person for a time.

    Pictures whose labels a model contradicts come before all others, unless a person has looked at them: such
    as came in with a data set, to be reviewed or as accepted. Then, of the pictures to train on, the most
    useful come first: those with proposals near their threshold, with two names for one place, or in which
    two runs differ; of pictures that look alike one. The share of the set that validates is kept among them,
    so that there is something to measure by; these come by chance, since what a model finds hard would say
    nothing of all.

    Parameters
    ----------
    sample
        Whether the pictures are wanted by which `skillbank.sets.audit` judges the rest, in their order.
    """
    mine = CLAIMS.c.set_id == change.set_id, CLAIMS.c.who == change.who
    change.db.execute(CLAIMS.delete().where(*mine))
    learning.relearn(change)
    change.settle()
    latest = change.at + timedelta(seconds=_LONGEST_CLAIM)  # a later one was made by a clock that was ahead
    is_over = (CLAIMS.c.until <= change.at) | (CLAIMS.c.until > latest)
    change.db.execute(CLAIMS.delete().where(CLAIMS.c.set_id == change.set_id, is_over))
    if sample:
        chosen = _kept(change, _sample(change, count), claim_seconds)
    else:
        chosen = _kept(change, _disputed(change, count), claim_seconds)
        chosen += _kept(change, _useful(change, count - len(chosen)), claim_seconds)
    learning.catch_up(change, chosen)
    return chosen


def _kept(change: Writing, chosen: list[int], claim_seconds: float) -> list[int]:
    """Keep pictures for one person."""
    if chosen:
        until = change.at + timedelta(seconds=min(claim_seconds, _LONGEST_CLAIM))
        rows = [{"set_id": change.set_id, "picture": n, "who": change.who, "until": until} for n in chosen]
        change.db.execute(CLAIMS.insert(), rows)
    return chosen


def renew(change: Writing, numbers: Sequence[int], claim_seconds: float) -> list[int]:
    """Keep pictures for one person further on; return those that nobody else has taken or reviewed."""
    theirs = sa.select(CLAIMS.c.picture).where(
        CLAIMS.c.set_id == change.set_id, CLAIMS.c.who != change.who, CLAIMS.c.until > change.at
    )
    query = sa.select(PICTURES.c.number).where(
        PICTURES.c.set_id == change.set_id,
        PICTURES.c.number.in_(numbers),
        _to_do(),
        PICTURES.c.number.not_in(theirs),
    )
    held = list(change.db.scalars(query.order_by(PICTURES.c.number)))
    if held:
        change.db.execute(CLAIMS.delete().where(CLAIMS.c.set_id == change.set_id, CLAIMS.c.picture.in_(held)))
        until = change.at + timedelta(seconds=claim_seconds)
        rows = [{"set_id": change.set_id, "picture": n, "who": change.who, "until": until} for n in held]
        change.db.execute(CLAIMS.insert(), rows)
    return held


def elsewhere(change: Writing) -> int:
    """Return how many pictures that are to be reviewed others have kept for themselves."""
    theirs = sa.select(CLAIMS.c.picture).where(
        CLAIMS.c.set_id == change.set_id, CLAIMS.c.who != change.who, CLAIMS.c.until > change.at
    )
    query = sa.select(sa.func.count()).where(
        PICTURES.c.set_id == change.set_id, _to_do(), PICTURES.c.number.in_(theirs)
    )
    return change.db.scalar(query) or 0


def _disputed(change: Writing, count: int) -> list[int]:
    """Return pictures whose labels a model contradicts and no person has looked through, the surest first."""
    c = PICTURES.c
    query = sa.select(c.number).where(c.set_id == change.set_id, _to_do(), _is_free(change), c.against > 0)
    return list(change.db.scalars(query.order_by(c.against.desc(), c.number).limit(count)))


def _to_do() -> sa.ColumnElement[bool]:
    """Return what holds for pictures that no person has looked through, some imported or accepted."""
    c = PICTURES.c
    return (c.state == "todo") | (c.state.in_(("reviewed", "accepted")) & c.reviewed_by.is_(None))


def _open(change: Writing) -> tuple[sa.ColumnElement[bool], ...]:
    """Return what holds for pictures that nobody has reviewed or is at."""
    return PICTURES.c.set_id == change.set_id, PICTURES.c.state == "todo", _is_free(change)


def _is_free(change: Writing) -> sa.ColumnElement[bool]:
    claimed = sa.select(CLAIMS.c.picture).where(
        CLAIMS.c.set_id == change.set_id, CLAIMS.c.picture == PICTURES.c.number
    )
    return ~claimed.exists()


def _sample(change: Writing, count: int) -> list[int]:
    here = PICTURES.c.set_id == change.set_id, PICTURES.c.state.in_(WAITING), _is_free(change)
    rows = change.db.execute(sa.select(PICTURES).where(*here)).mappings()
    return [row.number for row in in_random_order([picture_of(row) for row in rows])[:count]]


def _useful(change: Writing, count: int) -> list[int]:
    done = _reviewed(change)
    # Each is asked for when its turn comes: mostly one of the two is enough.
    open_ones: dict[str, Callable[[], list[sa.Row[Any]]]] = {
        "train": cache(lambda: _best(change, _LOOKED_AT + count)),
        "val": cache(lambda: _by_chance(change)[:count]),
    }
    groups: set[int] = set()
    chosen: list[int] = []
    while len(chosen) < count:
        is_val = done.get("val", 0) < change.row["val"] * (sum(done.values()) + 1)
        splits = ("val", "train") if is_val else ("train", "val")
        split = next((each for each in splits if open_ones[each]()), None)
        if split is None:
            break
        rows = open_ones[split]()
        row = rows[0] if split == "val" else max(rows, key=lambda row: _worth(row, groups))
        rows.remove(row)
        if split == "train":
            groups.add(row.group)
        chosen.append(row.number)
        done[split] = done.get(split, 0) + 1
    return chosen


def _by_chance(change: Writing) -> list[sa.Row[tuple[int, str]]]:
    """Return the pictures to validate on in the random order that the audit has too."""
    query = sa.select(PICTURES.c.number, PICTURES.c.sha256).where(*_open(change), PICTURES.c.split == "val")
    return sorted(change.db.execute(query), key=lambda row: chance_of(row.sha256))


def _worth(row: sa.Row[tuple[int, int, float, bool]], groups: set[int]) -> tuple[float, int]:
    repeated = bool(row.repeated) or row.group in groups
    return row.use - _REPEATED * repeated, -row.number


def _reviewed(change: Writing) -> dict[str, int]:
    query = (
        sa.select(PICTURES.c.split, sa.func.count())
        .where(PICTURES.c.set_id == change.set_id, PICTURES.c.state == "reviewed")
        .group_by(PICTURES.c.split)
    )
    return dict(change.db.execute(query).all())


def _best(change: Writing, count: int) -> list[sa.Row[tuple[int, int, float, bool]]]:
    other = PICTURES.alias()
    reviewed = sa.select(other.c.number).where(
        other.c.set_id == change.set_id, other.c.group == PICTURES.c.group, other.c.state == "reviewed"
    )
    query = (
        sa.select(PICTURES.c.number, PICTURES.c.group, PICTURES.c.use, reviewed.exists().label("repeated"))
        .where(*_open(change), PICTURES.c.split == "train")
        .order_by(PICTURES.c.use.desc(), PICTURES.c.number)
        .limit(count)
    )
    return list(change.db.execute(query).all())
