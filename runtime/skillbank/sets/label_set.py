"""One label set: what every door reads of it and does to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from skillbank.datasets.document import DataSet
from skillbank.datasets.tree import Tree
from skillbank.sets import (
    accepting,
    adding,
    asking,
    audit,
    classes,
    document,
    editing,
    learning,
    log,
    pictures,
    proposals,
    queue,
    thresholds,
)
from skillbank.sets.handle import Handle
from skillbank.sets.model import (
    ALL,
    Added,
    BoxState,
    ClassSpec,
    Event,
    Filter,
    FoundPicture,
    LabelBox,
    LabelClass,
    Operation,
    PictureRow,
    PictureState,
    Proposal,
    Run,
    RunSpec,
    SetNotFoundError,
)
from skillbank.sets.rows import box_of, classes_of, events_of, run_of, state_of
from skillbank.sets.tables import BOXES, LABEL_EVENTS, PICTURES, RUNS
from skillbank.sets.transactions import reading
from skillbank.sets.writing import change_set

__all__ = ["LabelSet"]


class LabelSet(Handle):
    """A label set; every method that changes it is one transaction, on the disk when it returns.

    Examples
    --------
    A person draws a box, takes it back, and puts it there again; everything is in the log.

    >>> from skillbank import Runtime
    >>> from skillbank.sets.model import Add, ClassSpec, FoundPicture, Review
    >>> found = FoundPicture("a.png", "/photos/a.png", sha256="0" * 64, width=640, height=480)
    >>> decided = [Add(1, (10, 20, 90, 200)), Review()]
    >>> with Runtime() as runtime:
    ...     doors = runtime.sets.create("doors", [ClassSpec("door")], who="ann")
    ...     [number] = doors.add_pictures([found], "ann").new
    ...     before = doors.picture(number)
    ...     done = doors.edit(number, decided, who="ann", version=before.version)
    ...     taken_back, put_back = doors.undo("ann"), doors.redo("ann")
    ...     stands, kinds = doors.summary(), [event.kind for event in doors.log()]
    >>> done.row.state, [(box.corners, box.state, box.origin) for box in done.boxes]
    ('reviewed', [((10.0, 20.0, 90.0, 200.0), 'accepted', 'ann')])
    >>> stands.reviewed, stands.classes[0].accepted, kinds
    (1, 1, ['create', 'pictures', 'edit', 'undo', 'redo'])
    """

    # Classes

    def classes(self, *, gone: bool = False) -> tuple[LabelClass, ...]:
        """Return the classes in their order; those that were merged or removed only if asked for."""
        with reading(self._engine) as db:
            self._row(db)
            return tuple(c for c in classes_of(db, self.id).values() if gone or not c.gone)

    def set_classes(self, specs: Sequence[ClassSpec], who: str) -> tuple[LabelClass, ...]:
        """Add classes and change those that are there by name; see `skillbank.sets.classes.put_specs`."""
        with self._noted("classes", who) as change:
            classes.put_specs(change, specs)
        return self.classes()

    def rename_class(self, number: int, name: str, who: str) -> None:
        """Give a class another name; see `skillbank.sets.classes.rename`."""
        with self._noted("rename", who) as change:
            classes.rename(change, number, name)

    def change_class(self, number: int, who: str, **fields: Any) -> None:
        """Change a class, all of it or nothing.

        Parameters
        ----------
        fields
            Of `skillbank.sets.model.ClassSpec`, those that get another value.
        """
        with self._changing(who) as change:
            classes.change_class(change, number, **fields)

    def merge_classes(self, numbers: Sequence[int], into: int, who: str) -> None:
        """Move the boxes of some classes into another; see `skillbank.sets.classes.merge`."""
        with self._noted("merge", who) as change:
            classes.merge(change, numbers, into)

    def remove_class(self, number: int, who: str) -> None:
        """Remove a class and its boxes; see `skillbank.sets.classes.remove`."""
        with self._noted("remove", who) as change:
            classes.remove(change, number)

    def set_threshold(self, number: int, value: float | None, who: str, *, run: int | None = None) -> None:
        """Set from which score proposals of a class are shown; see `skillbank.sets.classes.set_threshold`."""
        with self._noted("threshold", who) as change:
            classes.set_threshold(change, number, value, run)

    # Pictures

    def add_pictures(self, found: Iterable[FoundPicture], who: str) -> Added:
        """Add pictures by their content; see `skillbank.sets.adding.add_pictures`."""
        with self._noted("pictures", who) as change:
            return adding.add_pictures(change, found)

    def pictures(
        self, *, where: Filter = ALL, order: str = "name", after: int | None = None, limit: int = 100
    ) -> list[PictureRow]:
        """Return a page of pictures; see `skillbank.sets.pictures.list_pictures`.

        Parameters
        ----------
        order
            ``name``, ``number``, or ``use``: the most useful to review first.
        after
            Number of the last picture of the page before.
        """
        with reading(self._engine) as db:
            self._row(db)
            return pictures.list_pictures(db, self.id, where, order, after, limit)

    def picture(self, number: int) -> PictureState:
        """Return a picture with its boxes.

        Raises
        ------
        SetNotFoundError
            When the set has none of this number.
        """
        with reading(self._engine) as db:
            return state_of(db, self.id, number)

    def box(self, number: int) -> LabelBox:
        """Return a box.

        Raises
        ------
        SetNotFoundError
            When the set has none of this number.
        """
        with self._engine.connect() as db:
            query = sa.select(BOXES).where(BOXES.c.set_id == self.id, BOXES.c.number == number)
            row = db.execute(query).mappings().first()
        if row is None:
            raise SetNotFoundError(f"the set has no box {number}")
        return box_of(row)

    def shown(self, numbers: Sequence[int]) -> dict[int, list[LabelBox]]:
        """Return the boxes of some pictures that count as objects; pictures without any are left out."""
        with self._engine.connect() as db:
            return pictures.shown_boxes(db, self.id, numbers)

    def crops(
        self,
        class_number: int,
        *,
        state: BoxState | None = "proposed",
        candidates: bool = False,
        after: int = 0,
        limit: int = 60,
    ) -> list[LabelBox]:
        """Return boxes of a class by number, behind the box ``after``.

        Parameters
        ----------
        state
            Only of this state; None for any.
        candidates
            Whether proposals are wanted that are not shown.
        """
        c = BOXES.c
        query = sa.select(BOXES).where(c.set_id == self.id, c["class"] == class_number, c.number > after)
        if state is not None:
            query = query.where(c.state == state)
        if not candidates:
            query = query.where(sa.or_(c.shown, c.state != "proposed"))
        with self._engine.connect() as db:
            return [box_of(row) for row in db.execute(query.order_by(c.number).limit(limit)).mappings()]

    # Decisions

    def edit(
        self,
        number: int,
        operations: Sequence[Operation],
        *,
        who: str,
        version: int,
        seconds: float = 0,
    ) -> PictureState:
        """Do operations to a picture; see `skillbank.sets.editing.edit`.

        Raises
        ------
        VersionConflictError
            When the picture is not at this version; it holds the picture as it is now.
        """
        with self._changing(who) as change:
            editing.edit(change, number, operations, version, seconds)
            change.settle()
            return state_of(change.db, self.id, number)

    def decide(
        self,
        boxes: Mapping[int, Literal["accept", "reject"]],
        who: str,
        *,
        reclass: Sequence[int] = (),
        class_number: int = 0,
    ) -> int:
        """Accept and reject boxes of any pictures, all or none; return how many that has changed.

        Parameters
        ----------
        reclass
            Boxes that get the class ``class_number`` besides.
        """
        with self._changing(who) as change:
            count = editing.decide(change, boxes)
            return count + (editing.reclass(change, reclass, class_number) if reclass else 0)

    def reclass(self, boxes: Sequence[int], class_number: int, who: str) -> int:
        """Give boxes of any pictures another class; return how many that has changed."""
        with self._changing(who) as change:
            return editing.reclass(change, boxes, class_number)

    def undo(self, who: str) -> Event | None:
        """Turn around what somebody did last; see `skillbank.sets.log.undo`."""
        with self._changing(who) as change:
            return log.undo(change)

    def redo(self, who: str) -> Event | None:
        """Do again what somebody has undone last; see `skillbank.sets.log.redo`."""
        with self._changing(who) as change:
            return log.redo(change)

    def log(self, after: int = 0, limit: int = 1000) -> list[Event]:
        """Return lines of the log, behind the one numbered ``after``."""
        with self._engine.connect() as db:
            return events_of(db, self.id, LABEL_EVENTS.c.seq > after, limit=limit)

    # Models

    def start_run(self, spec: RunSpec) -> Run:
        """Note a run of a model; see `skillbank.sets.proposals.start_run`."""
        with self._changing(spec.who) as change:
            return proposals.start_run(change, spec)

    def finish_run(self, run: Run, who: str) -> None:
        """Note that a run has done all its pictures."""
        with self._changing(who) as change:
            proposals.finish_run(change, run.number)

    def runs(self) -> tuple[Run, ...]:
        """Return the runs, the first one first."""
        with self._engine.connect() as db:
            query = sa.select(RUNS).where(RUNS.c.set_id == self.id).order_by(RUNS.c.number)
            return tuple(run_of(row) for row in db.execute(query).mappings())

    def missing(self, run: Run, *, unreviewed: bool = False) -> Iterator[PictureRow]:
        """Yield the pictures that a run has not done, a few hundred read at a time."""
        return proposals.pages_of_missing(self._engine, self.id, run.number, unreviewed=unreviewed)

    def propose(self, run: Run, found: Mapping[int, Sequence[Proposal]]) -> int:
        """Take in what a run has found; see `skillbank.sets.proposals.propose`."""
        with change_set(self._engine, self.id, f"run {run.number}") as change:
            return proposals.propose(change, run.number, found)

    def take_asked(self, number: int, found: Sequence[Proposal], who: str, model: str) -> int:
        """Add what a model has found in a picture that a person asked it; see `skillbank.sets.asking`."""
        with self._changing(who) as change:
            return asking.take_asked(change, number, found, model)

    # The queue

    def next(
        self, who: str, *, count: int = 1, claim_seconds: float = 600, sample: bool = False
    ) -> list[int]:
        """Return the pictures to review next, kept for this person for a time; fewer when few are left.

        See `skillbank.sets.queue.next_pictures`.
        """
        with self._changing(who) as change:
            return queue.next_pictures(change, count, claim_seconds, sample=sample)

    def renew(self, numbers: Sequence[int], who: str, *, claim_seconds: float = 600) -> list[int]:
        """Keep pictures for a person who is still at them; see `skillbank.sets.queue.renew`."""
        with self._changing(who) as change:
            return queue.renew(change, numbers, claim_seconds)

    def elsewhere(self, who: str) -> int:
        """Return how many pictures that are to be reviewed other people keep for themselves."""
        with self._changing(who) as change:
            return queue.elsewhere(change)

    def learn(self, on: bool, who: str) -> None:
        """Let decisions say what is shown of the rest, or no longer; see `skillbank.sets.learning`."""
        with self._changing(who) as change:
            learning.switch(change, on)

    def audit(self, *, target: float = 0.95) -> audit.Audit:
        """Say by a random sample whether the rest may be accepted unseen; see `skillbank.sets.audit`."""
        return audit.audit_of(self, target)

    def accept_rest(self, who: str, *, target: float = 0.95) -> accepting.Accepted:
        """Accept the rest unseen, once the audit says yes; see `skillbank.sets.accepting.accept_rest`."""
        return accepting.accept_rest(self, who, target)

    def suggest_thresholds(self) -> dict[int, thresholds.Suggestion]:
        """Return a threshold by class number for the latest run; see `skillbank.sets.thresholds`."""
        with reading(self._engine) as db:
            self._row(db)
            return thresholds.suggest(db, self.id)

    # As data

    def digest(self) -> str:
        """Return what stands for what a training reads of the set; see `skillbank.sets.document`."""
        with reading(self._engine) as db:
            self._row(db)
            return document.digest_of(db, self.id)

    def data_set(
        self, *, reviewed_only: bool = True, accepted: bool = False, lies: document.Lies = Path
    ) -> tuple[DataSet, Tree]:
        """Return the set as a data set; see `skillbank.sets.document.data_set_of`."""
        return self.snapshot(reviewed_only=reviewed_only, accepted=accepted, lies=lies)[1:]

    def snapshot(
        self,
        *,
        reviewed_only: bool = True,
        accepted: bool = False,
        lies: document.Lies = Path,
        prompts: bool = False,
    ) -> tuple[str, DataSet, Tree]:
        """Return the digest and the data set of one moment; see `skillbank.sets.document.data_set_of`."""
        with reading(self._engine) as db:
            self._row(db)
            data, tree = document.data_set_of(
                db,
                self.id,
                self.name,
                lies,
                reviewed_only=reviewed_only,
                accepted=accepted,
                prompts=prompts,
            )
            return document.digest_of(db, self.id), data, tree

    def contents(self) -> dict[str, str]:
        """Return the sha256 of every picture by its name."""
        query = sa.select(PICTURES.c.name, PICTURES.c.sha256).where(PICTURES.c.set_id == self.id)
        with self._engine.connect() as db:
            return {name: sha256 for name, sha256 in db.execute(query)}  # noqa: C416 - rows are no pairs
