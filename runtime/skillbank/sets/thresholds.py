"""A threshold for each class, from what was reviewed: where right and wrong proposals part best."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from skillbank.sets.evidence import Judged, judged
from skillbank.sets.tables import RUNS

__all__ = ["Suggestion", "suggest"]

_FEW = 10
"""Decided proposals of a class below which nothing is suggested."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A threshold, and what it gives in the pictures that are reviewed.

    Attributes
    ----------
    run
        From whose scores it was worked out, and for whose proposals it holds.
    precision, recall
        Of the proposals at or above it.
    n
        Proposals that it was chosen by.
    """

    run: int
    threshold: float
    precision: float
    recall: float
    n: int


def suggest(db: sa.Connection, set_id: int) -> dict[int, Suggestion]:
    """Return for each class the threshold with the best F1 for the latest run.

    None for those of which too few of its proposals were decided; the scores of earlier runs mean something
    else.
    """
    run: int | None = db.scalar(sa.select(sa.func.max(RUNS.c.number)).where(RUNS.c.set_id == set_id))
    if run is None:
        return {}
    of_class: dict[int, list[Judged]] = defaultdict(list)
    for each in judged(db, set_id, run):
        of_class[each.class_number].append(each)
    found = {number: _best(run, boxes) for number, boxes in of_class.items()}
    return {number: each for number, each in sorted(found.items()) if each is not None}


def _best(run: int, boxes: list[Judged]) -> Suggestion | None:
    scored = sorted(((box.score, box.right) for box in boxes if box.score is not None), reverse=True)
    objects = sum(box.right for box in boxes)
    if len(scored) < _FEW or not any(right for _, right in scored):
        return None
    best: tuple[float, Suggestion] | None = None
    right = 0
    for i, (score, is_right) in enumerate(scored, 1):
        right += is_right
        following = scored[i][0] if i < len(scored) else 0.0
        if following == score:
            continue
        precision, recall = right / i, right / objects
        f1 = 2 * precision * recall / (precision + recall) if right else 0.0
        if best is None or f1 > best[0]:
            # Between two scores, so that neither stands on its edge.
            best = f1, Suggestion(run, round((score + following) / 2, 4), precision, recall, len(scored))
    return None if best is None else best[1]
