"""What is wrong with the labels of boxes: one by one, and what all contradictions have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from skillbank.datasets.document import Box
from skillbank.datasets.faults import Fault, Tally
from skillbank.datasets.names import plain_name
from skillbank.visible import one_line

__all__ = ["LabelCheck"]

_MANY = 10
"""So many boxes without one of the first class are no accident where others are beyond the last."""
_MOST = 0.9


class LabelCheck:
    """Compares labels with the list of classes, and with what boxes are called beside them."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = classes
        self._index = {plain_name(name): index for index, name in reversed(list(enumerate(classes)))}
        self._contradicting = 0
        self._shifts: Counter[int] = Counter()

    def fault(self, box: Box) -> tuple[str, str] | None:
        """Return what is wrong with the label of a box: a kind, and half a sentence."""
        if box.label is None:
            return None
        if not 0 <= box.label < len(self._classes):
            return "unknown-class", f"its label is {box.label}"
        if not box.phrase or not (called := plain_name(box.phrase)):
            return None
        name = self._classes[box.label]
        if called == plain_name(name):
            return None
        self._contradicting += 1
        other = self._index.get(called)
        if other is not None:
            self._shifts[(other - box.label) % len(self._classes)] += 1
        told = f"its label {box.label} is '{one_line(name, 60)}', its category '{one_line(box.phrase, 60)}'"
        return "label-contradicts", told

    def weigh(self, tally: Tally, by_label: Mapping[int, int], boxes: int, place: str) -> None:
        """Add to a tally what all contradictions, and labels beyond the last class, have in common.

        Parameters
        ----------
        by_label
            Numbers of boxes.
        boxes
            All of the split, also those without a label.
        """
        self._weigh_beyond(tally, by_label, boxes, place)
        self._weigh_shifts(tally, sum(by_label.values()), place)

    def _weigh_beyond(self, tally: Tally, by_label: Mapping[int, int], boxes: int, place: str) -> None:
        """Say where no box is of the first class, and some are beyond the last."""
        beyond = tally.counts.get("unknown-class", 0)
        used = [by_label.get(index, 0) > 0 for index in range(len(self._classes))]
        if beyond and boxes + beyond >= _MANY and used and not used[0] and all(used[1:]):
            told = (
                f"none is of the first class, '{one_line(self._classes[0], 60)}', and {beyond:,} are beyond "
                "the last: off by one?"
            )
            tally.add([Fault("labels-shifted", place, told, boxes + beyond)])

    def _weigh_shifts(self, tally: Tally, labelled: int, place: str) -> None:
        """Say where most contradictions are one off in the same direction."""
        if not self._contradicting or not self._shifts:
            return
        shift, count = self._shifts.most_common(1)[0]
        if shift in (1, len(self._classes) - 1) and count >= _MOST * self._contradicting:
            share = "every box" if self._contradicting == labelled else f"{self._contradicting:,} boxes"
            side = "below" if shift == 1 else "above"
            told = f"in {share} the label is one {side} that of its category: off by one?"
            tally.examples["label-contradicts"].insert(0, Fault("label-contradicts", place, told))
