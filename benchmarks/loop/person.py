"""A person who corrects by the truth, and counts what that takes at the review page.

Counted is what the page's controls need: A, a digit, D and other keys, a click, a drag each are one action.
Moving the pointer, looking and thinking are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grounding_dino.data.drawn import Box
from skillbank.sets.geometry import overlap
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Accept, Add, Change, LabelBox, Operation, Reject, Review

Objects = Sequence[tuple[str, Box]]
GOOD = 0.7
"""Overlap with the truth from which a box is left as it is."""
SAME = 0.4
"""Overlap from which a box is about an object, and is pulled right rather than drawn anew."""
_CLICK = _KEY = _DRAG = 1
_NEAR = 1.5
"""Pixels by which an edge may be off after it was pulled, or need not be pulled at all."""


@dataclass
class Person:
    """Reviews pictures of a set.

    Attributes
    ----------
    truth
        What is on each picture, by its name.
    actions, drawing
        What correcting took, and what drawing all boxes would have taken, over all pictures.
    what
        Actions by what they were for.
    """

    labels: LabelSet
    truth: Mapping[str, Objects]
    name: str = "simulated"
    pictures: int = 0
    actions: int = 0
    drawing: int = 0
    what: dict[str, int] = field(default_factory=dict)
    _chosen: int = 0

    def __post_init__(self) -> None:
        self._numbers = {each.name: each.number for each in self.labels.classes()}
        self._chosen = min(self._numbers.values())

    def review(self, number: int) -> None:
        """Correct one picture and accept it."""
        state = self.labels.picture(number)
        truth = [(self._numbers[name], box) for name, box in self.truth[state.row.name]]
        operations = self._corrected([box for box in state.boxes if box.state == "proposed"], truth)
        self._did("accept and next", _KEY)
        self.labels.edit(number, [*operations, Review()], who=self.name, version=state.version, seconds=1)
        self.pictures += 1
        self.drawing += drawing(truth)

    def take_thresholds(self) -> None:
        """Take the thresholds that the set suggests by what was reviewed: one button."""
        for number, suggestion in self.labels.suggest_thresholds().items():
            self.labels.set_threshold(number, suggestion.threshold, self.name, run=suggestion.run)
        self._did("thresholds", _CLICK)

    def document(self) -> dict[str, object]:
        """Return the counts."""
        pictures = max(1, self.pictures)
        return {
            "pictures": self.pictures,
            "a picture": round(self.actions / pictures, 2),
            "drawing": round(self.drawing / pictures, 2),
            "share": round(self.actions / max(1, self.drawing), 3),
            "what": dict(self.what),
        }

    def _did(self, what: str, actions: int) -> None:
        self.actions += actions
        self.what[what] = self.what.get(what, 0) + actions

    def _corrected(self, boxes: Sequence[LabelBox], truth: Sequence[tuple[int, Box]]) -> list[Operation]:
        shown = [box for box in boxes if box.shown]
        operations: list[Operation] = []
        missing, used = list(truth), set()
        for place in sorted(range(len(truth)), key=lambda i: -_best(truth[i][1], shown)):
            number, corners = truth[place]
            near = [box for box in shown if box.number not in used and overlap(box.corners, corners) >= SAME]
            if near:
                # One of the right class if there is one, and of those the one that fits best.
                best = max(near, key=lambda b: (b.class_number == number, overlap(b.corners, corners)))
                used.add(best.number)
                missing.remove((number, corners))
                operations += self._put_right(best, number, corners)
        for box in shown:
            if box.number not in used:
                self._did("reject", _CLICK + _KEY)
                operations.append(Reject(box.number))
        hidden = [box for box in boxes if not box.shown]
        for number, corners in sorted(missing):
            operations.append(self._found(hidden, number, corners))
        return operations

    def _put_right(self, box: LabelBox, number: int, corners: Box) -> list[Operation]:
        wrong, off = box.class_number != number, overlap(box.corners, corners) < GOOD
        if not wrong and not off:
            return []
        if wrong:
            self._did("rename", _KEY)
            self._chosen = number
        if off:
            self._did("pull", _DRAG * _pulls(box.corners, corners))
        self._did("select", _CLICK)
        return [Change(box.number, number if wrong else None, corners if off else None)]

    def _found(self, hidden: Sequence[LabelBox], number: int, corners: Box) -> Operation:
        """Accept a candidate that fits, or draw."""
        fits = [box for box in hidden if box.class_number == number and overlap(box.corners, corners) >= GOOD]
        draws = _KEY + _DRAG + (_KEY if self._chosen != number else 0)
        if fits and draws > _CLICK + _KEY:
            self._did("accept a candidate", _CLICK + _KEY)
            return Accept(max(fits, key=lambda box: box.score or 0).number)
        self._did("draw", draws)
        self._chosen = number
        return Add(number, corners)


def drawing(truth: Sequence[tuple[int, Box]]) -> int:
    """Return the actions that drawing all boxes of a picture takes, those of one class after another."""
    return len(truth) * (_KEY + _DRAG) + len({number for number, _ in truth}) * _KEY + _KEY


def _best(corners: Box, boxes: Sequence[LabelBox]) -> float:
    return max((overlap(box.corners, corners) for box in boxes), default=0.0)


def _pulls(box: Box, corners: Box) -> int:
    """Return how many handles have to be pulled: one, where a corner or an edge of it is off, or two."""
    left, top, right, bottom = (abs(a - b) > _NEAR for a, b in zip(box, corners, strict=True))
    return 2 if (left and right) or (top and bottom) else 1
