"""What every door reads of a label set; nothing here changes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import sqlalchemy as sa

from skillbank.datasets.deep import Range
from skillbank.datasets.document import DataSet
from skillbank.datasets.tree import Tree
from skillbank.sets import audit, document, pictures, proposals, thresholds
from skillbank.sets.brightness import scale_of
from skillbank.sets.model import (
    ALL,
    BoxState,
    Event,
    Filter,
    LabelBox,
    LabelClass,
    PictureRow,
    PictureState,
    Run,
    SetNotFoundError,
    SetSummary,
)
from skillbank.sets.rows import box_of, classes_of, events_of, run_of, state_of
from skillbank.sets.summary import summary_of
from skillbank.sets.tables import BOXES, LABEL_EVENTS, PICTURES, RUNS, SETS
from skillbank.sets.transactions import reading
from skillbank.sets.who import who_decides
from skillbank.sets.writing import Writing, change_set
from skillbank.stored import asking
from skillbank.ways import command

__all__ = ["SetView"]


class Handle:
    """A set in the store, by its number there."""

    def __init__(self, engine: sa.Engine, set_id: int, name: str) -> None:
        self._engine, self.id, self.name = engine, set_id, name

    @property
    def engine(self) -> sa.Engine:
        """The database, for what is done to a set from other modules."""
        return self._engine

    def summary(self) -> SetSummary:
        """Return how the set stands."""
        with reading(self._engine) as db:
            return summary_of(db, self._row(db))

    def version(self) -> int:
        """Return how many events the set has had."""
        with asking(self._engine) as db:
            return int(self._row(db)["version"])

    def _row(self, db: sa.Connection) -> sa.RowMapping:
        row = db.execute(sa.select(SETS).where(SETS.c.id == self.id)).mappings().first()
        if row is None:
            raise SetNotFoundError(
                f"the label set {self.name} was removed meanwhile; {command('sets')} lists those there are"
            )
        return row

    @contextmanager
    def _noted(self, kind: str, who: str) -> Iterator[Writing]:
        """Change the set; what has changed is one event."""
        with self._changing(who) as change:
            yield change
            if change.changed:
                change.note(kind)

    def _changing(self, who: str) -> AbstractContextManager[Writing]:
        return change_set(self._engine, self.id, who_decides(who))


class SetView(Handle):
    """A label set as it stands; each answer is of one moment."""

    def classes(self, *, gone: bool = False) -> tuple[LabelClass, ...]:
        """Return the classes in their order; those that were merged or removed only if asked for."""
        with reading(self._engine) as db:
            self._row(db)
            return tuple(c for c in classes_of(db, self.id).values() if gone or not c.gone)

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
        """Return a picture with its boxes."""
        with reading(self._engine) as db:
            return state_of(db, self.id, number)

    def scale(self) -> dict[str, Range]:
        """Return what is black and white in pictures of more than 8 bits, by the kind of their numbers."""
        with reading(self._engine) as db:
            return scale_of(db, self.id)

    def box(self, number: int) -> LabelBox:
        """Return a box."""
        with asking(self._engine) as db:
            query = sa.select(BOXES).where(BOXES.c.set_id == self.id, BOXES.c.number == number)
            row = db.execute(query).mappings().first()
        if row is None:
            raise SetNotFoundError(f"the set has no box {number}")
        return box_of(row)

    def shown(self, numbers: Sequence[int]) -> dict[int, list[LabelBox]]:
        """Return the boxes of some pictures that count as objects; pictures without any are left out."""
        with asking(self._engine) as db:
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

        Raises
        ------
        SetNotFoundError
            When there is no such class.
        """
        c = BOXES.c
        query = sa.select(BOXES).where(c.set_id == self.id, c["class"] == class_number, c.number > after)
        if state is not None:
            query = query.where(c.state == state)
        if not candidates:
            query = query.where(sa.or_(c.shown, c.state != "proposed"))
        with asking(self._engine) as db:
            pictures.refuse_absent_class(db, self.id, class_number)
            return [box_of(row) for row in db.execute(query.order_by(c.number).limit(limit)).mappings()]

    def log(self, after: int = 0, limit: int = 1000) -> list[Event]:
        """Return lines of the log, behind the one numbered ``after``."""
        with asking(self._engine) as db:
            return events_of(db, self.id, LABEL_EVENTS.c.seq > after, limit=limit)

    def runs(self) -> tuple[Run, ...]:
        """Return the runs, the first one first."""
        with asking(self._engine) as db:
            query = sa.select(RUNS).where(RUNS.c.set_id == self.id).order_by(RUNS.c.number)
            return tuple(run_of(row) for row in db.execute(query).mappings())

    def missing(self, run: Run, *, unreviewed: bool = False) -> Iterator[PictureRow]:
        """Yield the pictures that a run has not done, a few hundred read at a time."""
        return proposals.pages_of_missing(self._engine, self.id, run.number, unreviewed=unreviewed)

    def audit(self, *, target: float = 0.95) -> audit.Audit:
        """Say by a random sample whether the rest may be accepted unseen; see `skillbank.sets.audit`."""
        return audit.audit_of(self, target)

    def suggest_thresholds(self) -> dict[int, thresholds.Suggestion]:
        """Return a threshold by class number for the latest run; see `skillbank.sets.thresholds`."""
        with reading(self._engine) as db:
            self._row(db)
            return thresholds.suggest(db, self.id)

    def digest(self, *, prompts: bool = True) -> str:
        """Return what stands for what a run reads of the set; see `skillbank.sets.document.digest_of`."""
        with reading(self._engine) as db:
            self._row(db)
            return document.digest_of(db, self.id, prompts=prompts)

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
            return document.digest_of(db, self.id, prompts=prompts), data, tree

    def contents(self) -> dict[str, str]:
        """Return the sha256 of every picture by its name."""
        query = sa.select(PICTURES.c.name, PICTURES.c.sha256).where(PICTURES.c.set_id == self.id)
        with asking(self._engine) as db:
            return {name: sha256 for name, sha256 in db.execute(query)}  # noqa: C416 - rows are no pairs
