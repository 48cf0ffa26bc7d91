"""Random views of training pictures: colours, parts cut out around objects, mirroring.

References
----------
Liu et al., "SSD: Single Shot MultiBox Detector", ECCV 2016: the cuts, and the changes of colour.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from skillbank_engine.data.transforms import View, mirror, sided

if TYPE_CHECKING:
    from skillbank_engine.families.rtdetr.config.experiment import ExperimentSpec

_OVERLAPS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
_TRIES = 40
_LEAST = 0.3
_SHAPES = (0.5, 2.0)
_HUE = 0.05

Boxes = NDArray[np.float64]


@dataclass(frozen=True)
class Variation:
    """What is changed at random.

    Attributes
    ----------
    colours, cut, flip : float
        Chances of each change.
    """

    colours: float
    cut: float
    flip: float

    @classmethod
    def from_spec(cls, spec: ExperimentSpec) -> Variation:
        """Read ``dataset.augmentation`` and ``engine.flip_prob``."""
        values = spec.dataset.augmentation
        return cls(values.distortion_prob, values.iou_crop_prob, spec.engine.flip_prob)

    @property
    def keeps_size(self) -> bool:
        """Whether pictures keep their size, so that they can be resized first and kept."""
        return self.cut == 0

    def apply(self, view: View, phrases: Sequence[str], numbers: random.Random) -> View:
        """Change a picture.

        Parameters
        ----------
        view : View
            The picture with its boxes.
        phrases : sequence of str
            Names of what is on it; with "left" or "right" among them it is not mirrored.
        numbers : random.Random
            Source of randomness.
        """
        if self.colours and numbers.random() < self.colours:
            view = View(recoloured(view.image, numbers), view.boxes, view.indices)
        if self.cut and numbers.random() < self.cut:
            view = cut_out(view, numbers)
        if self.flip and numbers.random() < self.flip and not sided(phrases):
            view = mirror(view)
        return view


def recoloured(image: Image.Image, numbers: random.Random) -> Image.Image:
    """Change brightness, contrast, saturation and hue, each half of the time."""
    for change, least, most in (
        (ImageEnhance.Brightness, 0.875, 1.125),
        (ImageEnhance.Contrast, 0.5, 1.5),
        (ImageEnhance.Color, 0.5, 1.5),
    ):
        if numbers.random() < 0.5:
            image = change(image).enhance(numbers.uniform(least, most))
    if numbers.random() < 0.5:
        hue, saturation, value = image.convert("HSV").split()
        shift = round(numbers.uniform(-_HUE, _HUE) * 255)
        turned = Image.fromarray((np.asarray(hue, dtype=np.int16) + shift).astype(np.uint8), "L")
        image = Image.merge("HSV", (turned, saturation, value)).convert("RGB")
    return image


def cut_out(view: View, numbers: random.Random) -> View:
    """Cut out a part that overlaps an object by some drawn measure; objects whose middle is outside go.

    Where no such part is found in some tries, the whole picture stays.
    """
    width, height = view.image.size
    least = numbers.choice(_OVERLAPS)
    if least >= 1.0 or not len(view.boxes):
        return view
    for _ in range(_TRIES):
        new_width = int(width * numbers.uniform(_LEAST, 1.0))
        new_height = int(height * numbers.uniform(_LEAST, 1.0))
        if not new_height or not _SHAPES[0] <= new_width / new_height <= _SHAPES[1]:
            continue
        x, y = numbers.randint(0, width - new_width), numbers.randint(0, height - new_height)
        part = np.array([x, y, x + new_width, y + new_height], dtype=np.float64)
        middle = (view.boxes[:, :2] + view.boxes[:, 2:]) / 2
        kept = np.flatnonzero(((middle > part[:2]) & (middle < part[2:])).all(1))
        if len(kept) and _overlaps(view.boxes[kept], part).max() >= least:
            boxes = view.boxes[kept].clip(np.tile(part[:2], 2), np.tile(part[2:], 2)) - np.tile(part[:2], 2)
            image = view.image.crop((x, y, x + new_width, y + new_height))
            return View(image, boxes, tuple(view.indices[number] for number in kept))
    return view


def _overlaps(boxes: Boxes, part: Boxes) -> Boxes:
    """Intersection over union of boxes ``(m, 4)`` with one box."""
    low, high = np.maximum(boxes[:, :2], part[:2]), np.minimum(boxes[:, 2:], part[2:])
    shared = (high - low).clip(0).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (part[2:] - part[:2]).prod()
    overlaps: Boxes = shared / np.maximum(areas - shared, 1e-9)
    return overlaps
