from __future__ import annotations

import random
import time
from typing import Any, TypeAlias

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.likeness import Likeness, groups
from skillbank.datasets.looks import COLOURS, EDGE

Small: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]
BYTES = EDGE * EDGE + 3 * COLOURS * COLOURS


def random_small(count: int, seed: int = 0) -> Small:
    """Small copies of soft random pictures: like photographs, large forms vary most."""
    numbers = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        coarse = Image.fromarray(numbers.integers(0, 256, (4, 4), np.uint8))
        grey = np.asarray(coarse.resize((EDGE, EDGE), Image.Resampling.BICUBIC)).ravel()
        colours = numbers.integers(0, 256, 3 * COLOURS * COLOURS, np.uint8)
        made.append(np.concatenate([grey, colours]))
    return np.array(made)


def stored_again(small: Small, seed: int) -> Small:
    noise = np.random.default_rng(seed).normal(0, 1.5, small.shape)
    return (small + noise).round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("count", [60, 3000])
def test_copies_are_found_and_nothing_else(count: int) -> None:
    small = random_small(count)
    chosen = random.Random(1).sample(range(count), 50)
    everything = np.concatenate([small, stored_again(small[chosen], 2)])
    found = groups(Likeness(everything.tobytes()))
    pairs = {(first, number) for number, first in enumerate(found) if first != number}
    wanted = {(index, count + place) for place, index in enumerate(chosen)}
    assert pairs <= wanted
    assert len(pairs) >= 48


def test_groups_are_closed() -> None:
    one, other = random_small(2)
    everything = [one, other, *(stored_again(one, seed) for seed in range(3)), stored_again(other, 9)]
    assert groups(Likeness(np.array(everything).tobytes())) == [0, 1, 0, 0, 0, 1]


def test_plain_pictures_are_no_look_alikes() -> None:
    plain = np.full((5, BYTES), 128, np.uint8)
    assert groups(Likeness(plain.tobytes())) == [0, 1, 2, 3, 4]
    assert groups(Likeness(b"")) == []


def test_the_work_does_not_grow_with_the_square() -> None:
    """A film of one scene, every frame like every other, is the worst there is."""
    still = random_small(1)
    film = np.concatenate([stored_again(still, seed) for seed in range(3000)])
    begun = time.process_time()
    assert len(set(groups(Likeness(film.tobytes())))) < 30
    assert time.process_time() - begun < 20
