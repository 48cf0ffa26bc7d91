"""Overlapping boxes of one description: the best stays."""

from hypothesis import given
from hypothesis import strategies as st

from skillbank_engine.families.grounding_dino.predictor import Detection, without_repeats

BOXES = st.tuples(*[st.floats(0, 50)] * 2).map(lambda p: (p[0], p[1], p[0] + 10.0, p[1] + 10.0))
FOUND = st.lists(st.builds(Detection, st.integers(0, 2), BOXES, st.floats(0, 1)), max_size=12).map(
    lambda items: sorted(items, key=lambda item: -item.score)
)


def test_the_best_of_overlapping_boxes_of_a_phrase_stays() -> None:
    best, worse = Detection(0, (0, 0, 10, 10), 0.9), Detection(0, (0, 0, 10, 9), 0.8)
    other, apart = Detection(1, (0, 0, 10, 10), 0.7), Detection(0, (20, 0, 30, 10), 0.6)
    assert without_repeats([best, worse, other, apart], 0.7) == [best, other, apart]
    assert without_repeats([best, worse, other, apart], 1.0) == [best, worse, other, apart]


@given(found=FOUND, most=st.floats(0.1, 1))
def test_doing_it_twice_changes_nothing(found: list[Detection], most: float) -> None:
    once = without_repeats(found, most)
    assert without_repeats(once, most) == once
    assert not found or once[0] == found[0]


def test_of_names_for_one_object_the_surest_stays() -> None:
    best, other = Detection(0, (0, 0, 10, 10), 0.9), Detection(1, (0, 0, 10, 8), 0.8)
    apart = Detection(2, (0, 0, 10, 6), 0.7)
    assert without_repeats([best, other, apart], 0.7, 0.7) == [best, apart]
    assert without_repeats([best, other, apart], 0.7, 0.5) == [best]
    assert without_repeats([best, other, best], 0.7, 1.0) == [best, other]


@given(FOUND, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_names_left_out_do_not_depend_on_the_threshold(
    found: list[Detection], most: float, across: float, least: float
) -> None:
    later = [item for item in without_repeats(found, most, across) if item.score >= least]
    assert later == without_repeats([item for item in found if item.score >= least], most, across)
