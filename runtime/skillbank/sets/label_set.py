"""One label set: what every door does to it, and by `skillbank.sets.view` what they read of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from skillbank.sets import (
    accepting,
    adding,
    asking,
    classes,
    editing,
    learning,
    log,
    proposals,
    queue,
)
from skillbank.sets.model import (
    Added,
    ClassSpec,
    Decided,
    Event,
    FoundPicture,
    LabelClass,
    Operation,
    PictureState,
    Proposal,
    Run,
    RunSpec,
)
from skillbank.sets.rows import state_of
from skillbank.sets.stored import refuse_to_keep
from skillbank.sets.view import SetView
from skillbank.sets.writing import change_set

__all__ = ["LabelSet"]


class LabelSet(SetView):
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

    def set_classes(self, specs: Sequence[ClassSpec], who: str) -> tuple[LabelClass, ...]:
        """Add classes and change those that are there by name; see `skillbank.sets.classes.put_specs`."""
        with self._noted("classes", who) as change:
            classes.put_specs(change, specs)
        return self.classes()

    def change_class(self, number: int, who: str, **fields: object) -> None:
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
        """Add pictures by their content; see `skillbank.sets.adding.add_pictures`.

        Raises
        ------
        QuotaError
            When who acts, or the project, may keep no more.
        """
        refuse_to_keep(self._engine, "label.pictures", self.name)
        with self._noted("pictures", who) as change:
            return adding.add_pictures(change, found)

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
        return self.decide_seen(boxes, who, None, reclass=reclass, class_number=class_number).changed

    def decide_seen(
        self,
        boxes: Mapping[int, Literal["accept", "reject"]],
        who: str,
        seen: int | None,
        *,
        reclass: Sequence[int] = (),
        class_number: int = 0,
    ) -> Decided:
        """Decide as `decide` does, but for what others have changed since somebody looked: that stays.

        Parameters
        ----------
        seen
            The version of the set at which the boxes were looked at; with None all are decided.
        """
        with self._changing(who) as change:
            others = set() if seen is None else log.changed_by_others(change, seen)
            count = editing.decide(change, {box: each for box, each in boxes.items() if box not in others})
            mine = [box for box in reclass if box not in others]
            count += editing.reclass(change, mine, class_number) if mine else 0
            return Decided(count, len(others & {*boxes, *reclass}))

    def undo(self, who: str) -> Event | None:
        """Turn around what somebody did last; see `skillbank.sets.log.undo`."""
        with self._changing(who) as change:
            return log.undo(change)

    def redo(self, who: str) -> Event | None:
        """Do again what somebody has undone last; see `skillbank.sets.log.redo`."""
        with self._changing(who) as change:
            return log.redo(change)

    # Models

    def start_run(self, spec: RunSpec) -> Run:
        """Note a run of a model; see `skillbank.sets.proposals.start_run`."""
        with self._changing(spec.who) as change:
            return proposals.start_run(change, spec)

    def finish_run(self, run: Run, who: str) -> None:
        """Note that a run has done all its pictures."""
        with self._changing(who) as change:
            proposals.finish_run(change, run.number)

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

    def learn(self, on: bool, who: str, *, whole: bool = True) -> None:
        """Let decisions say what is shown of the rest, or no longer; see `skillbank.sets.learning.switch`."""
        with self._changing(who) as change:
            learning.switch(change, on, whole=whole)

    def accept_rest(self, who: str, *, target: float = 0.95) -> accepting.Accepted:
        """Accept the rest unseen, once the audit says yes; see `skillbank.sets.accepting.accept_rest`."""
        return accepting.accept_rest(self, who, target)
