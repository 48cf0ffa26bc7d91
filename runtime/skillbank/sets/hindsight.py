"""What of reviewed pictures would be shown today, were they still to do, beside what people made of it.

Thresholds move, and what was learned stands in place of scores; what the rest shows is judged by the same
line as is drawn through it, and by the same choice among several names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa

from skillbank.sets.derived import Lines
from skillbank.sets.geometry import overlap
from skillbank.sets.model import Corners, LabelBox, PictureRow
from skillbank.sets.naming import Bid, named
from skillbank.sets.rows import classes_of, heir_of
from skillbank.sets.tables import LABEL_EVENTS, RUNS, SEEN
from skillbank.stored import aware

__all__ = ["Hindsight", "latest_run"]

_SAME = 0.5
"""Overlap from which a box that a person has pulled is still what the model had found."""


def latest_run(db: sa.Connection, set_id: int) -> int | None:
    """Return the latest run that has looked at a picture, of which the sample speaks; None without any."""
    found: int | None = db.scalar(sa.select(sa.func.max(SEEN.c.run)).where(SEEN.c.set_id == set_id))
    return found


class Hindsight:
    """Counts of boxes by class: right and wrong ones of those that would be shown, and objects missed."""

    def __init__(self, db: sa.Connection, set_id: int) -> None:
        self.right: Counter[int] = Counter()
        self.wrong: Counter[int] = Counter()
        self.missed: Counter[int] = Counter()
        self.pictures = 0
        self._lines, self._classes = Lines(db, set_id), classes_of(db, set_id)
        self._run = latest_run(db, set_id)
        learned = sa.select(RUNS.c.learned).where(RUNS.c.set_id == set_id, RUNS.c.number == self._run)
        self._has_learned = db.scalar(learned) is not None
        e = LABEL_EVENTS.c
        looks = sa.select(e.picture, e.at).where(
            e.set_id == set_id, e.who == f"run {self._run}", e.kind == "propose"
        )
        self._looked = {picture: aware(at) for picture, at in db.execute(looks)}

    def speaks_of(self, row: PictureRow) -> bool:
        """Whether a picture was reviewed after the latest model had looked at it.

        Before, another model's proposals were decided there, or labels came in.
        """
        if self._run is None:
            return True
        looked = self._looked.get(row.number)
        return looked is not None and row.reviewed_at is not None and row.reviewed_at >= looked

    def count(self, boxes: Sequence[LabelBox]) -> bool:
        """Count the boxes of a reviewed picture; False where scores said what was shown, and do no more."""
        if self._has_learned and any(map(self._is_shown_by_score, boxes)):
            return False
        self.pictures += 1
        shown = self._shown(boxes)
        unseen: list[LabelBox] = []
        for box in boxes:
            if box.number in shown and box.state != "proposed":
                self._count_shown(box)
            elif box.state in ("accepted", "edited"):
                unseen.append(box)  # drawn, or not shown and accepted all the same
        # What was a candidate then and would be shown now is right where somebody has put such a box.
        for box in boxes:
            if box.number in shown and box.state == "proposed":
                same = next((each for each in unseen if _is_same(each, box.class_number, box.corners)), None)
                (self.wrong if same is None else self.right)[box.class_number] += 1
                if same is not None:
                    unseen.remove(same)
        self.missed.update(box.class_number for box in unseen)
        return True

    def _shown(self, boxes: Sequence[LabelBox]) -> set[int]:
        """Return the boxes that would be shown, by what a run had found."""
        standing, bids = [], []
        for box in boxes:
            class_number, corners = self._first(box)
            distance = self._lines.distance(class_number, box.run, box.score, box.chance)
            if box.score is not None and distance >= 0:
                standing.append(box.number)
                bids.append(
                    Bid(class_number, corners, box.score if box.chance is None else box.chance, box.run)
                )
        return {standing[place] for place in named(bids, (), self._lines.across).shown}

    def _count_shown(self, box: LabelBox) -> None:
        class_number, corners = self._first(box)
        decided = box.state != "rejected"
        if decided and _is_same(box, class_number, corners):
            self.right[class_number] += 1
            return
        self.wrong[class_number] += 1
        self.missed[box.class_number] += decided

    def _first(self, box: LabelBox) -> tuple[int, Corners]:
        """Return the class and place that a model has given a box, the class as it is called now."""
        if box.first is None:
            return box.class_number, box.corners
        class_number, corners = box.first
        return heir_of(self._classes, class_number) or class_number, corners

    def _is_shown_by_score(self, box: LabelBox) -> bool:
        by_score = box.run is not None and box.score is not None and box.chance is None
        return by_score and not self._lines.is_set_by_person(self._first(box)[0])


def _is_same(box: LabelBox, class_number: int, corners: Corners) -> bool:
    return box.class_number == class_number and overlap(box.corners, corners) >= _SAME
