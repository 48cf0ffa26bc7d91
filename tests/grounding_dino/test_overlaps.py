"""How boxes overlap is the same whether one is asked about another or about thousands, which is soon done."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank_engine.families.grounding_dino.overlaps import Boxes, area
from skillbank_engine.families.grounding_dino.predictor import Detection, without_repeats
from skillbank_engine.families.grounding_dino.tiles import once

Corners = tuple[float, float, float, float]
SIDES = st.tuples(*[st.floats(0, 50)] * 4)
BOXES = SIDES.map(lambda each: (each[0], each[1], each[0] + each[2], each[1] + each[3]))


@given(st.lists(BOXES, min_size=1, max_size=8), BOXES)
def test_one_by_one_and_all_at_once_are_the_same(boxes: list[Corners], other: Corners) -> None:
    many = Boxes(len(boxes))
    for number, box in enumerate(boxes):
        many.add(box, number)
    assert many.numbers.tolist() == list(range(len(boxes)))
    for box, shared, overlap in zip(boxes, many.shared(other), many.overlap(other), strict=True):
        wide = max(0, min(box[2], other[2]) - max(box[0], other[0]))
        high = max(0, min(box[3], other[3]) - max(box[1], other[1]))
        assert shared == wide * high
        union = area(box) + area(other) - wide * high
        assert overlap == pytest.approx(wide * high / union if union > 0 else 0)


def test_thousands_of_boxes_take_no_time() -> None:
    found = [Detection(0, (x, y, x + 3.0, y + 3.0), 0.5) for x in range(0, 400, 5) for y in range(0, 250, 5)]
    begun = time.process_time()
    assert without_repeats(found, 0.7, 0.9) == found
    assert once([[each] for each in found]) == found
    assert time.process_time() - begun < 4  # pair by pair 17 s
