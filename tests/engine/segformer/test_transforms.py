"""Variation of pictures together with their masks."""

import random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from skillbank_engine.families.segformer.config.dataset import IGNORED, AugmentationConfig
from skillbank_engine.families.segformer.data.transforms import Variation, View

_OFF: dict[str, Any] = {
    "random_flip": {"enable": False},
    "random_rotate": {"enable": False},
    "random_color": {"enable": False},
    "with_scale_random_crop": {"enable": False},
    "with_random_blur": False,
    "with_random_crop": False,
}


def variation(**on: Any) -> Variation:
    return Variation(32, AugmentationConfig.model_validate({**_OFF, **on}))


@pytest.fixture
def view() -> View:
    """White where the mask is 1, black where it is 0, in a corner."""
    mask = np.zeros((32, 32), dtype=np.uint8)
    mask[2:14, 4:18] = 1
    return View(Image.fromarray(np.stack([mask * 255] * 3, -1)), Image.fromarray(mask))


def agreement(view: View) -> float:
    """Share of pixels with a class whose brightness says the same."""
    image, mask = np.array(view.image)[..., 0], np.array(view.mask)
    counted = mask != IGNORED
    return float(((image > 127) == (mask == 1))[counted].mean())


def test_nothing_is_changed_where_all_is_off(view: View) -> None:
    found = variation().vary(view, random.Random(0))
    assert found.image.tobytes() == view.image.tobytes()
    assert found.mask.tobytes() == view.mask.tobytes()


@pytest.mark.parametrize(
    "on",
    [
        {"random_flip": {"hflip_probability": 1.0, "vflip_probability": 0.0}},
        {"random_flip": {"hflip_probability": 0.0, "vflip_probability": 1.0}},
        {"random_rotate": {"rotate_probability": 1.0}},
        {"random_rotate": {"rotate_probability": 1.0, "angle_list": [30]}},
        {"with_random_crop": True},
        {"with_scale_random_crop": {"scale_range": [1, 1.2]}},
        {"with_scale_random_crop": {"scale_range": [0.5, 0.6]}},
    ],
)
def test_picture_and_mask_move_together(view: View, on: dict[str, Any]) -> None:
    for seed in range(8):
        found = variation(**on).vary(view, random.Random(seed))
        assert found.image.size == found.mask.size == (32, 32)
        assert agreement(found) > 0.93
    assert any(
        variation(**on).vary(view, random.Random(seed)).mask.tobytes() != view.mask.tobytes()
        for seed in range(8)
    )


def test_what_comes_from_nowhere_has_no_class(view: View) -> None:
    smaller = variation(with_scale_random_crop={"scale_range": [0.5, 0.5]}).vary(view, random.Random(1))
    assert (np.array(smaller.mask) == IGNORED).mean() == pytest.approx(0.75)
    turned = variation(random_rotate={"rotate_probability": 1.0, "angle_list": [45]})
    assert IGNORED in np.array(turned.vary(view, random.Random(1)).mask)


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "hue"])
def test_colours_change_and_masks_do_not(name: str) -> None:
    numbers = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    view = View(Image.fromarray(numbers), Image.new("L", (32, 32), 1))
    others = dict.fromkeys(("brightness", "contrast", "saturation", "hue"), 0.0)
    color = {"color_probability": 1.0, **others, name: 0.5}
    found = variation(random_color=color).vary(view, random.Random(0))
    assert found.image.tobytes() != view.image.tobytes()
    assert found.mask is view.mask


def test_equal_numbers_give_equal_views(view: View) -> None:
    every = Variation(32, AugmentationConfig())
    one, two = (every.vary(view, random.Random(5)) for _ in range(2))
    assert one.image.tobytes() == two.image.tobytes()
