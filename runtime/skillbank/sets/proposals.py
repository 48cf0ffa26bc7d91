"""What models find: taken in once, in the place of what was not decided yet; decisions of people stay."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from skillbank.errors import UsageError
from skillbank.sets.classes import checked_specs
from skillbank.sets.geometry import inside, overlap
from skillbank.sets.model import Corners, PictureRow, Proposal, Run, RunSpec, SetNotFoundError
from skillbank.sets.rows import picture_of, run_of
from skillbank.sets.tables import BOXES, PICTURES, RUNS, SEEN
from skillbank.sets.writing import Writing, logged
from skillbank.visible import one_line

__all__ = ["finish_run", "missing_pictures", "propose", "start_run"]

_SAME = 0.7
"""Share of two boxes from which a proposal repeats what a person has decided."""
_FOUND = 0.5
"""Share from which two runs have found the same object."""
_PAGE = 500


def start_run(change: Writing, spec: RunSpec) -> Run:
    """Note a run; the same model, descriptions and settings are the run that they were before.

    Raises
    ------
    UsageError
        When a class is not of the set, or a number is out of bounds.
    """
    numbers = {found.name: found.number for found in change.classes.values() if not found.gone}
    captions: dict[str, Any] = {}
    for asked in checked_specs(spec.classes):
        if asked.name not in numbers:
            raise UsageError(
                f"the set has no class {one_line(asked.name)}; add it before a model looks for it"
            )
        captions[str(numbers[asked.name])] = [list(asked.captions), list(asked.not_captions)]
    for name in ("nms", "least", "threshold"):
        if not 0 <= getattr(spec, name) <= 1:
            raise UsageError(f"{name} is from 0 to 1, and {getattr(spec, name)} is not")
    settings = {"nms": spec.nms, "tiles": spec.tiles, "least": spec.least}
    content = json.dumps([spec.model_sha256, captions, settings], sort_keys=True)
    key = hashlib.sha256(content.encode()).hexdigest()
    query = sa.select(RUNS).where(RUNS.c.set_id == change.set_id, RUNS.c.key == key)
    there = change.db.execute(query).mappings().first()
    if there is not None:
        again = {"job": spec.job or there["job"], "threshold": spec.threshold, "finished": None}
        change.change("run", there["number"], logged("run", there), again)
        if spec.threshold != there["threshold"]:
            of_run = sa.select(BOXES.c.picture).where(
                BOXES.c.set_id == change.set_id, BOXES.c.run == there["number"], BOXES.c.state == "proposed"
            )
            change.touched.update(change.db.scalars(of_run.distinct()))
    else:
        change.make(
            "run",
            {
                "key": key,
                "job": spec.job,
                "model": spec.model,
                "model_sha256": spec.model_sha256,
                "captions": captions,
                "settings": settings,
                "threshold": spec.threshold,
                "who": spec.who or change.who,
                "started": change.at,
                "finished": None,
            },
        )
    if change.changed:
        change.note("run")
    change.flush()
    return run_of(change.db.execute(query).mappings().one())


def finish_run(change: Writing, number: int) -> None:
    """Note that a run has looked at all that it was to look at."""
    fields = _run(change, number)
    if fields["finished"] is None:
        change.change("run", number, fields, {"finished": change.at})
        change.note("run")


def _run(change: Writing, number: int) -> dict[str, Any]:
    fields = change.get("run", number)
    if fields is None:
        raise SetNotFoundError(f"the set has no run {number}")
    return fields


def missing_pictures(
    db: sa.Connection, set_id: int, run: int, after: int, *, unreviewed: bool
) -> list[PictureRow]:
    """Return the next pictures, by number, that a run has not done."""
    seen = sa.select(SEEN.c.picture).where(
        SEEN.c.set_id == set_id, SEEN.c.run == run, SEEN.c.picture == PICTURES.c.number
    )
    query = sa.select(PICTURES).where(
        PICTURES.c.set_id == set_id, PICTURES.c.number > after, PICTURES.c.place != "", ~seen.exists()
    )
    if unreviewed:
        query = query.where(PICTURES.c.state != "reviewed")
    rows = db.execute(query.order_by(PICTURES.c.number).limit(_PAGE)).mappings()
    return [picture_of(row) for row in rows]


def propose(change: Writing, run: int, found: Mapping[int, Sequence[Proposal]]) -> int:
    """Take in what a run has found in pictures, and that it has done them; return how many were new.

    A picture that the run has done is passed over, so that the same batch may come again. Undecided proposals
    of earlier runs give way, of later ones they stay. A proposal that repeats what a person has decided about
    its class is not kept.
    """
    _run(change, run)
    done = set(
        change.db.scalars(sa.select(SEEN.c.picture).where(SEEN.c.set_id == change.set_id, SEEN.c.run == run))
        if len(found) > 1
        else change.db.scalars(
            sa.select(SEEN.c.picture).where(
                SEEN.c.set_id == change.set_id, SEEN.c.run == run, SEEN.c.picture.in_(list(found))
            )
        )
    )
    fresh = [number for number in found if number not in done]
    for number in fresh:
        _propose_to(change, run, number, found[number])
    if fresh:
        rows = [{"set_id": change.set_id, "run": run, "picture": number} for number in fresh]
        change.db.execute(SEEN.insert(), rows)
    return len(fresh)


def _propose_to(change: Writing, run: int, number: int, proposals: Sequence[Proposal]) -> None:
    where = PICTURES.c.set_id == change.set_id, PICTURES.c.number == number
    picture = change.db.execute(sa.select(PICTURES).where(*where)).mappings().first()
    if picture is None:
        raise SetNotFoundError(f"the set has no picture {number}")
    query = sa.select(BOXES).where(BOXES.c.set_id == change.set_id, BOXES.c.picture == number)
    there = change.db.execute(query.order_by(BOXES.c.number)).mappings().all()
    decided: list[tuple[int | None, Corners]] = []
    undecided = []
    for box in there:
        if box["state"] == "proposed":
            undecided.append(box)
            continue
        decided.append((box["class"], _corners(box)))
        if box["first"]:
            decided.append((change.heir(box["first"][0]), tuple(box["first"][1:])))
    if any(box["run"] is not None and box["run"] > run for box in undecided):
        change.note("propose", number, body={"passed": True})
        return
    size = picture["width"], picture["height"]
    kept = []
    for proposal in proposals:
        class_number = change.heir(proposal.class_number)
        corners = inside(proposal.box, *size)
        if class_number is None or corners is None or not 0 <= proposal.score <= 1:
            continue
        if not any(c == class_number and overlap(b, corners) >= _SAME for c, b in decided):
            kept.append((class_number, corners, proposal))
    for box in undecided:
        change.drop("box", box["number"], logged("box", box))
    for class_number, corners, proposal in kept:
        change.make("box", _fields(number, class_number, corners, proposal, run))
    change.note("propose", number)
    if undecided:
        shown = [(box["class"], _corners(box)) for box in undecided if box["shown"]]
        change.flush()
        apart = _apart(change, number, shown)
        change.db.execute(PICTURES.update().where(*where).values(apart=apart))


def _apart(change: Writing, number: int, before: list[tuple[int, Corners]]) -> int:
    """Count the shown boxes of the run before, and of this one, that the other has not found."""
    from skillbank.sets.derived import derive

    derive(change.db, change.set_id, [number])
    query = sa.select(BOXES).where(
        BOXES.c.set_id == change.set_id, BOXES.c.picture == number, BOXES.c.shown, BOXES.c.state == "proposed"
    )
    now = [(box["class"], _corners(box)) for box in change.db.execute(query).mappings()]
    return sum(
        not any(c == other and overlap(b, there) >= _FOUND for other, there in others)
        for boxes, others in ((before, now), (now, before))
        for c, b in boxes
    )


def _fields(
    picture: int, class_number: int, corners: Corners, proposal: Proposal, run: int
) -> dict[str, Any]:
    return {
        "picture": picture,
        "class": class_number,
        **dict(zip(("x1", "y1", "x2", "y2"), corners, strict=True)),
        "score": float(proposal.score),
        "caption": proposal.caption,
        "origin": f"run {run}",
        "run": run,
        "state": "proposed",
        "by": None,
        "first": None,
    }


def _corners(box: Any) -> Corners:
    return box["x1"], box["y1"], box["x2"], box["y2"]


def pages_of_missing(engine: sa.Engine, set_id: int, run: int, *, unreviewed: bool) -> Iterator[PictureRow]:
    """Yield the pictures that a run has not done; the store is not held between two pages."""
    after = 0
    while True:
        with engine.connect() as db:
            page = missing_pictures(db, set_id, run, after, unreviewed=unreviewed)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].number
