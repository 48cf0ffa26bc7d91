"""Which pictures of a set look the same, so that they go to one split and are reviewed together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import sqlalchemy as sa

from skillbank.datasets.likeness import Likeness
from skillbank.datasets.looks import SMALL
from skillbank.sets.derived import parts
from skillbank.sets.model import FoundPicture
from skillbank.sets.tables import LOOKS, PICTURES

__all__ = ["groups_with"]

_PAIRS = 2_000_000
"""So many pairs of pictures are compared one by one; of more, those that are candidates."""


def groups_with(db: sa.Connection, set_id: int, fresh: Sequence[tuple[int, FoundPicture]]) -> dict[int, int]:
    """Return for each new picture the group it belongs to; those of the set keep theirs.

    Parameters
    ----------
    fresh
        Numbers that the pictures will have, and the pictures.
    """
    groups = {number: number for number, _ in fresh}
    new = [(number, picture.look) for number, picture in fresh if len(picture.look) == SMALL]
    if not new:
        return groups
    query = sa.select(LOOKS.c.picture, LOOKS.c.small).where(LOOKS.c.set_id == set_id)
    old = db.execute(query.order_by(LOOKS.c.picture)).all()
    numbers, looks = zip(*old, *new, strict=True)
    pairs = list(_alike(Likeness(b"".join(looks)), len(old)))
    met = {numbers[one] for one, _ in pairs if one < len(old)}
    seen = numbers[len(old) :]
    parent = {number: number for number in seen} | _groups_of(db, set_id, met)
    for one, other in pairs:
        young, kept = sorted((parent[numbers[one]], parent[numbers[other]]), reverse=True)
        if young != kept:
            # All new pictures of two groups get the older group; a group of the set is left as it is.
            parent |= {number: kept for number in seen if parent[number] == young}
    return groups | {number: parent[number] for number in seen}


def _alike(likeness: Likeness, fixed: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of pictures that look the same, the later of which is new: behind the first ``fixed``."""
    is_small = (likeness.count - fixed) * likeness.count <= _PAIRS
    for first, second in likeness.candidates_from(fixed) if is_small else likeness.candidates():
        low, high = np.minimum(first, second), np.maximum(first, second)
        new = high >= fixed
        low, high = low[new], high[new]
        same = likeness.alike(low, high)
        yield from zip(low[same].tolist(), high[same].tolist(), strict=True)


def _groups_of(db: sa.Connection, set_id: int, numbers: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for part in parts(numbers):
        query = sa.select(PICTURES.c.number, PICTURES.c.group).where(
            PICTURES.c.set_id == set_id, PICTURES.c.number.in_(part)
        )
        found |= {number: group for number, group in db.execute(query)}  # noqa: C416 - rows are no pairs
    return found
