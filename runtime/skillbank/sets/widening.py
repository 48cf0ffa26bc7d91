"""A picture that reaches further than those before widens the scale of its set: what follows for the others.

Decisions stay; what nobody has reviewed is to be looked at again, since models have seen it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from skillbank.datasets.deep import Range
from skillbank.sets.brightness import scale_of
from skillbank.sets.found import Widened
from skillbank.sets.tables import PICTURES, SEEN
from skillbank.sets.writing import Writing

__all__ = ["widen"]


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
