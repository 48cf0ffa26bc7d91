"""What reviewed pictures say about a model: which of its boxes were right, and what it has not found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from skillbank.sets.derived import parts
from skillbank.sets.geometry import overlap
from skillbank.sets.model import LabelBox, LabelClass
from skillbank.sets.repeats import Repeat, repeats_of
from skillbank.sets.rows import box_of, classes_of, heir_of
from skillbank.sets.tables import BOXES, PICTURES, SEEN

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


def judged(db: sa.Connection, set_id: int, run: int) -> Iterator[Judged]:
    """Yield the boxes of reviewed pictures that a run has looked at, judged by what people decided.

    Of what was decided before the run looked it counts what it says again, and with which score. A picture of
    which that was not noted says nothing where another run's proposals were decided.
    """
    query = (
        sa.select(PICTURES.c.number)
        .join(SEEN, (SEEN.c.set_id == PICTURES.c.set_id) & (SEEN.c.picture == PICTURES.c.number))
        .where(PICTURES.c.set_id == set_id, PICTURES.c.state == "reviewed", SEEN.c.run == run)
    )
    classes = classes_of(db, set_id)
    for part in parts(db.scalars(query)):
        boxes = sa.select(BOXES).where(BOXES.c.set_id == set_id, BOXES.c.picture.in_(part))
        of_picture: dict[int, list[LabelBox]] = defaultdict(list)
        for row in db.execute(boxes.order_by(BOXES.c.number)).mappings():
            of_picture[row["picture"]].append(box_of(row))
        again = repeats_of(db, set_id, run, part)
        for number in part:
            if number in again or all(box.run in (None, run) for box in of_picture[number]):
                yield from _of_picture(number, run, of_picture[number], again.get(number, {}), classes)


def _of_picture(
    picture: int,
    run: int,
    boxes: Sequence[LabelBox],
    again: Mapping[int, Repeat],
    classes: Mapping[int, LabelClass],
) -> Iterator[Judged]:
    unheard: list[LabelBox] = []  # objects about which the run has said nothing by itself
    for box in boxes:
        repeat = again.get(box.number)
        if box.state == "proposed":
            continue
        if box.run == run or repeat is not None:
            yield from _of_decided(picture, box, repeat, classes)
        elif box.state != "rejected":
            unheard.append(box)
    candidates = [box for box in boxes if box.run == run and box.state == "proposed"]
    for box in sorted(candidates, key=lambda box: -(box.score or 0)):
        same = next((other for other in unheard if _one_object(other, box)), None)
        if same is not None:
            unheard.remove(same)
        yield Judged(picture, box.class_number, box.score, same is not None)
    for box in unheard:
        yield Judged(picture, box.class_number, None, True)


def _of_decided(
    picture: int, box: LabelBox, repeat: Repeat | None, classes: Mapping[int, LabelClass]
) -> Iterator[Judged]:
    """Yield what a decision about a box says of the run that has proposed it, or says it again."""
    score = box.score if repeat is None else repeat.score
    if box.state == "edited" and box.first is not None and (repeat is None or repeat.is_first):
        # What a person has moved a little was right; what was renamed or moved away was not.
        first = heir_of(classes, box.first[0]) or box.first[0]
        kept = first == box.class_number and overlap(box.first[1], box.corners) >= _SAME
        yield Judged(picture, first, score, kept)
        if not kept:
            yield Judged(picture, box.class_number, None, True)
    else:
        yield Judged(picture, box.class_number, score, box.state != "rejected")


def _one_object(one: LabelBox, other: LabelBox) -> bool:
    return one.class_number == other.class_number and overlap(one.corners, other.corners) >= _SAME
