"""Rounds of a label set: what people did to what a model had proposed, until the next model looked.

All of it is read from the log. What counts is how a round has left a box beside how it stood before, so that
what somebody has undone is nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from skillbank.sets.model import Entry, Event

if TYPE_CHECKING:
    from skillbank.sets.view import SetView

__all__ = ["ClassRound", "Round", "rounds_of"]

_PAGE = 2000
_TO_BOXES = ("edit", "decide")
"""Kinds of events by which people decide; what is done to classes, which boxes follow, is no decision."""
_DECIDED = ("accepted", "edited")
_OF_THE_UNSEEN = ({"state": "proposed"},)
"""What becomes of boxes that were accepted unseen when their picture is to do again."""
What: TypeAlias = Literal["accepted", "edited", "added", "rejected"]


@dataclass(frozen=True, slots=True)
class ClassRound:
    """Boxes of a class that people have decided in a round.

    Attributes
    ----------
    accepted, edited, rejected
        Of those that a model or a data set had proposed; what was renamed counts for the class it has now.
    added
        Drawn by a person.
    """

    accepted: int = 0
    edited: int = 0
    added: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Round:
    """What was done while one model's proposals were the newest.

    Attributes
    ----------
    run
        Number of the run; None of what was done before any model had looked.
    model
        Its name.
    reviewed
        Pictures that were reviewed in the round and not before it.
    seconds
        That people have spent.
    actions
        Changes that people made: a box drawn, changed, accepted or rejected by itself, a picture reviewed,
        an undo; what a review accepts by the way is none.
    classes
        By class number.
    people
        Pictures by who reviewed them.
    """

    run: int | None
    model: str
    started: datetime
    reviewed: int
    reviewed_val: int
    seconds: float
    actions: int
    classes: Mapping[int, ClassRound]
    people: Mapping[str, int]

    @property
    def total(self) -> ClassRound:
        """Of all classes."""
        each = self.classes.values()
        return ClassRound(
            sum(c.accepted for c in each),
            sum(c.edited for c in each),
            sum(c.added for c in each),
            sum(c.rejected for c in each),
        )

    @property
    def seconds_a_picture(self) -> float | None:
        """None where no picture was reviewed."""
        return self.seconds / self.reviewed if self.reviewed else None

    @property
    def actions_a_picture(self) -> float | None:
        """None where no picture was reviewed."""
        return self.actions / self.reviewed if self.reviewed else None


@dataclass
class _Open:
    """A round while the log is read."""

    run: int | None
    started: datetime
    boxes: dict[int, dict[str, object] | None] = field(default_factory=dict)  # as they stood before it
    pictures: dict[int, object] = field(default_factory=dict)
    seconds: float = 0.0
    actions: int = 0


def rounds_of(found: SetView) -> list[Round]:
    """Return the rounds of a set, the first one first; one in which nobody did anything is there too.

    A run that goes on after another one begins a round anew.
    """
    models = {run.number: run.model for run in found.runs()}
    reading = _Reading()
    made = []
    for event in _events(found):
        run = _begun(event)
        if run is not None and (reading.round is None or reading.round.run != run):
            made += reading.closed(models)
            reading.round = _Open(run, event.at)
        reading.take(event)
    return [*made, *reading.closed(models)]


def _events(found: SetView) -> Iterator[Event]:
    after = 0
    while page := found.log(after, _PAGE):
        yield from page
        after = page[-1].seq


def _begun(event: Event) -> int | None:
    """Return the run that an event has begun, or gone on with."""
    if event.kind != "run":
        return None
    numbers = [
        change["number"]
        for change in event.body["changes"]
        if change["what"] == "run" and (change["after"] or {}).get("finished") is None
    ]
    return numbers[0] if numbers else None


class _Reading:
    """The set as the log has it so far, and the round that is open."""

    def __init__(self) -> None:
        self.round: _Open | None = None
        self._kinds: dict[int, str] = {}
        self._boxes: dict[int, dict[str, object]] = {}
        self._pictures: dict[int, dict[str, object]] = {}

    def take(self, event: Event) -> None:
        """Take in an event."""
        kind = self._kinds[event.seq] = event.kind if event.of is None else self._kinds.get(event.of, "")
        of_people = kind in _TO_BOXES
        if of_people and self.round is None:
            self.round = _Open(None, event.at)
        for change in event.body["changes"]:
            if change["what"] in ("box", "picture"):
                self._change(change, of_people)
        if of_people and self.round is not None:
            self.round.seconds += event.body.get("seconds", 0.0)
            self.round.actions += _actions(event)

    def _change(self, change: Entry, of_people: bool) -> None:
        number, after = change["number"], change["after"]
        things = self._boxes if change["what"] == "box" else self._pictures
        before = things.get(number)
        if of_people and self.round is not None:
            if change["what"] == "box":
                self.round.boxes.setdefault(number, None if before is None else dict(before))
            else:
                self.round.pictures.setdefault(number, "todo" if before is None else before["state"])
        elif self.round is not None and change["what"] == "box" and after and "class" in after:
            was = self.round.boxes.get(number)
            if was is not None:  # its class became another one, as a whole
                was["class"] = after["class"]
        if after is None:
            things.pop(number, None)
        else:
            things[number] = {**(before or {}), **_kept(after)}

    def closed(self, models: Mapping[int, str]) -> list[Round]:
        """Return the round that was open, if there was one."""
        was, self.round = self.round, None
        if was is None:
            return []
        counts: dict[int, Counter[str]] = {}
        for number, before in was.boxes.items():
            told = _told(before, self._boxes.get(number))
            if told is not None:
                counts.setdefault(told[0], Counter())[told[1]] += 1
        fresh = [
            self._pictures[number]
            for number, before in was.pictures.items()
            if before != "reviewed" and self._pictures.get(number, {}).get("state") == "reviewed"
        ]
        return [
            Round(
                was.run,
                "" if was.run is None else models.get(was.run, ""),
                was.started,
                len(fresh),
                sum(picture["split"] == "val" for picture in fresh),
                was.seconds,
                was.actions,
                {number: ClassRound(**counts[number]) for number in sorted(counts)},
                dict(Counter(str(picture["reviewed_by"] or "") for picture in fresh)),
            )
        ]


def _kept(fields: Mapping[str, object]) -> dict[str, object]:
    wanted = ("class", "state", "by", "run", "score", "first", "split", "reviewed_by", "origin")
    return {name: fields[name] for name in wanted if name in fields}


def _told(before: Mapping[str, object] | None, now: Mapping[str, object] | None) -> tuple[int, What] | None:
    """Return what a round made of a box, and its class; None when it is as it was."""
    if now is None:
        return None
    made = _made_new(now) if before is None else _made_of(before, now)
    label = now["class"]
    assert isinstance(label, int), label
    return None if made is None else (label, made)


def _made_new(now: Mapping[str, object]) -> What | None:
    """Return what a round made of a box that was not there before it."""
    state, is_drawn = now["state"], now["run"] is None
    if state == "rejected":
        return None if is_drawn else "rejected"
    if state not in _DECIDED:
        return None
    if is_drawn:
        return "added"
    return "edited" if state == "edited" else "accepted"


def _made_of(before: Mapping[str, object], now: Mapping[str, object]) -> What | None:
    """Return what a round made of a box that was there."""
    was, state = before["state"], now["state"]
    if was == "accepted" and before["by"] is None and now["by"] is not None:
        was = "proposed"  # it was accepted unseen, and somebody has looked at it now
    if state == was and before["class"] == now["class"]:
        return "edited" if state == "edited" and before["first"] != now["first"] else None
    if state == "rejected":
        return "rejected"
    if state not in _DECIDED:
        return None
    return "edited" if state == "edited" or was in _DECIDED else "accepted"


def _actions(event: Event) -> int:
    """Return how much a person had to do for an event."""
    if event.kind not in _TO_BOXES:
        return 1 if event.kind in ("undo", "redo") else 0
    changes = event.body["changes"]
    reviewed = any(change["what"] == "picture" for change in changes)
    alone = 0
    for change in changes:
        after = change["after"] or {}
        is_followed = after.get("state") == "accepted" or after in _OF_THE_UNSEEN or set(after) == {"by"}
        by_the_way = reviewed and is_followed and change["before"] is not None
        alone += change["what"] == "box" and not by_the_way
    return alone + reviewed
