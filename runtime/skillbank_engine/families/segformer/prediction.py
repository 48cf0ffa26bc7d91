"""Classes of the pixels of whole pictures, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import torch
from PIL import Image
from torch import Tensor

from skillbank_engine.data.ahead import ahead
from skillbank_engine.families.segformer.data.transforms import image_tensor
from skillbank_engine.families.segformer.model import enlarged

if TYPE_CHECKING:
    from skillbank_engine.data.pixels import Array

Key = TypeVar("Key")


@dataclass(frozen=True)
class Predictor:
    """Something that gives logits, and how pictures are shown to it.

    Attributes
    ----------
    logits : callable
        From ``(B, 3, h, w)`` numbers from 0 to 255 to logits ``(B, classes, ...)`` of any size, fp32.
    size : (int, int)
        Height and width that pictures are resized to.
    device : torch.device
        Where it computes.
    """

    logits: Callable[[Tensor], Tensor]
    size: tuple[int, int]
    device: torch.device

    def seen(self, image: Image.Image) -> Tensor:
        """A picture as it is shown, ``(3, h, w)`` uint8."""
        height, width = self.size
        small = (
            image
            if image.size == (width, height)
            else image.resize((width, height), Image.Resampling.BICUBIC)
        )
        return image_tensor(small)

    def answers(
        self, keys: Sequence[Key], read: Callable[[Key], Image.Image], batch_size: int
    ) -> Iterator[tuple[int, Key, Image.Image, Tensor]]:
        """Go through pictures in their order.

        Parameters
        ----------
        keys : sequence
            Name the pictures.
        read : callable
            Reads the picture of a key; called in several threads.
        batch_size : int
            Pictures at once.

        Yields
        ------
        (int, key, PIL.Image.Image, Tensor)
            Number of the batch, key, picture, and logits ``(classes, H, W)`` of its own pixels, on the
            device.
        """

        def opened(key: Key) -> tuple[Key, Image.Image, Tensor]:
            image = read(key)
            return key, image, self.seen(image)

        coming = ahead(opened, keys, batch_size)
        for number in range(-(-len(keys) // batch_size)):
            some, images, pixels = zip(*islice(coming, batch_size), strict=True)
            # In the size that the network saw: a larger one is made of that, as of an exported file's.
            seen = enlarged(self.logits(torch.stack(pixels).to(self.device)), *self.size)
            for key, image, row in zip(some, images, seen, strict=True):
                yield number, key, image, enlarged(row[None], image.height, image.width)[0]


def best_classes(logits: Tensor) -> Array:
    """The likeliest class of each pixel, ``(H, W)`` uint8, of ``(classes, H, W)`` logits."""
    classes: Array = logits.argmax(0).to(torch.uint8).cpu().numpy()
    return classes
