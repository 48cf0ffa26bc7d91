"""Batches of pictures of like shape: who is in them, in which order, and what they are padded to."""

import random

from hypothesis import given
from hypothesis import strategies as st

from skillbank_engine.data.canvases import (
    MOST_SHAPES,
    WINDOW,
    Shape,
    choose_canvases,
    grouped,
    need,
    padding,
)
from skillbank_engine.data.transforms import TrainingTransform
from skillbank_engine.team import Team
from skillbank_engine.training.loading import EpochBatches

SIDES = st.integers(16, 1400)
SHAPES = st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=200)


def drawn(epoch: int, index: int) -> Shape:
    numbers = random.Random(f"{epoch}-{index}")
    return numbers.randrange(480, 1333), numbers.randrange(480, 1333)


def sampler(count: int, size: int, team: Team | None = None) -> EpochBatches:
    return EpochBatches(count, size, 3, team or Team(0, 1), drawn)


@given(st.integers(1, 300), st.integers(1, 5), st.integers(0, 3))
def test_each_picture_comes_once_and_the_last_batch_is_the_short_one(
    count: int, size: int, epoch: int
) -> None:
    batches = sampler(count, size)
    batches.start(epoch)
    found = list(batches)
    assert sorted(index for batch in found for _, index in batch) == list(range(count))
    assert {key for batch in found for key, _ in batch} == {epoch}
    assert [len(batch) for batch in found[:-1]] == [size] * (len(found) - 1)
    assert list(batches) == found


@given(st.integers(1, 400), st.integers(1, 3), st.data())
def test_who_goes_on_sees_what_would_have_come(count: int, size: int, data: st.DataObject) -> None:
    batches = sampler(count, size)
    batches.start(1)
    whole = list(batches)
    skip = data.draw(st.integers(0, len(whole)))
    batches.start(1, skip)
    assert list(batches) == whole[skip:]
    assert len(batches) == len(whole) - skip


@given(st.integers(1, 60), st.integers(1, 4), st.integers(1, 4))
def test_processes_share_the_batches_of_one(count: int, size: int, processes: int) -> None:
    whole = sampler(count, size * processes)
    shares = [sampler(count, size, Team(rank, processes)) for rank in range(processes)]
    columns = [list(part) for part in shares]
    for number, batch in enumerate(whole):
        counted = [column[number] for part, column in zip(shares, columns, strict=True) if part.share(number)]
        assert [key for part in counted for key in part] == batch


def test_pictures_stay_within_a_window_of_the_shuffled_order() -> None:
    count, size = 3 * WINDOW * 2, 2
    plain = EpochBatches(count, size, 3)
    alike = sampler(count, size)
    rows = [[index for batch in batches for _, index in batch] for batches in (plain, alike)]
    assert rows[0] != rows[1]
    for start in range(0, count, WINDOW * size):
        window = slice(start, start + WINDOW * size)
        assert sorted(rows[0][window]) == sorted(rows[1][window])
    # Batches of a window do not come by size.
    areas = [drawn(0, index)[0] for index in rows[1][: WINDOW * size]]
    assert areas != sorted(areas)


def test_pictures_of_one_shape_come_in_the_order_that_they_always_had() -> None:
    plain = EpochBatches(50, 4, 3)
    same = EpochBatches(50, 4, 3, Team(0, 1), lambda epoch, index: (64, 64))
    assert list(plain) == list(same)


@given(st.integers(1, 30), st.integers(1, 6), st.data())
def test_groups_are_full_and_hold_everything_once(full: int, size: int, data: st.DataObject) -> None:
    shapes = data.draw(st.lists(st.tuples(SIDES, SIDES), min_size=full * size, max_size=full * size))
    batches = grouped(shapes, size)
    assert sorted(place for batch in batches for place in batch) == list(range(full * size))
    assert {len(batch) for batch in batches} == {size}


@given(SHAPES, st.integers(1, 30), st.tuples(SIDES, SIDES))
def test_canvases_are_few_and_hold_what_they_were_chosen_for(
    needs: list[Shape], most: int, other: Shape
) -> None:
    canvases = choose_canvases(needs, most)
    assert len(canvases.shapes) <= most
    for wanted in (*needs, other):
        height, width = canvases.holding(wanted)
        assert height >= wanted[0]
        assert width >= wanted[1]
        known = (height, width) in canvases.shapes
        assert known or (wanted == other and height % 128 == width % 128 == 0)
        smaller = [s for s in canvases.shapes if s[0] >= wanted[0] and s[1] >= wanted[1]]
        assert not known or height * width == min(h * w for h, w in smaller)


@given(st.sets(st.tuples(SIDES, SIDES), min_size=1, max_size=8))
def test_a_few_shapes_are_padded_not_at_all(shapes: set[Shape]) -> None:
    canvases = choose_canvases([*shapes, *shapes], 8)
    assert padding([[shape] * 3 for shape in shapes], canvases) == 0


def test_little_of_a_batch_is_padding() -> None:
    """Views as the family makes them, of pictures of 4:3 and of many aspects, in batches of 8 and 64."""
    transform = TrainingTransform(0, tuple(range(480, 801, 32)), 1333, (400, 500, 600), 384, 600, 0.5)
    mixed = [(640, 480), (480, 640), (640, 427), (500, 375), (640, 640)]
    for sizes, size, most in (([(1280, 960)], 8, 0.15), (mixed, 8, 0.2), (mixed, 64, 0.2)):

        def shape(epoch: int, index: int, sizes: list[Shape] = sizes) -> Shape:
            return transform.shape(*sizes[index % len(sizes)], random.Random(f"{epoch}-{index}"))

        count = size * WINDOW
        batches = EpochBatches(count, size, 1, Team(0, 1), shape)
        canvases = choose_canvases([need(shapes) for shapes in batches.survey(WINDOW)], MOST_SHAPES)
        # In another epoch too, whose pictures the shapes were not chosen from.
        batches.start(1)
        later = [[shape(*key) for key in batch] for batch in batches]
        assert padding(later, canvases) < most
        shuffled = EpochBatches(count, size, 1, Team(0, 1), shape, group=False).survey(WINDOW)
        own = [padding([shapes], choose_canvases([need(shapes)], 1)) for shapes in shuffled]
        assert sum(own) / len(own) > 0.3


def test_a_survey_goes_on_into_the_next_epochs() -> None:
    batches = sampler(20, 4)
    found = batches.survey(8, 3)
    assert len(found) == 8
    assert found[:5] == batches.survey(5)
    for epoch, surveyed in enumerate((found[:5], found[5:])):
        batches.start(epoch)
        wanted = [[shape for key in batch if (shape := drawn(*key))] for batch in batches]
        assert surveyed == wanted[: len(surveyed)]
    assert len(batches.survey(100, 3)) == 15


def test_only_what_has_shapes_depends_on_the_batch_size() -> None:
    assert sampler(5, 2).groups
    assert not EpochBatches(5, 2, 3).groups
    assert not EpochBatches(5, 2, 3, Team(0, 1), drawn, group=False).groups
