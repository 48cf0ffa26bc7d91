"""What boxes look like, by the small copies of pictures, and what a lesson makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from skillbank.datasets.looks import small_of
from skillbank.sets import lessons
from skillbank.sets.lessons import Lesson, Said, seen
from skillbank.sets.tints import COUNT, tints

RED, BLUE, SAND = (200, 40, 30), (20, 40, 220), (200, 180, 140)
LEFT, RIGHT = (16.0, 32.0, 64.0, 96.0), (80.0, 32.0, 112.0, 96.0)
EDGES = st.floats(0, 128)


def picture(left: tuple[int, int, int], right: tuple[int, int, int]) -> bytes:
    """Return the small copy of a picture with two blocks on sand."""
    image = Image.new("RGB", (128, 128), SAND)
    for colour, (x1, y1, x2, y2) in ((left, LEFT), (right, RIGHT)):
        image.paste(colour, (int(x1), int(y1), int(x2), int(y2)))
    return small_of(image)


def numbers(colour: tuple[int, int, int]) -> list[float]:
    return [(value / 255 - 0.5) * 4 for value in colour]


def test_the_middle_of_a_box_has_its_colours() -> None:
    found = tints(picture(RED, BLUE), np.array([LEFT, RIGHT, (0, 100, 128, 128)]), 128, 128)
    assert found.shape == (3, COUNT)
    assert found[:, :3] == pytest.approx(np.array([numbers(RED), numbers(BLUE), numbers(SAND)]), abs=0.3)
    assert found[2, 3:].max() < 0.1 < found[0, 3:].max(), "what is of one colour differs little within"


@given(corners=st.tuples(EDGES, EDGES, EDGES, EDGES), scale=st.floats(0.1, 50))
def test_a_box_looks_the_same_in_a_larger_picture(
    corners: tuple[float, float, float, float], scale: float
) -> None:
    (x1, x2), (y1, y2) = sorted(corners[::2]), sorted(corners[1::2])
    box, edge = np.array([(x1, y1, x2, y2)]), 128
    here = tints(picture(RED, BLUE), box, edge, edge)
    large = tints(
        picture(RED, BLUE), box * round(edge * scale) / edge, round(edge * scale), round(edge * scale)
    )
    assert np.isfinite(here).all() and np.abs(here).max() <= 3
    assert large == pytest.approx(here, abs=1e-3)


def test_of_a_picture_without_a_copy_nothing_is_known() -> None:
    assert not tints(b"", np.array([LEFT]), 128, 128).any()
    assert tints(picture(RED, BLUE), np.zeros((0, 4)), 128, 128).shape == (0, COUNT)


def test_a_lesson_tells_boxes_of_equal_scores_by_their_colours() -> None:
    said: list[Said] = [(1, LEFT, 0.4), (1, RIGHT, 0.4)]
    pictures = [picture(RED, BLUE), picture(BLUE, RED)] * 3
    right = [np.array([True, False]), np.array([False, True])] * 3
    lesson = Lesson.of([seen(said, 128, 128, small) for small in pictures], right, 0.3)
    assert lesson is not None
    red, blue = lesson.chances(seen(said, 128, 128, picture(RED, BLUE)))
    assert red > 0.6 and blue < 0.4
    blind = Lesson.of([seen(said, 128, 128) for _ in pictures], right, 0.3)
    assert blind is not None
    assert blind.chances(seen(said, 128, 128)) == pytest.approx([0.5, 0.5], abs=0.2)


def test_a_lesson_hears_each_name_of_a_place() -> None:
    # A box of the first is right where the third is said as well, and wrong where the second is.
    examples, right = [], []
    for other, is_right in ((2, False), (3, True)) * 5:
        examples.append(seen([(1, LEFT, 0.3), (other, LEFT, 0.5)], 128, 128))
        right.append(np.array([is_right, not is_right]))
    lesson = Lesson.of(examples, right, 0.3)
    assert lesson is not None
    beside = {
        other: lesson.chances(seen([(1, LEFT, 0.3), (other, LEFT, 0.5)], 128, 128))[0] for other in (2, 3)
    }
    assert beside[3] > 0.6 and beside[2] < 0.4


@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0.1, 30))
def test_weights_are_the_most_likely_ones(seed: int, spread: float) -> None:
    chance = np.random.default_rng(seed)
    rows = chance.normal(0, spread, (60, 8))
    truth = (chance.random(60) < 0.3).astype(float)
    expected, tight = chance.normal(0, 2, 8), np.ones(8)
    found = lessons._fitted(rows, truth, expected, tight)
    slope = rows.T @ (1 / (1 + np.exp(-rows @ found)) - truth) + tight * (found - expected)
    assert np.abs(slope).max() < 1e-2 * spread
