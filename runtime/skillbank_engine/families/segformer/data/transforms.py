"""Resizing pictures with their masks, and varying them for training."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter
from torch import Tensor

from skillbank_engine.families.segformer.config.dataset import IGNORED, AugmentationConfig

_SMALLEST_SHARE = 0.8
"""Least share of a picture's area that a random crop keeps."""


@dataclass(frozen=True)
class View:
    """A picture and its mask of classes, of one size.

    Attributes
    ----------
    image : PIL.Image.Image
        RGB.
    mask : PIL.Image.Image
        L: numbers of classes, :data:`IGNORED` where pixels are left out.
    """

    image: Image.Image
    mask: Image.Image

    def resized(self, width: int, height: int, box: tuple[int, int, int, int] | None = None) -> View:
        """The same, or a part of it, in another size."""
        size = (width, height)
        if self.image.size == size and box is None:
            return self
        return View(
            self.image.resize(size, Image.Resampling.BICUBIC, box),
            self.mask.resize(size, Image.Resampling.NEAREST, box),
        )

    def turned(self, how: Image.Transpose) -> View:
        """The same, mirrored or turned by right angles."""
        return View(self.image.transpose(how), self.mask.transpose(how))


@dataclass(frozen=True)
class Variation:
    """Random views of training pictures, as ``dataset.segment.augmentation`` says.

    Attributes
    ----------
    size : int
        Side of the square picture that the network sees.
    settings : AugmentationConfig
        What is done, and how likely.
    """

    size: int
    settings: AugmentationConfig

    def fixed(self, view: View) -> View:
        """What is the same each time: the size."""
        return view.resized(self.size, self.size)

    def vary(self, view: View, numbers: random.Random) -> View:
        """Make one random view of a picture of the fixed size."""
        view = self._cropped(self._turned(view, numbers), numbers)
        image = view.image
        if self.settings.with_random_blur:
            image = image.filter(ImageFilter.GaussianBlur(numbers.random()))
        return View(self._coloured(image, numbers), view.mask)

    def _turned(self, view: View, numbers: random.Random) -> View:
        flip, rotate = self.settings.random_flip, self.settings.random_rotate
        if flip.enable and numbers.random() < flip.hflip_probability:
            view = view.turned(Image.Transpose.FLIP_LEFT_RIGHT)
        if flip.enable and numbers.random() < flip.vflip_probability:
            view = view.turned(Image.Transpose.FLIP_TOP_BOTTOM)
        if rotate.enable and rotate.angle_list and numbers.random() < rotate.rotate_probability:
            angle = numbers.choice(rotate.angle_list)
            # Corners that come from nowhere have no class.
            view = View(
                view.image.rotate(angle, Image.Resampling.BILINEAR),
                view.mask.rotate(angle, Image.Resampling.NEAREST, fillcolor=IGNORED),
            )
        return view

    def _cropped(self, view: View, numbers: random.Random) -> View:
        size, scaled = self.size, self.settings.with_scale_random_crop
        if self.settings.with_random_crop:
            side = round(size * numbers.uniform(_SMALLEST_SHARE, 1.0) ** 0.5)
            x, y = numbers.randint(0, size - side), numbers.randint(0, size - side)
            view = view.resized(size, size, (x, y, x + side, y + side))
        if scaled.enable:
            side = max(1, round(size * numbers.uniform(*scaled.scale_range)))
            x, y = (numbers.randint(min(0, side - size), max(0, side - size)) for _ in range(2))
            box = (x, y, x + size, y + size)
            larger = view.resized(side, side)
            # Where the picture ends before the crop does, black pixels have no class.
            mask = Image.new("L", (size, size), IGNORED)
            mask.paste(larger.mask, (-x, -y))
            view = View(larger.image.crop(box), mask)
        return view

    def _coloured(self, image: Image.Image, numbers: random.Random) -> Image.Image:
        color = self.settings.random_color
        if not color.enable or numbers.random() >= color.color_probability:
            return image
        changes = ["brightness", "contrast", "saturation", "hue"]
        numbers.shuffle(changes)
        enhancers = {
            "brightness": ImageEnhance.Brightness,
            "contrast": ImageEnhance.Contrast,
            "saturation": ImageEnhance.Color,
        }
        for change in changes:
            most = getattr(color, change)
            if change == "hue":
                image = _shifted_hue(image, numbers.uniform(-most, most)) if most else image
            elif most:
                image = enhancers[change](image).enhance(numbers.uniform(max(0.0, 1 - most), 1 + most))
        return image


def _shifted_hue(image: Image.Image, share: float) -> Image.Image:
    """Turn the circle of hues by a share of it."""
    hue, saturation, value = image.convert("HSV").split()
    turned = Image.fromarray((np.asarray(hue).astype(np.int16) + round(share * 255)).astype(np.uint8))
    return Image.merge("HSV", (turned, saturation, value)).convert("RGB")


def image_tensor(image: Image.Image) -> Tensor:
    """``(3, h, w)`` uint8 pixels of an RGB picture."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


def mask_tensor(mask: Image.Image) -> Tensor:
    """``(h, w)`` uint8 classes."""
    return torch.from_numpy(np.array(mask))
