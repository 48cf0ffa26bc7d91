"""Labels that do not say what is beside them: each one, and what all of them have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from skillbank.datasets.document import Box
from skillbank.datasets.faults import Fault, Tally
from skillbank.datasets.label_checks import LabelCheck

CLASSES = ("hard hat", "person", "stop sign", "dog", "cat")


def box(label: int | None, phrase: str = "") -> Box:
    return Box(1, 1, 9, 9, label, phrase)


@pytest.mark.parametrize(
    ("label", "phrase", "kind", "told"),
    [
        (None, "person", None, ""),
        (0, "", None, ""),
        (0, "HARD hat", None, ""),
        (4, "cat", None, ""),
        (0, " ", None, ""),
        (5, None, "unknown-class", "its label is 5"),
        (-1, "hard hat", "unknown-class", "its label is -1"),
        (1, "dog", "label-contradicts", "its label 1 is 'person', its category 'dog'"),
        (1, "zebra", "label-contradicts", "its label 1 is 'person', its category 'zebra'"),
    ],
)
def test_a_label_and_what_is_beside_it(label: int | None, phrase: str, kind: str | None, told: str) -> None:
    assert LabelCheck(CLASSES).fault(box(label, phrase)) == (None if kind is None else (kind, told))


def weighed(boxes: Sequence[Box], by_label: Mapping[int, int], all_of: int, beyond: int = 0) -> list[Fault]:
    """Return what is said of all boxes beside what is said of each."""
    check, tally = LabelCheck(CLASSES), Tally()
    for each in boxes:
        if (found := check.fault(each)) is not None:
            tally.add([Fault(found[0], "a box", found[1])])
    tally.add([Fault("unknown-class", "a box", count=beyond)] if beyond else [])
    check.weigh(tally, by_label, all_of, "the split")
    return [fault for kept in tally.examples.values() for fault in kept if fault.where == "the split"]


def off(by: int, count: int) -> list[Box]:
    return [box(i % 5, CLASSES[(i + by) % 5]) for i in range(count)]


@pytest.mark.parametrize(
    ("boxes", "by_label", "told"),
    [
        (off(1, 10), {0: 10}, "in every box the label is one below that of its category: off by one?"),
        (off(1, 10), {0: 11}, "in 10 boxes the label is one below that of its category: off by one?"),
        (off(4, 10), {0: 10}, "in every box the label is one above that of its category: off by one?"),
        (off(1, 9) + off(2, 1), {}, "in 10 boxes the label is one below that of its category: off by one?"),
        (off(1, 8) + off(2, 1), {}, ""),
        (off(2, 10), {}, ""),
        (off(3, 10), {}, ""),
        (off(0, 10), {}, ""),
        ([box(1, "zebra")] * 10, {}, ""),
        ([*off(1, 8), box(1, "zebra")], {}, ""),
    ],
)
def test_contradictions_that_are_all_alike_are_told_first(
    boxes: list[Box], by_label: dict[int, int], told: str
) -> None:
    wanted = [Fault("label-contradicts", "the split", told)] if told else []
    assert weighed(boxes, by_label, 10) == wanted


ALL_BUT_THE_FIRST = {1: 3, 2: 1, 3: 1, 4: 1}


@pytest.mark.parametrize(
    ("by_label", "boxes", "beyond", "told"),
    [
        (ALL_BUT_THE_FIRST, 6, 4, True),
        (ALL_BUT_THE_FIRST, 6, 3, False),
        (ALL_BUT_THE_FIRST, 10, 0, False),
        ({**ALL_BUT_THE_FIRST, 0: 1}, 10, 4, False),
        ({1: 3, 2: 1, 3: 1}, 10, 4, False),
    ],
)
def test_labels_that_begin_with_one(by_label: dict[int, int], boxes: int, beyond: int, told: bool) -> None:
    said = f"none is of the first class, 'hard hat', and {beyond} are beyond the last: off by one?"
    wanted = [Fault("labels-shifted", "the split", said, boxes + beyond)] if told else []
    assert weighed([], by_label, boxes, beyond) == wanted
