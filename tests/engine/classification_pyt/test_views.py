"""Random views of training pictures."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.families.classification_pyt.data.mixture import CHANGES
from skillbank_engine.families.classification_pyt.data.samples import TrainingPictures
from skillbank_engine.families.classification_pyt.data.sets import read_training_sets
from skillbank_engine.families.classification_pyt.data.views import Variation, resized, turn_hue

OFF = {
    "dataset__augmentation__random_flip__enable": False,
    "dataset__augmentation__random_rotate__enable": False,
    "dataset__augmentation__random_color__enable": False,
    "dataset__augmentation__random_erase__enable": False,
    "dataset__augmentation__random_aug__enable": False,
    "dataset__augmentation__with_scale_random_crop__enable": False,
    "dataset__augmentation__with_random_blur": False,
    "dataset__augmentation__with_random_crop": False,
}


def picture(size: int = 32) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    return Image.fromarray(values).resize((size, size))


def changed(variation: Variation, tries: int = 40) -> int:
    image = picture()
    made = [variation.apply(image, random.Random(number)) for number in range(tries)]
    assert {item.size for item in made} == {image.size}
    assert {item.mode for item in made} == {"RGB"}
    again = [variation.apply(image, random.Random(number)) for number in range(tries)]
    assert [item.tobytes() for item in made] == [item.tobytes() for item in again]
    return sum(item.tobytes() != image.tobytes() for item in made)


def test_nothing_enabled_changes_nothing(make_spec: Callable[..., Any]) -> None:
    assert changed(Variation.from_spec(make_spec(**OFF))) == 0


@pytest.mark.parametrize(("key", "least", "most"), [
    ("dataset__augmentation__random_flip__enable", 20, 39),
    ("dataset__augmentation__random_rotate__enable", 10, 30),
    ("dataset__augmentation__random_color__enable", 10, 30),
    ("dataset__augmentation__random_erase__enable", 2, 18),
    ("dataset__augmentation__random_aug__enable", 30, 40),
    ("dataset__augmentation__with_scale_random_crop__enable", 30, 40),
    ("dataset__augmentation__with_random_blur", 30, 40),
    ("dataset__augmentation__with_random_crop", 35, 40),
])  # fmt: skip
def test_each_switch_changes_as_often_as_its_chance_says(
    make_spec: Callable[..., Any], key: str, least: int, most: int
) -> None:
    assert least <= changed(Variation.from_spec(make_spec(**{**OFF, key: True}))) <= most


def test_everything_together_keeps_the_size(make_spec: Callable[..., Any]) -> None:
    assert changed(Variation.from_spec(make_spec())) == 40


def test_a_smaller_scale_keeps_the_size(make_spec: Callable[..., Any]) -> None:
    more = {
        **OFF,
        "dataset__augmentation__with_scale_random_crop__enable": True,
        "dataset__augmentation__with_scale_random_crop__scale_range": [0.5, 0.6],
    }
    view = Variation.from_spec(make_spec(**more)).apply(Image.new("RGB", (32, 32), "white"), random.Random(1))
    whites = (np.asarray(view) > 250).all(-1).sum()
    assert 15**2 <= whites <= 20**2


def test_changes_work_at_both_ends_of_their_strength() -> None:
    for change in CHANGES:
        for strength in (-1.0, 0.0, 1.0):
            assert change(picture(), strength).size == (32, 32)


def test_a_whole_turn_of_the_hue_is_none() -> None:
    red = Image.new("RGB", (4, 4), (220, 30, 30))
    green = np.asarray(turn_hue(red, 1 / 3))[0, 0]
    assert green.argmax() == 1
    assert np.abs(np.asarray(turn_hue(red, 0.0), dtype=int) - np.asarray(red, dtype=int)).max() <= 2


def test_pictures_are_squeezed_to_the_wanted_size() -> None:
    assert resized(picture(40), 16).size == (16, 16)
    assert resized(picture(40), (20, 10)).size == (20, 10)


def test_samples_are_the_same_for_equal_numbers(make_spec: Callable[..., Any]) -> None:
    spec = make_spec()
    data = read_training_sets(spec, lambda _: None).train
    for cache in (0, 1 << 20):
        samples = TrainingPictures(data, 32, Variation.from_spec(spec), cache, PixelScale())
        first = samples.sample(5, 0, random.Random("a"))
        assert first.pixels.shape == (3, 32, 32)
        assert first.label == data.classes[5]
        assert (samples.sample(5, 3, random.Random("a")).pixels == first.pixels).all()
        batch = samples.collate([first, samples.sample(0, 0, random.Random("b"))])
        assert batch.pixels.shape == (2, 3, 32, 32)
        assert len(batch) == 2
        assert batch.part(slice(1, 2)).labels.tolist() == [data.classes[0]]
