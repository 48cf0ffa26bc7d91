"""A person who corrects by the truth, and counts what that takes at the review page.

Counted is what the page's controls need: A, a digit, D and other keys, a click, a drag each are one action.
Moving the pointer, looking and thinking are none. It goes about as `benchmarks.loop.at_page.PagePerson` does,
but straight at the set: a few seconds for sixty pictures, to try what a change to the review is worth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skillbank.sets.geometry import overlap
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Accept, Add, Change, LabelBox, Operation, Reject, Review
from skillbank_engine.data.drawn import Box

Objects = Sequence[tuple[str, Box]]
GOOD = 0.7
"""Overlap with the truth from which a box is left as it is."""
SAME = 0.4
"""Overlap from which a box is about an object, and is pulled right rather than drawn anew."""
MEANT = 0.3
"""Overlap from which the page takes a rectangle that is drawn anew to be about a box."""
_KEY = _DRAG = 1


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
        missing = [(self._numbers[name], box) for name, box in self.truth[state.row.name]]
        used = set[int]()
        while fresh := [box for box in state.boxes if box.shown and box.number not in used]:
            operations = self._put_right(fresh, missing, used)
            false = [box.number for box in fresh if box.number not in used]
            used.update(false)
            self._did("reject", _KEY * len(false))
            operations += map(Reject, false)
            state = self.labels.edit(number, operations, who=self.name, version=state.version)
        operations = [self._found(state.boxes, *each) for each in sorted(missing)]
        self._did("accept and next", _KEY)
        self.labels.edit(number, [*operations, Review()], who=self.name, version=state.version, seconds=1)
        self.pictures += 1
        self.drawing += drawing(self.truth[state.row.name])

    def learn(self) -> None:
        """Let what is decided say what is shown of the rest: one key."""
        self.labels.learn(True, self.name)
        self._did("learn", _KEY)

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

    def _put_right(
        self, fresh: Sequence[LabelBox], missing: list[tuple[int, Box]], used: set[int]
    ) -> list[Operation]:
        """Name and place what is about an object."""
        operations: list[Operation] = []
        for number, corners in sorted(missing, key=lambda one: -_best(one[1], fresh)):
            near = [box for box in fresh if box.number not in used and overlap(box.corners, corners) >= SAME]
            if not near:
                continue
            # One of the right class if there is one, and of those the one that fits best.
            best = max(near, key=lambda b: (b.class_number == number, overlap(b.corners, corners)))
            used.add(best.number)
            missing.remove((number, corners))
            wrong, off = best.class_number != number, overlap(best.corners, corners) < GOOD
            if wrong:
                self._did("rename", _KEY)
                self._chosen = number
            if off:
                self._did("draw anew", _DRAG)
            if wrong or off:
                operations.append(Change(best.number, number if wrong else None, corners if off else None))
        return operations

    def _found(self, boxes: Sequence[LabelBox], number: int, corners: Box) -> Operation:
        """Take the candidate that the page hints at, or draw."""
        hidden = [box for box in boxes if box.candidate]
        is_clear = all(overlap(box.corners, corners) < MEANT for box in boxes if box.shown)
        x, y = (corners[0] + corners[2]) / 2, (corners[1] + corners[3]) / 2
        under = [box for box in hidden if box.x1 <= x <= box.x2 and box.y1 <= y <= box.y2]
        hint = max(under, key=_sureness, default=None)
        share = 0.0 if hint is None else overlap(hint.corners, corners)
        if hint is None or share < SAME or (share < GOOD and not is_clear):
            self._did("draw", _KEY + _DRAG + (_KEY if self._chosen != number else 0))
            self._chosen = number
            return Add(number, corners)
        if share >= GOOD:
            self._did("take a candidate", _KEY)
            self._chosen = number
            taken = max((box for box in under if box.class_number == number), key=_sureness, default=hint)
            off = overlap(taken.corners, corners) < GOOD
            if off:
                self._did("draw anew", _DRAG)
        else:
            meant = [box for box in hidden if overlap(box.corners, corners) >= MEANT]
            taken, off = max(meant, key=_sureness), True
            self._did("draw anew", _DRAG)
            if taken.class_number != number:
                self._did("rename", _KEY)
                self._chosen = number
        if off or taken.class_number != number:
            return Change(taken.number, number, corners if off else None)
        return Accept(taken.number)


def drawing(truth: Objects) -> int:
    """Return the actions that drawing all boxes takes: D and a drag a box, a digit a class, and A."""
    return len(truth) * (_KEY + _DRAG) + len({name for name, _ in truth}) * _KEY + _KEY


def _sureness(box: LabelBox) -> float:
    return (box.score or 0.0) if box.chance is None else box.chance


def _best(corners: Box, boxes: Sequence[LabelBox]) -> float:
    return max((overlap(box.corners, corners) for box in boxes), default=0.0)
