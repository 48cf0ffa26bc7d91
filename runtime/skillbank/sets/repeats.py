"""What a run says again of boxes that are decided: not kept as boxes, but it says what its scores mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from skillbank.sets.geometry import overlap
from skillbank.sets.model import Corners
from skillbank.sets.tables import LABEL_EVENTS

__all__ = ["AGAIN", "Repeat", "repeats", "repeats_of"]

AGAIN = "again"
"""Where they stand in the body of the event: number of the box, score, whether it was of how it was first."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """A box said again.

    Attributes
    ----------
    is_first
        Whether with the name and place that a model had given it, and a person has changed.
    """

    score: float
    is_first: bool


def repeats(
    boxes: Iterable[sa.RowMapping], found: Iterable[tuple[int, Corners, float]], same: float, imported: float
) -> list[list[object]]:
    """Return what of some boxes was found again, each once, with the best score.

    Parameters
    ----------
    boxes
        Rows of a picture's boxes.
    found
        Class, corners and score.
    same, imported
        Least share of two boxes, where the one was decided, and where it came in with a data set.
    """
    best: dict[int, Repeat] = {}
    fixed = [box for box in boxes if box["state"] != "proposed" or box["run"] is None]
    for class_number, corners, score in found:
        answers: list[tuple[bool, float, bool, int]] = []
        for box in fixed:
            least = imported if box["state"] == "proposed" else same
            now = box["class"], (box["x1"], box["y1"], box["x2"], box["y2"])
            marks = [(False, now), *([(True, (box["first"][0], box["first"][1:]))] if box["first"] else ())]
            for is_first, (of_class, place) in marks:
                share = overlap(corners, tuple(place)) if of_class == class_number else 0.0
                if share >= least:
                    # One that was rejected may lie below one that was drawn in its place.
                    answers.append((box["state"] != "rejected", share, is_first, box["number"]))
        if answers:
            _, _, is_first, number = max(answers)
            if number not in best or best[number].score < score:
                best[number] = Repeat(float(score), is_first)
    return [[number, each.score, each.is_first] for number, each in sorted(best.items())]


def repeats_of(
    db: sa.Connection, set_id: int, run: int, pictures: Sequence[int]
) -> dict[int, dict[int, Repeat]]:
    """Return by picture and box what a run has said again; no picture that it was not noted for."""
    e = LABEL_EVENTS.c
    query = sa.select(e.picture, e.body).where(
        e.set_id == set_id, e.picture.in_(pictures), e.kind == "propose", e.who == f"run {run}"
    )
    return {
        picture: {number: Repeat(score, is_first) for number, score, is_first in body[AGAIN]}
        for picture, body in db.execute(query)
        if AGAIN in body
    }
