from __future__ import annotations

import random
import time
from typing import Any, TypeAlias

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.likeness import Likeness, groups
from skillbank.datasets.looks import COLOURS, EDGE, SMALL, small_of
from skillbank.datasets.progress import Step

Pixels: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]


def pictures(count: int, seed: int = 0) -> list[Pixels]:
    """Soft random pictures: like photographs, large forms vary most."""
    numbers = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        coarse = Image.fromarray(numbers.integers(0, 256, (4, 4, 3), np.uint8))
        made.append(np.asarray(coarse.resize((2 * EDGE, 2 * EDGE), Image.Resampling.BICUBIC)))
    return made


def stored_again(picture: Pixels, seed: int) -> Pixels:
    noise = np.random.default_rng(seed).normal(0, 1.5, picture.shape)
    return (picture + noise).round().clip(0, 255).astype(np.uint8)


def likeness(held: list[Pixels]) -> Likeness:
    return Likeness(b"".join(small_of(Image.fromarray(each)) for each in held))


@pytest.mark.parametrize("count", [60, 3000])
def test_copies_are_found_and_nothing_else(count: int) -> None:
    held = pictures(count)
    chosen = random.Random(1).sample(range(count), 50)
    found = groups(likeness([*held, *(stored_again(held[index], 2) for index in chosen)]))
    pairs = {(first, number) for number, first in enumerate(found) if first != number}
    wanted = {(index, count + place) for place, index in enumerate(chosen)}
    assert pairs <= wanted
    assert len(pairs) >= 48


def test_groups_are_closed() -> None:
    one, other = pictures(2)
    held = [one, other, *(stored_again(one, seed) for seed in range(3)), stored_again(other, 9)]
    assert groups(likeness(held)) == [0, 1, 0, 0, 0, 1]


def test_plain_pictures_are_no_look_alikes() -> None:
    assert groups(Likeness(bytes([128]) * SMALL * 5)) == [0, 1, 2, 3, 4]
    assert groups(Likeness(b"")) == []


def test_pieces_of_one_material_in_one_light_are_no_look_alikes() -> None:
    numbers = np.random.default_rng(3)
    light = np.linspace(60, 200, 2 * EDGE)[None, :, None]
    held = [(light + numbers.normal(0, 3, (2 * EDGE, 2 * EDGE, 3))).astype(np.uint8) for _ in range(20)]
    assert groups(likeness(held)) == list(range(20))


def test_the_work_does_not_grow_with_the_square() -> None:
    """A film of one scene, every frame like every other, is the worst there is."""
    [still] = pictures(1)
    film = likeness([stored_again(still, seed) for seed in range(3000)])
    begun = time.process_time()
    assert len(set(groups(film))) < 30
    assert time.process_time() - begun < 20


def small(
    grey: int = 128, block: int = 0, colour: int = 0, slopes: range = range(0), spread: int = 0
) -> Pixels:
    """Return a small copy made by hand: its grey, one place of 2 x 2 and one of colour apart, its slopes."""
    plain = np.full((EDGE, EDGE), grey, np.uint8)
    plain[::2] += np.uint8(spread)
    plain[1::2] -= np.uint8(spread)
    plain[4:6, 6:8] += np.uint8(block)
    colours = np.full(3 * COLOURS * COLOURS, 100, np.uint8)
    colours[5] += np.uint8(colour)
    bits = np.zeros(8 * (SMALL - plain.size - colours.size), np.uint8)
    bits[slopes.start : slopes.stop] = 1
    return np.concatenate([plain.ravel(), colours, np.packbits(bits)])


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (small(), small(), True),
        (small(), small(block=12), True),
        (small(), small(block=13), False),
        (small(), small(133), True),
        (small(), small(134), False),
        (small(), small(colour=32), True),
        (small(), small(colour=33), False),
        (small(slopes=range(23)), small(), True),
        (small(slopes=range(24)), small(), False),
        (small(slopes=range(25)), small(slopes=range(10)), True),
        (small(slopes=range(25)), small(slopes=range(9)), False),
        (small(slopes=range(20)), small(slopes=range(10, 25)), True),
        (small(slopes=range(20)), small(slopes=range(11, 25)), False),
    ],
)
def test_by_how_much_look_alikes_may_differ(one: Pixels, other: Pixels, alike: bool) -> None:
    held = Likeness(b"".join(each.tobytes() for each in (one, other, one)))
    first, second = np.array([0, 1, 0]), np.array([1, 0, 2])
    assert held.alike(first, second).tolist() == [alike, alike, True]
    assert held.count == 3


@pytest.mark.parametrize(("spread", "vivid"), [(4, True), (3, False)])
def test_what_shows_too_little_is_no_candidate(spread: int, vivid: bool) -> None:
    held = Likeness(small(spread=spread).tobytes() * 3)
    pairs = [(int(a), int(b)) for one, two in held.candidates() for a, b in zip(one, two, strict=True)]
    assert pairs == ([(0, 1), (0, 2), (1, 2)] if vivid else [])
    later = [(int(a), int(b)) for one, two in held.candidates_from(1) for a, b in zip(one, two, strict=True)]
    assert later == ([(0, 1), (0, 2), (1, 2)] if vivid else [])
    assert [int(b) for _, two in held.candidates_from(2) for b in two] == ([2, 2] if vivid else [])


def test_new_pictures_are_held_against_all_before_them() -> None:
    steps = [small(spread=9), small(100, spread=9), small(140, spread=9), small(128, 200 - 128, spread=9)]
    held = Likeness(b"".join(each.tobytes() for each in steps))
    pairs = [(int(a), int(b)) for one, two in held.candidates_from(1) for a, b in zip(one, two, strict=True)]
    assert pairs == [(0, 2), (0, 3), (2, 3)], "a small thing that moved changes no coarse place by much"


def test_progress_is_told_in_pictures() -> None:
    told: list[Step] = []
    held = pictures(299)
    found = list(likeness([*held, stored_again(held[0], 2)]).candidates(told.append, "compared"))
    assert {(0, 299)} <= {(int(a), int(b)) for one, two in found for a, b in zip(one, two, strict=True)}
    assert {(step.name, step.total) for step in told} == {("compared", 300)}
    counts = [step.done for step in told]
    assert counts == sorted(counts) and (counts[0], counts[-1]) == (0, 300)
    assert sorted({count * 10 // 300 for count in counts}) == [*range(11)]
