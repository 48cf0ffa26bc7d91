"""Training samples and batches of them, and mixtures of the pictures of a batch."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from skillbank_engine.data.cache import PictureCache
from skillbank_engine.data.images import open_image
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.transforms import image_tensor
from skillbank_engine.families.classification_pyt.data.folders import LabelledSet
from skillbank_engine.families.classification_pyt.data.views import Variation, resized
from skillbank_engine.task import Batch, Samples


@dataclass(frozen=True)
class LabelledPicture:
    """One training sample: ``(3, S, S)`` uint8 pixels and the number of a class."""

    pixels: Tensor
    label: int


@dataclass(frozen=True)
class PictureBatch(Batch):
    """What one step trains on.

    Attributes
    ----------
    pixels : Tensor
        ``(B, 3, S, S)``: uint8, or floats from 0 to 255 once pictures are mixed.
    labels : Tensor
        ``(B,)`` int64 classes; -1 where there is none.
    others : Tensor or None
        ``(B,)`` int64 classes of what was mixed in.
    shares : Tensor or None
        ``(B,)`` how much of each picture shows its own class; the rest is the other's.
    """

    pixels: Tensor
    labels: Tensor
    others: Tensor | None = None
    shares: Tensor | None = None


class TrainingPictures(Samples[LabelledPicture, PictureBatch]):
    """Random views of a set's pictures.

    Parameters
    ----------
    data : LabelledSet
        The set, its classes numbered like the model's.
    size : int
        Edge of the samples in pixels.
    variation : Variation
        What is changed at random.
    cache_bytes : int
        How much memory resized pictures may take.
    pixels : PixelScale
        How pictures of more than 8 bits are scaled.
    """

    def __init__(
        self, data: LabelledSet, size: int, variation: Variation, cache_bytes: int, pixels: PixelScale
    ) -> None:
        self._data = data
        self._size = size
        self._variation = variation
        self._pixels = pixels
        self._cache = PictureCache([(size, size)] * len(data) if cache_bytes else [], cache_bytes)

    def __len__(self) -> int:
        return len(self._data)

    def sample(self, index: int, epoch: int, numbers: random.Random) -> LabelledPicture:
        """Give a random view of a picture, the same for equal numbers."""
        varied = self._variation.apply(self._resized(index), numbers)
        return LabelledPicture(image_tensor(varied), self._data.classes[index])

    def _resized(self, index: int) -> Image.Image:
        kept = self._cache.get(index)
        if kept is None:
            kept = resized(open_image(self._data.images[index], self._pixels), self._size)
            self._cache.put(index, kept)
        return kept

    def collate(self, samples: Sequence[LabelledPicture]) -> PictureBatch:
        """Stack samples."""
        return PictureBatch(
            torch.stack([sample.pixels for sample in samples]),
            torch.tensor([sample.label for sample in samples], dtype=torch.int64),
        )


def picture_tensor(path: Path, size: tuple[int, int], scale: PixelScale) -> Tensor:
    """Read a picture for measuring or use: ``(3, H, W)`` uint8 of a wanted height and width."""
    return image_tensor(resized(open_image(path, scale), (size[1], size[0])))


def mixed(batch: PictureBatch, alpha: float, seed: int) -> PictureBatch:
    """Mix the pictures of a batch among themselves: blended, or with a part exchanged, each half of the time.

    Parameters
    ----------
    batch : PictureBatch
        On any device; left as it is.
    alpha : float
        Both parameters of the beta distribution that the shares come from; 0 mixes nothing.
    seed : int
        Start of the random numbers.
    """
    count = len(batch.labels)
    if alpha <= 0 or count < 2:
        return batch
    numbers = random.Random(seed)
    order = list(range(count))
    numbers.shuffle(order)
    other = torch.tensor(order, device=batch.labels.device)
    share = numbers.betavariate(alpha, alpha)
    pixels = batch.pixels.float()
    if numbers.random() < 0.5:
        pixels = share * pixels + (1 - share) * pixels[other]
    else:
        height, width = pixels.shape[-2:]
        top, bottom = _part(height, share, numbers)
        left, right = _part(width, share, numbers)
        pixels = pixels.clone()
        pixels[..., top:bottom, left:right] = batch.pixels[other][..., top:bottom, left:right].float()
        share = 1 - (bottom - top) * (right - left) / (height * width)
    shares = torch.full((count,), share, device=batch.labels.device)
    return replace(batch, pixels=pixels, others=batch.labels[other], shares=shares)


def _part(length: int, share: float, numbers: random.Random) -> tuple[int, int]:
    """Ends of a part of an edge around a random middle, such that the two edges' parts cover 1 - share."""
    reach = length * math.sqrt(1 - share) / 2
    middle = numbers.uniform(0, length)
    return max(0, round(middle - reach)), min(length, round(middle + reach))
