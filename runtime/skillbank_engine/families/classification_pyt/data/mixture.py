"""Two random changes of colour or place to each picture, strong enough that a network cannot learn by heart.

The changes and their number are those that are known as RandAugment (Cubuk and others, 2019).
"""

import random
from collections.abc import Callable

from PIL import Image, ImageEnhance, ImageOps

_CHANGES = 2
_STRENGTH = 0.9
_GREY = (124, 116, 104)
"""What comes into a picture from outside: the mean colour of photographs."""

Change = Callable[[Image.Image, float], Image.Image]


def vary_at_random(image: Image.Image, numbers: random.Random) -> Image.Image:
    """Apply two changes, each of a random strength up to nine tenths of its most, in either direction."""
    for _ in range(_CHANGES):
        change = numbers.choice(CHANGES)
        image = change(image, numbers.choice((-1, 1)) * numbers.uniform(0, _STRENGTH))
    return image


def _turned(image: Image.Image, strength: float) -> Image.Image:
    return image.rotate(30 * strength, Image.Resampling.BILINEAR, fillcolor=_GREY)


def _moved(horizontal: bool, sheared: bool) -> Change:
    def change(image: Image.Image, strength: float) -> Image.Image:
        move = 0.3 * strength * (1 if sheared else image.size[0 if horizontal else 1])
        matrix = {
            (True, True): (1, move, 0, 0, 1, 0),
            (False, True): (1, 0, 0, move, 1, 0),
            (True, False): (1, 0, move, 0, 1, 0),
            (False, False): (1, 0, 0, 0, 1, move),
        }[horizontal, sheared]
        return image.transform(
            image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=_GREY
        )

    return change


def _posterized(image: Image.Image, strength: float) -> Image.Image:
    return ImageOps.posterize(image, max(4, 8 - round(4 * abs(strength))))


def _solarized(image: Image.Image, strength: float) -> Image.Image:
    return ImageOps.solarize(image, round(256 * (1 - abs(strength) / 2)))


def _autocontrasted(image: Image.Image, _strength: float) -> Image.Image:
    return ImageOps.autocontrast(image)


def _equalized(image: Image.Image, _strength: float) -> Image.Image:
    return ImageOps.equalize(image)


def _enhanced(kind: Callable[[Image.Image], ImageEnhance._Enhance]) -> Change:
    def change(image: Image.Image, strength: float) -> Image.Image:
        return kind(image).enhance(1 + 0.9 * strength)

    return change


CHANGES: tuple[Change, ...] = (
    _autocontrasted,
    _equalized,
    _posterized,
    _solarized,
    _turned,
    _moved(True, True),
    _moved(False, True),
    _moved(True, False),
    _moved(False, False),
    _enhanced(ImageEnhance.Color),
    _enhanced(ImageEnhance.Contrast),
    _enhanced(ImageEnhance.Brightness),
    _enhanced(ImageEnhance.Sharpness),
)
"""From a picture and a strength from -1 to 1 to a picture of the same size."""
