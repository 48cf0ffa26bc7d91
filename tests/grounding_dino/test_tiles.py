"""Tiles: they cover a picture, and an object that several of them show comes out once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from skillbank_engine.families.grounding_dino.predictor import Detection, without_repeats
from skillbank_engine.families.grounding_dino.tiles import detect_in_tiles, layout, put_together, tile_size

SIDES = st.integers(1, 5000)


@given(width=SIDES, height=SIDES, wide=st.integers(32, 2000), high=st.integers(32, 2000))
def test_tiles_cover_the_picture_and_overlap(width: int, height: int, wide: int, high: int) -> None:
    boxes = layout((width, height), (wide, high))
    assert all(0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height for x1, y1, x2, y2 in boxes)
    for low, most, part in ((0, width, wide), (1, height, high)):
        spans = sorted({(box[low], box[low + 2]) for box in boxes})
        assert spans[0][0] == 0 and spans[-1][1] == most
        for (_, end), (start, _) in pairwise(spans):
            assert end - start >= part * 0.25 - 1


def test_only_what_is_much_larger_is_cut() -> None:
    assert tile_size("off", (9000, 9000), (128, 128)) is None
    assert tile_size("auto", (200, 150), (128, 96)) is None
    assert tile_size("auto", (1024, 512), (128, 64)) == (128, 128)
    assert tile_size("300x200", (1024, 512), (128, 64)) == (300, 200)
    assert tile_size("2000x2000", (1024, 512), (128, 64)) is None
    side = tile_size("auto", (30_000, 30_000), (128, 128))
    assert side is not None and len(layout((30_000, 30_000), side)) <= 256


def seen(pictures: Sequence[Image.Image]) -> list[list[Detection]]:
    """Find red and blue rectangles as a detector would that misses nothing: each colour's is one object."""
    found: list[list[Detection]] = []
    for picture in pictures:
        items = []
        for phrase, colour in enumerate(((255, 0, 0), (0, 0, 255))):
            mask = Image.fromarray((np.asarray(picture) == colour).all(-1))
            if (box := mask.getbbox()) is not None:
                items.append(Detection(phrase, (box[0], box[1], box[2], box[3]), 0.9 - phrase / 10))
        found.append(items)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_an_object_comes_out_once_wherever_the_borders_are(seed: int) -> None:
    """Small ones, ones across a border, and ones larger than a tile; the whole picture shows nothing."""
    dice = random.Random(seed)
    picture = Image.new("RGB", (200, 160), "white")
    wide, high = dice.choice(((6, 6), (30, 12), (90, 20), (20, 110), (150, 120)))
    x, y = dice.randrange(200 - wide), dice.randrange(160 - high)
    box = (x, y, x + wide, y + high)
    ImageDraw.Draw(picture).rectangle((x, y, x + wide - 1, y + high - 1), fill=(255, 0, 0))
    found = detect_in_tiles(picture, (64, 64), seen, [], 0.3, 4)
    assert [item.box for item in without_repeats(found, 0.7)] == [box]


def test_the_whole_picture_and_its_tiles_show_one_object() -> None:
    picture = Image.new("RGB", (200, 160), "white")
    ImageDraw.Draw(picture).rectangle((70, 70, 89, 89), fill=(255, 0, 0))
    ImageDraw.Draw(picture).rectangle((150, 20, 159, 29), fill=(0, 0, 255))
    coarse = [Detection(0, (68.0, 67.0, 92.0, 93.0), 0.5), Detection(0, (5.0, 5.0, 20.0, 20.0), 0.2)]
    found = detect_in_tiles(picture, (64, 64), seen, coarse, 0.3, 8)
    assert [(item.phrase, item.box) for item in found] == [(0, (70, 70, 90, 90)), (1, (150, 20, 160, 30))]
    assert [item.score for item in found] == [0.9, 0.8]


def test_a_guess_neither_takes_nor_moves_what_is_sure() -> None:
    left, right = Detection(0, (10, 10, 50, 30), 0.8), Detection(0, (40, 10, 90, 30), 0.6)
    whole = Detection(0, (10, 10, 90, 30), 0.8)
    assert put_together([], [left, right]) == [whole]
    covering, beside = Detection(0, (5, 5, 95, 40), 0.1), Detection(0, (45, 10, 120, 60), 0.2)
    assert put_together([covering], [right, left, beside]) == [whole, beside, covering]
    sure = Detection(0, (5, 5, 95, 40), 0.7)
    assert put_together([sure], [left, right]) == [sure], "which has both"
