"""Splits of a data set, read and checked, and the training samples made of one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from skillbank_engine.data.cache import PictureCache
from skillbank_engine.data.images import open_image
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.errors import DataError
from skillbank_engine.families.segformer.classes import Classes, classes_of
from skillbank_engine.families.segformer.data.faults import MaskFaults
from skillbank_engine.families.segformer.data.layout import KEY, find_pairs
from skillbank_engine.families.segformer.data.masks import MaskedPicture, check_pairs, mask_classes
from skillbank_engine.families.segformer.data.transforms import Variation, View, image_tensor, mask_tensor
from skillbank_engine.task import Batch, Samples

if TYPE_CHECKING:
    from skillbank_engine.families.segformer.config import ExperimentSpec


@dataclass(frozen=True)
class MaskSet:
    """Pictures with masks.

    Attributes
    ----------
    split : str
        Where they were found, for messages.
    items : tuple of MaskedPicture
        Read and checked.
    classes : Classes
        What the masks mean.
    """

    split: str
    items: tuple[MaskedPicture, ...]
    classes: Classes

    def __len__(self) -> int:
        """Pictures."""
        return len(self.items)

    def pictures(self) -> Iterator[Path]:
        """Their files."""
        return (item.pair.image for item in self.items)

    def without_pixels(self) -> list[str]:
        """Names of the classes that no pixel has."""
        totals = np.sum([item.counts for item in self.items], axis=0)
        return [name for name, total in zip(self.classes.names, totals, strict=True) if not total]

    def view(self, number: int, pixels: PixelScale) -> View:
        """Read a picture and its mask.

        Raises
        ------
        DataError
            They are no longer what they were.
        """
        item = self.items[number]
        indices, _ = mask_classes(item.pair.mask, self.classes)
        image = open_image(item.pair.image, pixels)
        if image.size != item.size or indices.shape != item.size[::-1]:
            raise DataError(f"{item.pair.image} or its mask was changed while it was in use: start again")
        return View(image, Image.fromarray(indices))


def read_set(spec: ExperimentSpec, split_key: str) -> MaskSet:
    """Read and check a split.

    Parameters
    ----------
    spec : ExperimentSpec
        The loaded spec.
    split_key : str
        Which: ``train_split``, ``validation_split`` or ``test_split``.

    Raises
    ------
    DataError
        It cannot be used; all faults of all files at once.
    """
    segment = spec.dataset.segment
    split = getattr(segment, split_key)
    place = f"{KEY} {segment.root_dir} ({split})"
    classes = classes_of(segment)
    faults = MaskFaults(place, spec.engine.skip_broken)
    pairs = find_pairs(segment.root_dir, split, f"dataset.segment.{split_key}", faults)
    items = check_pairs(pairs, classes, faults)
    faults.settle()
    if not any(sum(item.counts) for item in items):
        raise DataError(f"{place} has no mask with a pixel of any class: check the masks and the palette")
    return MaskSet(place, tuple(items), classes)


@dataclass(frozen=True)
class MaskSample:
    """One training sample: ``(3, s, s)`` uint8 pixels and ``(s, s)`` uint8 classes."""

    pixels: Tensor
    mask: Tensor


@dataclass(frozen=True)
class MaskBatch(Batch):
    """What one step trains on.

    Attributes
    ----------
    pixels : Tensor
        ``(B, 3, S, S)``: uint8, or normalised.
    masks : Tensor
        ``(B, S, S)`` uint8 classes.
    """

    pixels: Tensor
    masks: Tensor


class MaskSamples(Samples[MaskSample, MaskBatch]):
    """Training samples of a set.

    Parameters
    ----------
    data : MaskSet
        The set.
    variation : Variation
        Makes views.
    cache_bytes : int
        How much memory decoded pictures may take.
    pixels : PixelScale
        Of the data set.
    """

    def __init__(self, data: MaskSet, variation: Variation, cache_bytes: int, pixels: PixelScale) -> None:
        self._data = data
        self._variation = variation
        self._pixels = pixels
        side = variation.size
        # A mask is kept as a picture too, of three of its numbers to a pixel.
        self._folded = (-(-side * side // 3), 1)
        sizes = [(side, side), self._folded] * (len(data) if cache_bytes else 0)
        self._cache = PictureCache(sizes, cache_bytes)

    def __len__(self) -> int:
        return len(self._data)

    def sample(self, index: int, epoch: int, numbers: random.Random) -> MaskSample:
        """Make one sample."""
        view = self._variation.vary(self._fixed(index), numbers)
        return MaskSample(image_tensor(view.image), mask_tensor(view.mask))

    def collate(self, samples: Sequence[MaskSample]) -> MaskBatch:
        """Make one batch."""
        return MaskBatch(
            torch.stack([sample.pixels for sample in samples]),
            torch.stack([sample.mask for sample in samples]),
        )

    def _fixed(self, index: int) -> View:
        """Decode and resize a picture once, as far as memory reaches."""
        image, mask = self._cache.get(2 * index), self._cache.get(2 * index + 1)
        side = self._variation.size
        if image is not None and mask is not None:
            return View(image, Image.frombytes("L", (side, side), mask.tobytes()[: side * side]))
        view = self._variation.fixed(self._data.view(index, self._pixels))
        folded = view.mask.tobytes().ljust(self._folded[0] * 3, b"\0")
        self._cache.put(2 * index, view.image)
        self._cache.put(2 * index + 1, Image.frombytes("RGB", self._folded, folded))
        return view
