"""Training pictures as the network sees them: turned, cut, recoloured, covered, as the spec's keys say."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from skillbank_engine.families.classification_pyt.data.mixture import vary_at_random

if TYPE_CHECKING:
    from skillbank_engine.families.classification_pyt.config.experiment import ClassificationSpec

View = Callable[[Image.Image, random.Random], Image.Image]
_LEAST_AREA = 0.08
_RATIOS = (3 / 4, 4 / 3)
_COVERED = (0.02, 1 / 3)
_COVERED_RATIOS = (0.3, 1 / 0.3)
_TRIES = 10


def resized(image: Image.Image, size: int | tuple[int, int]) -> Image.Image:
    """Resize a picture to an edge, or to width and height, whatever its shape was."""
    wanted = (size, size) if isinstance(size, int) else size
    return image if image.size == wanted else image.resize(wanted, Image.Resampling.BILINEAR)


@dataclass(frozen=True)
class Variation:
    """All random changes of a training picture, in the family's order.

    Attributes
    ----------
    views : tuple of callable
        From a square picture and a source of chance to one of the same size.
    """

    views: tuple[View, ...]

    @classmethod
    def from_spec(cls, spec: ClassificationSpec) -> Variation:
        """Read ``dataset.augmentation``."""
        values = spec.dataset.augmentation
        views: list[View] = []
        if values.random_flip.enable:
            flip = values.random_flip
            views.append(_Flip(flip.hflip_probability, flip.vflip_probability))
        if values.random_aug.enable:
            views.append(vary_at_random)
        if values.random_rotate.enable and values.random_rotate.angle_list:
            turn = values.random_rotate
            views.append(_Turn(turn.rotate_probability, tuple(turn.angle_list)))
        if values.with_random_crop:
            views.append(_random_part)
        if values.with_scale_random_crop.enable:
            low, high = values.with_scale_random_crop.scale_range
            views.append(_ScaledPart(low, high))
        if values.with_random_blur:
            views.append(_blur)
        if values.random_color.enable:
            colour = values.random_color
            views.append(
                _Colour(
                    colour.color_probability,
                    colour.brightness,
                    colour.contrast,
                    colour.saturation,
                    colour.hue,
                )
            )
        if values.random_erase.enable:
            views.append(_Erase(values.random_erase.erase_probability, tuple(values.mean)))
        return cls(tuple(views))

    def apply(self, image: Image.Image, numbers: random.Random) -> Image.Image:
        """Change a square picture at random; its size stays."""
        for view in self.views:
            image = view(image, numbers)
        return image


@dataclass(frozen=True)
class _Flip:
    sideways: float
    upside_down: float

    def __call__(self, image: Image.Image, numbers: random.Random) -> Image.Image:
        if numbers.random() < self.sideways:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if numbers.random() < self.upside_down:
            image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        return image


@dataclass(frozen=True)
class _Turn:
    chance: float
    angles: tuple[float, ...]

    def __call__(self, image: Image.Image, numbers: random.Random) -> Image.Image:
        if numbers.random() < self.chance:
            return image.rotate(numbers.choice(self.angles))
        return image


def _random_part(image: Image.Image, numbers: random.Random) -> Image.Image:
    """Cut out a part of random area and shape, and resize it."""
    width, height = image.size
    for _ in range(_TRIES):
        area = width * height * numbers.uniform(_LEAST_AREA, 1)
        ratio = math.exp(numbers.uniform(math.log(_RATIOS[0]), math.log(_RATIOS[1])))
        wide, high = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < wide <= width and 0 < high <= height:
            x, y = numbers.randint(0, width - wide), numbers.randint(0, height - high)
            box = (x, y, x + wide, y + high)
            return image.resize(image.size, Image.Resampling.BILINEAR, box=box)
    return image


@dataclass(frozen=True)
class _ScaledPart:
    low: float
    high: float

    def __call__(self, image: Image.Image, numbers: random.Random) -> Image.Image:
        size = image.size[0]
        scaled = max(1, round(size * numbers.uniform(self.low, self.high)))
        larger = image.resize((scaled, scaled), Image.Resampling.BICUBIC)
        # A picture that was made smaller is put somewhere on black.
        x, y = (numbers.randint(min(0, scaled - size), max(0, scaled - size)) for _ in range(2))
        return larger.crop((x, y, x + size, y + size))


def _blur(image: Image.Image, numbers: random.Random) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(numbers.random()))


@dataclass(frozen=True)
class _Colour:
    chance: float
    brightness: float
    contrast: float
    saturation: float
    hue: float

    def __call__(self, image: Image.Image, numbers: random.Random) -> Image.Image:
        if numbers.random() >= self.chance:
            return image
        steps: list[tuple[Any, float]] = [
            (ImageEnhance.Brightness, self.brightness),
            (ImageEnhance.Contrast, self.contrast),
            (ImageEnhance.Color, self.saturation),
            (None, self.hue),
        ]
        numbers.shuffle(steps)
        for kind, most in steps:
            if not most:
                continue
            if kind is None:
                image = turn_hue(image, numbers.uniform(-most, most))
            else:
                image = kind(image).enhance(numbers.uniform(max(0.0, 1 - most), 1 + most))
        return image


def turn_hue(image: Image.Image, share: float) -> Image.Image:
    """Turn the hue of an RGB picture by a share of the colour circle."""
    hue, saturation, value = image.convert("HSV").split()
    turned = (np.asarray(hue, dtype=np.int16) + round(share * 255)) % 256
    parts = (Image.fromarray(turned.astype(np.uint8)), saturation, value)
    return Image.merge("HSV", parts).convert("RGB")


@dataclass(frozen=True)
class _Erase:
    chance: float
    mean: Sequence[float]

    def __call__(self, image: Image.Image, numbers: random.Random) -> Image.Image:
        if numbers.random() >= self.chance:
            return image
        width, height = image.size
        for _ in range(_TRIES):
            area = width * height * numbers.uniform(*_COVERED)
            ratio = math.exp(numbers.uniform(*map(math.log, _COVERED_RATIOS)))
            wide, high = round(math.sqrt(area / ratio)), round(math.sqrt(area * ratio))
            if 0 < wide < width and 0 < high < height:
                x, y = numbers.randint(0, width - wide), numbers.randint(0, height - high)
                colour = tuple(round(255 * part) for part in self.mean)
                covered = image.copy()
                covered.paste(colour, (x, y, x + wide, y + high))
                return covered
        return image
