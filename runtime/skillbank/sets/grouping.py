"""Which pictures of a set look the same, so that they go to one split and are reviewed together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from skillbank.datasets.likeness import Likeness
from skillbank.datasets.looks import SMALL
from skillbank.sets.model import FoundPicture
from skillbank.sets.tables import LOOKS, PICTURES

__all__ = ["groups_with"]


def groups_with(db: sa.Connection, set_id: int, fresh: Sequence[tuple[int, FoundPicture]]) -> dict[int, int]:
    """Return for each new picture the group it belongs to; those of the set keep theirs.

    Parameters
    ----------
    fresh
        Numbers that the pictures will have, and the pictures.
    """
    groups = {number: number for number, _ in fresh}
    seen = [(number, picture.look) for number, picture in fresh if len(picture.look) == SMALL]
    if not seen:
        return groups
    query = (
        sa.select(PICTURES.c.number, PICTURES.c.group, LOOKS.c.small)
        .join(LOOKS, (LOOKS.c.set_id == PICTURES.c.set_id) & (LOOKS.c.picture == PICTURES.c.number))
        .where(PICTURES.c.set_id == set_id)
        .order_by(PICTURES.c.number)
    )
    old = [(number, group, small) for number, group, small in db.execute(query)]
    fixed = len(old)
    numbers = [number for number, _, _ in old] + [number for number, _ in seen]
    parent = [group for _, group, _ in old] + [number for number, _ in seen]
    likeness = Likeness(b"".join([*(small for *_, small in old), *(small for _, small in seen)]))
    for first, second in likeness.candidates():
        low, high = np.minimum(first, second), np.maximum(first, second)
        new = high >= fixed
        low, high = low[new], high[new]
        same = likeness.alike(low, high)
        for one, other in zip(low[same].tolist(), high[same].tolist(), strict=True):
            _join(parent, groups, fixed, one, other)
    groups.update((numbers[i], parent[i]) for i in range(fixed, len(numbers)))
    return groups


def _join(parent: list[int], groups: dict[int, int], fixed: int, one: int, other: int) -> None:
    """Give all new pictures of two groups the group that is older; a group of the set is left as it is."""
    young, kept = sorted((parent[one], parent[other]), reverse=True)
    if young == kept:
        return
    for i in range(fixed, len(parent)):
        if parent[i] == young:
            parent[i] = kept
