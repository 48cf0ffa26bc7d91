"""How a picture of any size becomes an input of one size, and boxes found there boxes of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from skillbank_engine.data.transforms import View

if TYPE_CHECKING:
    from skillbank_engine.families.rtdetr.config.experiment import ExperimentSpec


@dataclass(frozen=True)
class Framing:
    """The size that the network sees.

    Attributes
    ----------
    height, width : int
        In pixels.
    keep_shape : bool
        Keep the shape of a picture and pad it with black on the right or below; otherwise it is stretched.
    """

    height: int
    width: int
    keep_shape: bool = False

    @classmethod
    def from_spec(cls, spec: ExperimentSpec, *, training: bool = False) -> Framing:
        """Read ``dataset.augmentation``."""
        values = spec.dataset.augmentation
        height, width = values.train_spatial_size if training else values.eval_spatial_size
        return cls(height, width, values.preserve_aspect_ratio)

    def inner(self, width: int, height: int) -> tuple[int, int]:
        """Give width and height in the frame of a picture of this size."""
        if not self.keep_shape:
            return self.width, self.height
        scale = min(self.height / height, self.width / width)
        return min(self.width, max(1, round(width * scale))), min(self.height, max(1, round(height * scale)))

    def apply(self, view: View) -> View:
        """Put a picture and its boxes into the frame."""
        old = view.image.size
        new = self.inner(*old)
        image = view.image if new == old else view.image.resize(new, Image.Resampling.BILINEAR)
        if new != (self.width, self.height):
            frame = Image.new("RGB", (self.width, self.height))
            frame.paste(image, (0, 0))
            image = frame
        return View(image, view.boxes * np.array([new[0] / old[0], new[1] / old[1]] * 2), view.indices)

    def picture_size(self, width: int, height: int) -> tuple[float, float]:
        """Give what boxes relative to the frame are multiplied by to be pixels of a picture of this size."""
        inner = self.inner(width, height)
        return self.width * width / inner[0], self.height * height / inner[1]
