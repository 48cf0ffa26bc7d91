"""What is black and white in pictures of more than 8 bits: one scale for all of a set.

Each picture's own numbers are kept with it, and the scale follows from those of all, so that people and
models see alike what is equally bright.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

import sqlalchemy as sa

from skillbank.datasets.deep import Range
from skillbank.datasets.depths import REAL, STATED, WHOLE, levels_of
from skillbank.sets.model import PictureRow
from skillbank.sets.tables import PICTURES

__all__ = ["is_scaled", "scale_of", "with_levels"]


class Scaled(Protocol):
    """A picture of which is known how deep it is."""

    @property
    def deep(self) -> str | None:
        """See `skillbank.datasets.depths.Depth.kind`."""


def scale_of(db: sa.Connection, set_id: int) -> dict[str, Range]:
    """Return the numbers that are black and white, by the kind of a picture's numbers; see `Depth`."""
    c = PICTURES.c
    ends = (
        sa.select(c.deep, sa.func.min(c.least), sa.func.max(c.most))
        .where(c.set_id == set_id, c.least.is_not(None))
        .group_by(c.deep)
    )
    return levels_of({kind: (low, high) for kind, low, high in db.execute(ends) if kind in (WHOLE, REAL)})


def is_scaled(row: Scaled) -> bool:
    """Whether what is black and white in a picture follows from all such pictures of its set."""
    return row.deep in (WHOLE, REAL)


def with_levels(db: sa.Connection, set_id: int, rows: Iterable[PictureRow]) -> list[PictureRow]:
    """Return pictures with what is black and white in them."""
    every = list(rows)
    scale = scale_of(db, set_id) if any(map(is_scaled, every)) else {}
    return [_levelled(row, scale) for row in every]


def _levelled(row: PictureRow, scale: Mapping[str, Range]) -> PictureRow:
    if row.deep == STATED and row.least is not None and row.most is not None:
        return replace(row, levels=(row.least, row.most))
    levels = scale.get(row.deep or "")
    return row if levels is None else replace(row, levels=levels)
