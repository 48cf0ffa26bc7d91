"""Numbers of boxes, masks and bits of a depth, as tables: the edges of each rule."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from skillbank.datasets.box_checks import box_fault, inside, reach
from skillbank.datasets.depths import _of_png
from skillbank.datasets.document import LEFT_OUT, Box, Drawn, Mask, Picture
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.coco_categories import _name
from skillbank.datasets.formats.coco_columns import _around
from skillbank.datasets.formats.masks_writer import MasksWriter, save_mask
from skillbank.datasets.formats.numbers import key, side, whole
from skillbank.datasets.formats.open_orders import are_corners
from skillbank.errors import DataError
from tests.grounding_dino.deep_files import png

SIZE = (100, 80)
INSIDE, REACHING = [10, 10, 20, 20], [60, 40, 90, 70]


@pytest.mark.parametrize(
    ("boxes", "corners"),
    [
        ([REACHING] * 3, True),
        ([REACHING, INSIDE, INSIDE], True),
        ([REACHING] * 2, False),
        ([INSIDE] * 9, False),
        ([REACHING] * 3 + [[60, 40, 60, 70]], False),
        ([REACHING] * 3 + [[60, 40, 90, 40]], False),
        ([REACHING] * 3 + [[60, 40, 101, 81]], True),
        ([REACHING] * 3 + [[60, 40, 102, 70]], False),
        ([REACHING] * 3 + [[60, 40, 90, 82]], False),
        ([REACHING] * 3 + [[1, 2, 3], [1, 2, 3, None], ["x"] * 4], True),
        ([[1, 1, 99, 79]] * 3, False),
        ([[1, 1, 99, 79], INSIDE, [3, 3, 99, 20]], True),
        ([[1, 1, 99, 79], INSIDE, [3, 3, 20, 79]], True),
    ],
)
def test_four_numbers_are_corners_where_all_fit_and_some_reach_out_as_a_size(
    boxes: list[Any], corners: bool
) -> None:
    assert are_corners((box, SIZE) for box in boxes) is corners
    assert not are_corners((box, None) for box in boxes)


POLYGON = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=3, max_size=6)


@given(polygons=st.lists(POLYGON, min_size=1, max_size=3))
def test_the_box_around_polygons_is_that_of_all_their_points(polygons: list[list[tuple[int, int]]]) -> None:
    xs, ys = zip(*(point for polygon in polygons for point in polygon), strict=True)
    flat = [[value for point in polygon for value in point] for polygon in polygons]
    assert _around(flat) == (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


@pytest.mark.parametrize(
    "odd", [None, {}, [], [[]], [[1, 2, 3, 4]], [[1, 2, 3, 4, 5, 6, 7]], [[1, 2, 3, 4, 5, "x"]], ["abc"]]
)
def test_what_is_no_polygon_has_no_box(odd: object) -> None:
    assert _around(odd) is None


@pytest.mark.parametrize(
    ("said", "bits"),
    [
        (b"\x0c", 12),
        (b"\x0c\x10", 12),
        (b"\x0c\x09\x0a", 12),
        (b"\x08\x0c\x0a\x10", 12),
        (b"\x01", 1),
        (b"\x10", 16),
        (b"\x11", None),
        (b"\0", None),
        (b"", None),
    ],
)
def test_the_bits_of_a_png_are_those_of_its_colours(said: bytes, bits: int | None) -> None:
    values = np.zeros((2, 2) if len(said) <= 1 else (2, 2, len(said)), "u2")
    assert _of_png(io.BytesIO(png(values, sbit=said))) == bits


def masked(numbers: list[int], path: str = "images/train/a.jpg", undrawn: int = 0) -> Picture:
    drawn = Drawn(np.array([numbers], "i2"), undrawn=undrawn)
    return Picture(path, path, None, None, (), mask=Mask("x", lambda: drawn))


def test_a_mask_of_8_bits_holds_255_classes_and_what_is_left_out(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.png"
    assert save_mask(masked([0, 254, LEFT_OUT], undrawn=2), target) == 2
    with Image.open(target) as image:
        assert np.asarray(image).tolist() == [[0, 254, 255]]
    with pytest.raises(DataError, match="tells 255 classes apart"):
        save_mask(masked([255]), target)


def test_pictures_without_a_mask_and_objects_without_an_outline_are_counted(tmp_path: Path) -> None:
    without = Picture("b", "images/train/b.jpg", None, None, ())
    nowhere = Picture("c", None, None, None, (), mask=masked([0]).mask)
    part = Part("train", iter([masked([0], undrawn=3), without, nowhere]))
    assert MasksWriter().write([part], ["sky"], tmp_path) == [
        "pictures without a mask have none: 2",
        "objects with a box and no outline are in no mask: 3",
    ]
    assert [each.name for each in (tmp_path / "masks" / "train").iterdir()] == ["a.png"]
    assert MasksWriter().write([Part("train", iter([masked([0])]))], ["sky"], tmp_path) == []


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (2**60 + 1, 2**60 + 1),
        (7.0, 7),
        ("7", 7),
        ("7.0", 7),
        (-3, -3),
        (7.5, None),
        ("x", None),
        (True, None),
        (None, None),
        (float("inf"), None),
        ("nan", None),
        ([1], None),
    ],
)
def test_whole_numbers_and_ids(said: object, read: int | None) -> None:
    assert whole(said) == read and type(whole(said)) is type(read)
    assert key(said) == (read if read is not None or not isinstance(said, str) else said)


@pytest.mark.parametrize(("said", "read"), [(1, 1), (2**31, 2**31), (2**31 + 1, None), (0, None), (-1, None)])
def test_sides(said: int, read: int | None) -> None:
    assert side(said) == read


@pytest.mark.parametrize(
    ("corners", "fits", "fault"),
    [
        ((0, 0, 100, 80), True, None),
        ((-2, -2, 102, 82), True, "box-rounded"),
        ((102, 82, -2, -2), True, "box-reversed"),
        ((-2.1, 0, 100, 80), False, "box-outside"),
        ((0, -2.1, 100, 80), False, "box-outside"),
        ((0, 0, 102.1, 80), False, "box-outside"),
        ((0, 0, 100, 82.1), False, "box-outside"),
        ((100, 10, 101, 20), True, "box-beyond"),
        ((10, 80, 20, 81), True, "box-beyond"),
        ((-1, 10, 0, 20), True, "box-beyond"),
        ((10, 10, 10, 20), True, "box-empty"),
        ((10, 10, 12, 12), True, None),
        ((10, 10, 11.9, 12), True, "box-tiny"),
        ((10, 10, 12, 11.9), True, "box-tiny"),
        ((10, 10, float("nan"), 20), True, "box-not-finite"),
    ],
)
def test_where_a_box_lies(corners: tuple[float, float, float, float], fits: bool, fault: str | None) -> None:
    box = Box(*corners, 0)
    assert inside(box, SIZE) is fits
    assert (box_fault(box, SIZE) or (None,))[0] == fault


@pytest.mark.parametrize(
    ("size", "pixels"), [((100, 80), 2), ((80, 200), 2), ((300, 80), 3), ((80, 1000), 10)]
)
def test_how_far_a_box_may_reach_out(size: tuple[float, float], pixels: float) -> None:
    assert reach(*size) == pytest.approx(pixels)


@pytest.mark.parametrize(
    ("entry", "read"),
    [
        ({"name": " cat "}, "cat"),
        ({"name": 7}, "7"),
        ({"name": True}, ""),
        ({"name": None}, ""),
        ({"name": ["x"]}, ""),
        ({}, ""),
        ("cat", ""),
    ],
)
def test_the_name_of_a_category(entry: object, read: str) -> None:
    assert _name(entry) == read


@pytest.mark.parametrize(
    ("corners", "size", "fits"),
    [
        ((60, 40, 40, 40), SIZE, True),
        ((60, 40, 42, 40), SIZE, True),
        ((60, 40, 43, 40), SIZE, False),
        ((60, 40, 40, 43), SIZE, False),
        ((60, 40, 0, 40), SIZE, False),
        ((60, 40, 40, -1), SIZE, False),
        ((60, 40, 40, 40), None, False),
    ],
)
def test_a_reversed_box_that_fits_as_corner_and_size_says_so(
    corners: tuple[float, float, float, float], size: tuple[float, float] | None, fits: bool
) -> None:
    kind, said = box_fault(Box(*corners, 0), size) or ("", "")
    assert kind == "box-reversed"
    assert ("as x, y, width, height it would fit" in said) is fits
