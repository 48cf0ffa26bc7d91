"""The rest of a set accepted unseen, once the audit says that it may be: a state of its own, not a review.

Of such a picture the boxes that were shown are accepted by nobody. What says how right a model is (sample,
accuracy, thresholds, rounds) goes by what people have reviewed and takes no notice of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from skillbank.errors import StateError
from skillbank.sets.audit import Audit, audit_of
from skillbank.sets.derived import parts
from skillbank.sets.hindsight import latest_run
from skillbank.sets.learning import catch_up
from skillbank.sets.logged import logged
from skillbank.sets.model import ACCEPT_REST
from skillbank.sets.tables import BOXES, CLAIMS, PICTURES, SEEN
from skillbank.sets.transactions import reading
from skillbank.sets.writing import Writing, change_set
from skillbank.stored import now
from skillbank.ways import Sentence, command

if TYPE_CHECKING:
    from skillbank.sets.label_set import LabelSet
from skillbank.sets.who import who_decides

__all__ = ["Accepted", "NotAcceptableError", "accept_rest", "confirm", "count_of_rest", "give_back"]


class NotAcceptableError(StateError):
    """The audit does not say that the rest may be accepted unseen."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was accepted unseen.

    ``left`` to do are pictures that the latest model has not seen, that somebody is at, or that show a
    proposal of no run: the audit says nothing of what a person has asked for there, or of labels to be
    reviewed.
    """

    pictures: int
    boxes: int
    left: int


def accept_rest(found: LabelSet, who: str, target: float = 0.95) -> Accepted:
    """Accept all pictures that are to do and that the latest model has looked at, with what is shown there.

    What the audit said stands in the event. An undo takes it back; a review of a picture makes it a person's.

    Raises
    ------
    NotAcceptableError
        When the audit does not answer yes at this target.
    """
    who = who_decides(who)
    while True:
        version = found.version()
        said = audit_of(found, target)
        if said.verdict != "yes":
            raise NotAcceptableError(_why(found.name, said))
        with change_set(found.engine, found.id, who) as change:
            if change.row["version"] == version:  # else what the sample says may be another thing by now
                return _accept(change, said)


def _why(name: str, said: Audit) -> str:
    if said.verdict == "no":
        told = f"a share of right or found boxes lies below {said.target:.0%}"
    elif not said.pictures:
        since = " since the latest model looked or the set learned" if said.earlier else ""
        told = f"no picture of the random sample is reviewed{since}"
    else:
        told = (
            f"{said.pictures:,} reviewed pictures of the random sample are too few to say {said.target:.0%}"
        )
    return Sentence(
        f"the rest of {name} is not accepted unseen: {told}; the Audit of {command('review', name)} asks for "
        "more of them"
    )


def count_of_rest(found: LabelSet, who: str) -> int:
    """Return how many pictures somebody would accept unseen now, where the audit says yes."""
    with reading(found.engine) as db:
        spoken_of = _spoken_of(db, found.id, who_decides(who), now())
        return db.scalar(sa.select(sa.func.count()).where(*spoken_of)) or 0


def _spoken_of(db: sa.Connection, set_id: int, who: str, at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Return which pictures are to do and are such as the audit speaks of, and with nobody else."""
    c, p = PICTURES.c, set_id
    latest = latest_run(db, p)
    seen = sa.select(SEEN.c.picture).where(
        SEEN.c.set_id == p, SEEN.c.picture == c.number, SEEN.c.run == latest
    )
    held = sa.select(CLAIMS.c.picture).where(
        CLAIMS.c.set_id == p,
        CLAIMS.c.picture == c.number,
        CLAIMS.c.who != who,
        CLAIMS.c.until > at,
    )
    others = sa.select(BOXES.c.number).where(
        BOXES.c.set_id == p,
        BOXES.c.picture == c.number,
        BOXES.c.state == "proposed",
        BOXES.c.run.is_(None),
    )
    return c.set_id == p, c.state == "todo", seen.exists(), ~held.exists(), ~others.exists()


def _accept(change: Writing, said: Audit) -> Accepted:
    c, p = PICTURES.c, change.set_id
    catch_up(change, whole=True)  # the sample was shown by the last lesson
    change.settle()
    spoken_of = _spoken_of(change.db, p, change.who, change.at)
    rest = list(change.db.scalars(sa.select(c.number).where(*spoken_of)))
    count = change.db.scalar(sa.select(sa.func.count()).where(c.set_id == p, c.state == "todo")) or 0
    if not rest:
        return Accepted(0, 0, count)
    boxes = _boxes(change, rest, BOXES.c.state == "proposed", BOXES.c.shown)
    change.change_all("picture", change.get_all("picture", rest), {n: {"state": "accepted"} for n in rest})
    change.change_all("box", boxes, {n: {"state": "accepted"} for n in boxes})
    both = said.overall.precision, said.overall.recall
    precision, recall = ([share.low, share.high] for share in both)
    told = {"target": said.target, "sample": said.pictures, "precision": precision, "recall": recall}
    change.note(ACCEPT_REST, body={"audit": told})
    return Accepted(len(rest), len(boxes), count - len(rest))


def give_back(change: Writing, picture: int) -> None:
    """Make the boxes of a picture that nobody has decided proposals again: it is not accepted any more."""
    boxes = _boxes(change, [picture], *_nobodys())
    change.change_all("box", boxes, {number: {"state": "proposed"} for number in boxes})


def confirm(change: Writing, picture: int) -> None:
    """Make the boxes of a picture that nobody has decided a person's, who has looked through it."""
    boxes = _boxes(change, [picture], *_nobodys())
    change.change_all("box", boxes, {number: {"by": change.who} for number in boxes})


def _nobodys() -> tuple[sa.ColumnElement[bool], ...]:
    return BOXES.c.state == "accepted", BOXES.c.by.is_(None)


def _boxes(
    change: Writing, pictures: list[int], *where: sa.ColumnElement[bool]
) -> dict[int, dict[str, object]]:
    change.flush()
    found: dict[int, dict[str, object]] = {}
    for part in parts(pictures):
        query = sa.select(BOXES).where(BOXES.c.set_id == change.set_id, BOXES.c.picture.in_(part), *where)
        rows = change.db.execute(query.order_by(BOXES.c.number)).mappings()
        found |= {row["number"]: logged("box", row) for row in rows}
    return found
