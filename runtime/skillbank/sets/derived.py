"""Columns that follow from the others: which boxes are shown, and how much a picture's review is worth.

They stand in the tables so that a grid is sorted by an index; they are worked out anew, in the transaction
that changes what they follow from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from skillbank.sets.naming import Bid, named
from skillbank.sets.rows import classes_of
from skillbank.sets.tables import BOXES, PICTURES, RUNS

__all__ = ["LIKELY", "derive", "parts"]

_PART = 400
_DOUBT = 0.25
"""Distance of a score to its threshold from which a proposal is no doubt."""
_LABELS = 10.0
"""Weight of labels that a model is sure are wrong: mistakes come before all doubt about proposals."""
LIKELY = 0.4
"""Chance from which a proposal is shown: to reject one takes no longer than to find one that is hidden."""
_COLUMNS = ("number", "picture", "class", "score", "chance", "run", "state", "shown", "x1", "y1", "x2", "y2")


def parts(numbers: Iterable[int], size: int = _PART) -> Iterator[Sequence[int]]:
    """Yield numbers as lists that a statement takes."""
    every = sorted(set(numbers))
    for start in range(0, len(every), size):
        yield every[start : start + size]


def derive(db: sa.Connection, set_id: int, pictures: Iterable[int]) -> None:
    """Work out anew what follows for some pictures and their boxes."""
    lines = _Lines(db, set_id)
    for part in parts(pictures):
        _derive_part(db, set_id, part, lines)


class _Lines:
    """From which score proposals are shown, and which overlap makes them names of one object."""

    def __init__(self, db: sa.Connection, set_id: int) -> None:
        runs = sa.select(RUNS.c.number, RUNS.c.threshold, RUNS.c.settings).where(RUNS.c.set_id == set_id)
        self._classes = classes_of(db, set_id)
        self._runs: dict[int, float] = {}
        self._across: dict[int, float] = {}
        for number, threshold, settings in db.execute(runs):
            self._runs[number], self._across[number] = threshold, settings["across"]

    def distance(self, box: Any) -> float:
        """Return how far a proposal lies above what is shown, or below it.

        What counts is a person's threshold for its class, else its chance where one was learned, else the
        threshold that was suggested for the class, or that of the run that made it.
        """
        if box["score"] is None:
            return 1.0
        usual, found = self._runs.get(box["run"], 0.0), self._classes.get(box["class"])
        if box["chance"] is not None and (found is None or not found.is_set_by_person):
            return float(box["chance"]) - LIKELY
        return float(box["score"]) - (usual if found is None else found.level(box["run"], usual))

    def across(self, run: int) -> float:
        """Return the most overlap of boxes of different classes that a run's are shown with."""
        return self._across.get(run, 1.0)


def _derive_part(db: sa.Connection, set_id: int, part: Sequence[int], lines: _Lines) -> None:
    chosen = PICTURES.c.set_id == set_id, PICTURES.c.number.in_(part)
    states = sa.select(PICTURES.c.number, PICTURES.c.state, PICTURES.c.apart, PICTURES.c.against).where(
        *chosen
    )
    boxes = sa.select(*(BOXES.c[name] for name in _COLUMNS)).where(
        BOXES.c.set_id == set_id, BOXES.c.picture.in_(part)
    )
    of_picture: dict[int, list[Any]] = defaultdict(list)
    for box in db.execute(boxes).mappings():
        of_picture[box["picture"]].append(box)
    turned: list[dict[str, Any]] = []
    found = []
    for number, state, apart, against in db.execute(states):
        shown, told = _picture(of_picture[number], state, apart, lines)
        told["use"] += _LABELS * against
        turned += (
            {"n": box["number"], "now": box["number"] in shown}
            for box in of_picture[number]
            if box["shown"] != (box["number"] in shown)
        )
        found.append({"n": number, **told})
    if turned:
        db.execute(
            BOXES.update()
            .where(BOXES.c.set_id == set_id, BOXES.c.number == sa.bindparam("n"))
            .values(shown=sa.bindparam("now")),
            turned,
        )
    if found:
        db.execute(
            PICTURES.update()
            .where(PICTURES.c.set_id == set_id, PICTURES.c.number == sa.bindparam("n"))
            .values({name: sa.bindparam(f"v_{name}") for name in found[0] if name != "n"}),
            [{("n" if k == "n" else f"v_{k}"): v for k, v in line.items()} for line in found],
        )


def _picture(boxes: list[Any], state: str, apart: int, lines: _Lines) -> tuple[set[int], dict[str, Any]]:
    decided, standing, margin, doubt = [], [], None, 0.0
    for box in boxes:
        if box["state"] in ("accepted", "edited"):
            decided.append(box)
        if box["state"] != "proposed":
            continue
        distance = lines.distance(box)
        # In a reviewed picture nothing is open: what comes later or lies below stays a candidate.
        if distance >= 0 and state != "reviewed":
            standing.append(box)
        margin = abs(distance) if margin is None else min(margin, abs(distance))
        doubt = max(doubt, 1 - abs(distance) / _DOUBT)
    found = named(list(map(_mark, standing)), list(map(_mark, decided)), lines.across)
    use = 0.0
    if state != "reviewed":
        use = doubt + 0.5 * min(found.clashes, 3) / 3 + 0.5 * min(apart, 3) / 3
    told = {
        "shown": len(decided) + len(found.shown),
        "undecided": len(found.shown),
        "margin": margin if state != "reviewed" else None,
        "clashes": found.clashes,
        "use": use,
    }
    return {box["number"] for box in decided} | {standing[n]["number"] for n in found.shown}, told


def _mark(box: Any) -> Bid:
    sure = box["score"] if box["chance"] is None else box["chance"]
    return Bid(box["class"], (box["x1"], box["y1"], box["x2"], box["y2"]), sure, box["run"])
