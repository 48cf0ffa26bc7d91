"""What reviewed pictures say about a model: which of its boxes were right, and what it has not found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from skillbank.sets.derived import parts
from skillbank.sets.geometry import overlap
from skillbank.sets.model import LabelBox
from skillbank.sets.rows import box_of
from skillbank.sets.tables import BOXES, PICTURES

__all__ = ["Judged", "judged"]

_SAME = 0.5
"""Share of two boxes from which they are about one object."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A box of a reviewed picture.

    Attributes
    ----------
    score
        The model's; None for an object that it has not found at any score.
    right
        Whether it is an object of its class.
    """

    picture: int
    class_number: int
    score: float | None
    right: bool


def judged(db: sa.Connection, set_id: int, pictures: Collection[int] | None = None) -> Iterator[Judged]:
    """Yield the boxes of reviewed pictures, judged by what people decided about them.

    Parameters
    ----------
    pictures
        Only of these; None for all that are reviewed.
    """
    query = sa.select(PICTURES.c.number).where(PICTURES.c.set_id == set_id, PICTURES.c.state == "reviewed")
    reviewed = set(db.scalars(query))
    for part in parts(reviewed if pictures is None else reviewed.intersection(pictures)):
        boxes = sa.select(BOXES).where(BOXES.c.set_id == set_id, BOXES.c.picture.in_(part))
        of_picture: dict[int, list[LabelBox]] = defaultdict(list)
        for row in db.execute(boxes.order_by(BOXES.c.number)).mappings():
            of_picture[row["picture"]].append(box_of(row))
        for number in part:
            yield from _of_picture(number, of_picture[number])


def _of_picture(picture: int, boxes: Sequence[LabelBox]) -> Iterator[Judged]:
    drawn = [box for box in boxes if box.run is None and box.state in ("accepted", "edited")]
    found: set[int] = set()
    candidates = [box for box in boxes if box.run is not None and box.state == "proposed"]
    for box in boxes:
        if box.run is None or box.state == "proposed":
            continue
        if box.state == "edited" and box.first is not None:
            # What a person has moved a little was right; what was renamed or moved away was not.
            kept = box.first[0] == box.class_number and overlap(box.first[1], box.corners) >= _SAME
            yield Judged(picture, box.first[0], box.score, kept)
            if not kept:
                yield Judged(picture, box.class_number, None, True)
        else:
            yield Judged(picture, box.class_number, box.score, box.state == "accepted")
    for box in sorted(candidates, key=lambda box: -(box.score or 0)):
        same = next(
            (
                other
                for other in drawn
                if other.number not in found
                and other.class_number == box.class_number
                and overlap(other.corners, box.corners) >= _SAME
            ),
            None,
        )
        if same is not None:
            found.add(same.number)
        yield Judged(picture, box.class_number, box.score, same is not None)
    for box in drawn:
        if box.number not in found:
            yield Judged(picture, box.class_number, None, True)
