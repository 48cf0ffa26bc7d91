"""What models find: taken in once, in the place of what was not decided yet; decisions of people stay."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa

from skillbank.errors import UsageError
from skillbank.sets.brightness import with_levels
from skillbank.sets.classes import checked_specs
from skillbank.sets.derived import parts
from skillbank.sets.disputes import Found, Mark, Stand, against, apart, is_among
from skillbank.sets.geometry import inside
from skillbank.sets.logged import logged
from skillbank.sets.model import IMPORT, Corners, PictureRow, Proposal, Run, RunSpec, SetNotFoundError
from skillbank.sets.naming import Bid, named
from skillbank.sets.repeats import AGAIN, repeats
from skillbank.sets.rows import picture_of, run_of
from skillbank.sets.tables import BOXES, LABEL_EVENTS, PICTURES, RUNS, SEEN
from skillbank.sets.writing import Writing
from skillbank.stored import asking
from skillbank.visible import one_line

__all__ = ["finish_run", "missing_pictures", "propose", "start_run"]

_SAME = 0.7
"""Share of two boxes from which a proposal repeats what a person has decided."""
_FOUND = 0.5
"""Share from which two runs have found the same object."""
_PAGE = 500


def start_run(change: Writing, spec: RunSpec) -> Run:
    """Note a run; the same model, descriptions and settings are the run that they were before.

    What only says which boxes are shown may differ, the threshold and the bound across classes: it is as it
    was said last, without the model.

    Raises
    ------
    UsageError
        When a class is not of the set, or a number is out of bounds.
    """
    numbers = {found.name: found.number for found in change.classes.values() if not found.gone}
    captions: dict[str, object] = {}
    for asked in checked_specs(spec.classes):
        if asked.name not in numbers:
            raise UsageError(
                f"the set has no class {one_line(asked.name)}; add it before a model looks for it"
            )
        captions[str(numbers[asked.name])] = [list(asked.captions), list(asked.not_captions)]
    for name in ("nms", "across", "least", "threshold"):
        if not 0 <= getattr(spec, name) <= 1:
            raise UsageError(f"{name} is from 0 to 1, and {getattr(spec, name)} is not")
    looked: dict[str, object] = {"nms": spec.nms, "tiles": spec.tiles, "least": spec.least}
    looked |= {"precision": spec.precision} if spec.precision else {}
    content = json.dumps([spec.model_sha256, captions, looked], sort_keys=True)
    settings = {**looked, "across": spec.across}
    key = hashlib.sha256(content.encode()).hexdigest()
    query = sa.select(RUNS).where(RUNS.c.set_id == change.set_id, RUNS.c.key == key)
    there = change.db.execute(query).mappings().first()
    if there is not None:
        again = {
            "job": spec.job or there["job"],
            "source": spec.source or there["source"],
            "threshold": spec.threshold,
            "settings": settings,
            "finished": None,
        }
        change.change("run", there["number"], logged("run", there), again)
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
                "source": spec.source,
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


def _run(change: Writing, number: int) -> dict[str, object]:
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
    return with_levels(db, set_id, map(picture_of, rows))


def propose(change: Writing, run: int, found: Mapping[int, Sequence[Proposal]]) -> int:
    """Take in what a run has found in pictures, and that it has done them; return how many were new.

    A picture that the run has done is passed over, so that the same batch may come again. Undecided proposals
    of earlier runs give way, of later ones they stay. A proposal that repeats what a person has decided about
    its class is not kept.
    """
    said = _run(change, run)
    fresh = []
    for part in parts(found):
        pictures, there = _held(change, part)
        for number in part:
            if number not in pictures:
                raise SetNotFoundError(f"the set has no picture {number}")
            if run not in there[number].runs:
                _propose_to(change, run, said, pictures[number], there[number], found[number])
                fresh.append(number)
    if fresh:
        rows = [{"set_id": change.set_id, "run": run, "picture": number} for number in fresh]
        change.db.execute(SEEN.insert(), rows)
    return len(fresh)


class _Placed(NamedTuple):
    """A proposal with its class as it is now, and cut to its picture."""

    class_number: int
    corners: Corners
    proposal: Proposal

    @property
    def mark(self) -> tuple[int, Corners]:
        """What it says is where."""
        return self.class_number, self.corners


@dataclass(slots=True)
class _There:
    """What is known of a picture: its boxes, the runs that have done it, whether somebody has labelled it."""

    boxes: list[sa.RowMapping] = field(default_factory=list)
    runs: set[int] = field(default_factory=set)
    is_labelled: bool = False


def _held(change: Writing, numbers: Sequence[int]) -> tuple[dict[int, sa.RowMapping], dict[int, _There]]:
    """Return pictures, and what is known of them, by their numbers."""
    change.flush()
    c = PICTURES.c
    wanted = sa.select(c.number, c.width, c.height, c.state).where(
        c.set_id == change.set_id, c.number.in_(numbers)
    )
    pictures = {row["number"]: row for row in change.db.execute(wanted).mappings()}
    there = {
        number: _There(is_labelled=row["state"] in ("reviewed", "accepted"))
        for number, row in pictures.items()
    }
    query = sa.select(BOXES).where(BOXES.c.set_id == change.set_id, BOXES.c.picture.in_(numbers))
    for row in change.db.execute(query.order_by(BOXES.c.number)).mappings():
        there[row["picture"]].boxes.append(row)
    seen = sa.select(SEEN.c.picture, SEEN.c.run).where(
        SEEN.c.set_id == change.set_id, SEEN.c.picture.in_(numbers)
    )
    for picture, run in change.db.execute(seen):
        there[picture].runs.add(run)
    e = LABEL_EVENTS.c
    imports = sa.select(e.picture).where(e.set_id == change.set_id, e.picture.in_(numbers), e.kind == IMPORT)
    for picture in change.db.scalars(imports):
        there[picture].is_labelled = True
    return pictures, there


def _propose_to(
    change: Writing,
    run: int,
    said: Mapping[str, object],
    picture: sa.RowMapping,
    there: _There,
    proposals: Sequence[Proposal],
) -> None:
    """Take in what a run has found in one picture.

    Parameters
    ----------
    said
        What the run's fields are.
    there
        What is known of the picture.
    """
    number = picture["number"]
    if any(other > run for other in there.runs):
        change.note("propose", number, body={"passed": True})
        return
    found = [each for proposal in proposals if (each := _placed(change, picture, proposal)) is not None]
    decided, labels = _decisions(change, there.boxes, [each.mark for each in found])
    imported, undecided = _open_proposals(there.boxes)
    change.drop_all("box", {box["number"]: logged("box", box) for box in undecided})
    for each in found:
        if not is_among(each.mark, decided, _SAME) and not is_among(each.mark, imported, _FOUND):
            change.make("box", _fields(number, each, run))
    scored = [(*each.mark, each.proposal.score) for each in found]
    change.note("propose", number, body={AGAIN: repeats(there.boxes, scored, _SAME, _FOUND)})
    stand = Stand([*labels, *imported], decided, _marks(box for box in undecided if box["shown"]))
    _compare(change, number, there, stand, _shown(change, run, said, found))


def _compare(change: Writing, number: int, there: _There, stand: Stand, found: Sequence[Found]) -> None:
    """Keep how far a run is from what stands in a picture, and how much of that speaks against its labels."""
    is_labelled = there.is_labelled or bool(stand.labels)
    differs = apart(stand, found) if is_labelled or there.runs else 0
    change.set_apart(number, differs, against(stand, found) if is_labelled else 0.0)


def _open_proposals(boxes: Iterable[sa.RowMapping]) -> tuple[list[Mark], list[sa.RowMapping]]:
    """Return what nobody has decided: what came with a data set to be reviewed, and what models say."""
    undecided = [box for box in boxes if box["state"] == "proposed"]
    came = _marks(box for box in undecided if box["run"] is None)
    return came, [box for box in undecided if box["run"] is not None]


def _decisions(
    change: Writing, boxes: Iterable[sa.RowMapping], found: Sequence[Mark]
) -> tuple[list[Mark], list[Mark]]:
    """Return what a proposal must not repeat, and which of it are objects that a model may contradict.

    Who has moved or renamed what a model proposed has answered it: that it says so again is nothing new.
    """
    decided: list[Mark] = []
    labels: list[Mark] = []
    for box in boxes:
        if box["state"] == "proposed":
            continue
        mark: Mark = box["class"], _corners(box)
        decided.append(mark)
        is_open = box["state"] != "rejected"
        if box["first"]:
            first: Mark = change.heir(box["first"][0]), tuple(box["first"][1:])
            decided.append(first)
            is_open = is_open and not any(is_among(each, [first], _SAME) for each in found)
        if is_open:
            labels.append(mark)
    return decided, labels


def _shown(change: Writing, run: int, said: Mapping[str, Any], found: Sequence[_Placed]) -> list[Found]:
    """Return what a run has found with what of it would be shown by itself: of several names the surest."""
    sure = [
        number
        for number, (class_number, _, proposal) in enumerate(found)
        if proposal.score >= change.classes[class_number].level(run, said["threshold"])
    ]
    bids = [Bid(*found[number].mark, found[number].proposal.score, run) for number in sure]
    across = float(said["settings"]["across"])
    shown = {sure[place] for place in named(bids, (), lambda _: across).shown}
    return [
        Found(class_number, corners, proposal.score, number in shown)
        for number, (class_number, corners, proposal) in enumerate(found)
    ]


def _placed(change: Writing, picture: sa.RowMapping, proposal: Proposal) -> _Placed | None:
    """Return a proposal with its class as it is now, and cut to the picture; None where nothing is left."""
    class_number = change.heir(proposal.class_number)
    corners = inside(proposal.box, picture["width"], picture["height"])
    if class_number is None or corners is None or not 0 <= proposal.score <= 1:
        return None
    return _Placed(class_number, corners, proposal)


def _marks(boxes: Iterable[sa.RowMapping]) -> list[Mark]:
    return [(box["class"], _corners(box)) for box in boxes]


def _fields(picture: int, found: _Placed, run: int) -> dict[str, object]:
    return {
        "picture": picture,
        "class": found.class_number,
        **dict(zip(("x1", "y1", "x2", "y2"), found.corners, strict=True)),
        "score": float(found.proposal.score),
        "caption": found.proposal.caption,
        "origin": f"run {run}",
        "run": run,
        "state": "proposed",
        "by": None,
        "first": None,
    }


def _corners(box: sa.RowMapping) -> Corners:
    return box["x1"], box["y1"], box["x2"], box["y2"]


def pages_of_missing(engine: sa.Engine, set_id: int, run: int, *, unreviewed: bool) -> Iterator[PictureRow]:
    """Yield the pictures that a run has not done; the store is not held between two pages."""
    after = 0
    while True:
        with asking(engine) as db:
            page = missing_pictures(db, set_id, run, after, unreviewed=unreviewed)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].number
