from __future__ import annotations

import random
import time
from typing import Any, TypeAlias

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.likeness import Likeness, groups
from skillbank.datasets.looks import EDGE, SMALL, small_of

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
