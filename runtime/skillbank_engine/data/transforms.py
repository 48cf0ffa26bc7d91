"""Resizing, cropping, mirroring and normalising pictures together with their boxes."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Mirroring turns these words' truth around.
_SIDED = re.compile(r"\b(left|right|clockwise|anticlockwise|counterclockwise)\b")
# Backbones take no fewer pixels; a line of one pixel stays a line, beside padding.
_LEAST = 4
# What is left of a box after a crop must be worth learning.
_KEPT_SHARE = 0.3


@dataclass(frozen=True)
class View:
    """A picture with the boxes of what is on it.

    Attributes
    ----------
    image : PIL.Image.Image
        RGB.
    boxes : ndarray
        ``(m, 4)`` ``xyxy`` in pixels.
    indices : tuple of int
        Which of the record's boxes these are.
    """

    image: Image.Image
    boxes: NDArray[np.float64]
    indices: tuple[int, ...]


@dataclass(frozen=True)
class Resizing:
    """How large the network sees a picture; the aspect ratio is kept.

    Attributes
    ----------
    shorter : int
        Wanted shorter side in pixels; 0 leaves it to ``longer`` alone.
    longer : int
        Largest longer side in pixels.
    frame : (int, int), optional
        Height and width of a network whose input has a fixed size: pictures become as large as fits into
        it, whatever the other two say.
    """

    shorter: int
    longer: int
    frame: tuple[int, int] | None = None

    def size(self, width: int, height: int) -> tuple[int, int]:
        """New width and height of a picture."""
        if self.frame is not None:
            scale = min(self.frame[0] / height, self.frame[1] / width)
            return max(1, round(width * scale)), max(1, round(height * scale))
        least, most = min(width, height), max(width, height)
        if not self.shorter:
            scale = self.longer / most
            return max(1, round(width * scale)), max(1, round(height * scale))
        # One side is rounded, the other cut off, as transformers' processor of the released models does it:
        # one column more changes a little what a model finds.
        wanted = min(self.longer * least / most, self.shorter)
        short, long = max(1, round(wanted)), max(1, int(wanted * most / least))
        return (short, long) if width < height else (long, short)

    def apply(self, view: View) -> View:
        """Resize a picture and its boxes."""
        return resized(view, self.size(*view.image.size))


def resized(view: View, new: tuple[int, int]) -> View:
    """Bring a picture with its boxes to a width and height."""
    old = view.image.size
    if new == old:
        return view
    boxes = view.boxes * rescaling(old, new)
    return View(view.image.resize(new, Image.Resampling.BILINEAR), boxes, view.indices)


def rescaling(old: tuple[int, int], new: tuple[int, int]) -> NDArray[np.float64]:
    """Factors ``(4,)`` on ``xyxy`` boxes of a picture whose width and height change."""
    return np.array([new[0] / old[0], new[1] / old[1]] * 2)


def test_resizing(spec: Any) -> Resizing:
    """The resizing of validation, test and inference."""
    if spec.engine.image_size:
        return Resizing(0, spec.engine.image_size)
    augmentation = spec.dataset.augmentation
    return Resizing(augmentation.test_random_resize, augmentation.random_resize_max_size)


@dataclass(frozen=True)
class Viewport:
    """How a view shows a picture, without mirroring; drawn before the picture is decoded.

    Attributes
    ----------
    before : (int, int) or None
        Width and height that the picture is resized to ahead of a crop.
    crop : (int, int, int, int) or None
        ``xyxy`` of what is cut out then.
    size : (int, int)
        Width and height of the view.
    """

    before: tuple[int, int] | None
    crop: tuple[int, int, int, int] | None
    size: tuple[int, int]

    def apply(self, view: View) -> View:
        """Resize and crop a picture and its boxes; boxes of which little is left are dropped."""
        if self.before is not None:
            view = resized(view, self.before)
        if self.crop is not None:
            view = _cropped(view, self.crop)
        return resized(view, self.size)


@dataclass(frozen=True)
class TrainingTransform:
    """Random views of training pictures.

    With a fixed ``image_size`` pictures are resized to it and mirrored.  Otherwise as in DETR: half of the
    time resized at random, half of the time resized, cropped and resized again.
    """

    image_size: int
    scales: tuple[int, ...]
    longest: int
    before_crop: tuple[int, ...]
    crop_min: int
    crop_max: int
    flip_probability: float

    @classmethod
    def from_spec(cls, spec: Any) -> TrainingTransform:
        """Read ``dataset.augmentation`` and ``engine.image_size``."""
        values = spec.dataset.augmentation
        return cls(
            image_size=spec.engine.image_size,
            scales=tuple(values.scales),
            longest=values.random_resize_max_size,
            before_crop=tuple(values.train_random_resize),
            crop_min=values.train_random_crop_min,
            crop_max=values.train_random_crop_max,
            flip_probability=values.horizontal_flip_prob,
        )

    def fixed_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of what :meth:`fixed` makes of a picture."""
        return Resizing(0, self.image_size).size(width, height) if self.image_size else (width, height)

    def fixed(self, view: View) -> View:
        """The part without chance, whose result can be kept in memory."""
        return Resizing(0, self.image_size).apply(view) if self.image_size else view

    def vary(self, view: View, phrases: Sequence[str], numbers: random.Random) -> View:
        """The part with chance, to be applied to what :meth:`fixed` gave.

        Parameters
        ----------
        view : View
            The picture.
        phrases : sequence of str
            The record's phrases; with "left" or "right" among them the picture is not mirrored.
        numbers : random.Random
            Source of randomness.
        """
        view = self.viewport(*view.image.size, numbers).apply(view)
        if numbers.random() < self.flip_probability and not sided(phrases):
            view = mirror(view)
        return view

    def viewport(self, width: int, height: int, numbers: random.Random) -> Viewport:
        """Draw how :meth:`vary` shows a picture of a width and height, from the same numbers."""
        if self.image_size:
            return Viewport(None, None, (width, height))
        before = crop = None
        if numbers.random() < 0.5:
            before = Resizing(numbers.choice(self.before_crop), self.longest).size(width, height)
            crop = self._crop(*before, numbers)
            width, height = crop[2] - crop[0], crop[3] - crop[1]
        size = Resizing(numbers.choice(self.scales), self.longest).size(width, height)
        return Viewport(before, crop, size)

    def shape(self, width: int, height: int, numbers: random.Random) -> tuple[int, int]:
        """Height and width of what :meth:`fixed` and :meth:`vary` make of a picture."""
        width, height = self.viewport(*self.fixed_size(width, height), numbers).size
        return height, width

    def _crop(self, width: int, height: int, numbers: random.Random) -> tuple[int, int, int, int]:
        new_width = numbers.randint(min(self.crop_min, width), min(self.crop_max, width))
        new_height = numbers.randint(min(self.crop_min, height), min(self.crop_max, height))
        x, y = numbers.randint(0, width - new_width), numbers.randint(0, height - new_height)
        return x, y, x + new_width, y + new_height


def _cropped(view: View, part: tuple[int, int, int, int]) -> View:
    """Cut out a part; boxes of which little is left are dropped."""
    x, y, right, below = part
    moved = view.boxes - np.array([x, y, x, y])
    cut = moved.clip(0, np.array([right - x, below - y] * 2))
    share = _areas(cut) / np.maximum(_areas(moved), 1e-6)
    keep = np.flatnonzero(share >= _KEPT_SHARE)
    return View(view.image.crop(part), cut[keep], tuple(view.indices[number] for number in keep))


def sided(phrases: Sequence[str]) -> bool:
    """Say whether mirroring would turn the truth of a phrase around: "left arm"."""
    return any(_SIDED.search(phrase) for phrase in phrases)


def mirror(view: View) -> View:
    """Turn a picture and its boxes from left to right."""
    width = view.image.size[0]
    boxes = view.boxes.copy()
    boxes[:, [0, 2]] = width - view.boxes[:, [2, 0]]
    return View(view.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), boxes, view.indices)


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return areas


def image_tensor(image: Image.Image, *, locked: bool = False) -> Tensor:
    """Pixels of a picture as ``(3, H, W)`` uint8, in memory a pixel's three colours after each other.

    Parameters
    ----------
    image : PIL.Image.Image
        RGB.
    locked : bool
        Whether they are to lie in page-locked memory, from which a GPU reads itself.
    """
    if not locked:
        return torch.from_numpy(np.array(image, dtype=np.uint8)).permute(2, 0, 1)
    pixels = torch.empty((image.height, image.width, 3), dtype=torch.uint8, pin_memory=True)
    # By numpy, in one piece: torch would wake a team of threads for each thread that opens pictures.
    np.copyto(pixels.numpy(), np.asarray(image))
    return pixels.permute(2, 0, 1)


def pad_images(
    images: Sequence[Tensor], fixed: tuple[int, int] | None = None
) -> tuple[Tensor, Tensor | None]:
    """Put pictures of several sizes into one batch, top left.

    Parameters
    ----------
    images : sequence of Tensor
        Each ``(3, h, w)`` uint8.
    fixed : (int, int), optional
        Height and width to pad to at least; never fewer than backbones take.

    Returns
    -------
    pixels : Tensor
        ``(B, 3, H, W)`` uint8, black where padded.
    mask : Tensor or None
        ``(B, H, W)`` bool, true at pixels of a picture; None when nothing is padded.
    """
    least = fixed or (_LEAST, _LEAST)
    height = max(least[0], *(image.shape[1] for image in images))
    width = max(least[1], *(image.shape[2] for image in images))
    if all(image.shape[1:] == (height, width) for image in images):
        return torch.stack(list(images)), None
    device = images[0].device
    pixels = torch.zeros((len(images), 3, height, width), dtype=torch.uint8, device=device)
    mask = torch.zeros((len(images), height, width), dtype=torch.bool, device=device)
    for number, image in enumerate(images):
        pixels[number, :, : image.shape[1], : image.shape[2]] = image
        mask[number, : image.shape[1], : image.shape[2]] = True
    return pixels, mask


def normalise(pixels: Tensor, mask: Tensor | None, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Turn uint8 pixels into what the backbone takes; padding becomes zero, the mean colour.

    Parameters
    ----------
    pixels : Tensor
        ``(B, 3, H, W)`` uint8.
    mask : Tensor or None
        ``(B, H, W)`` bool; None when nothing is padded.
    mean, std : sequence of float
        For red, green and blue, of values in 0 to 1.
    """
    scale = torch.tensor(std, device=pixels.device) * 255
    shift = torch.tensor(mean, device=pixels.device) * 255
    scaled = (pixels.float() - shift[:, None, None]) / scale[:, None, None]
    return scaled if mask is None else scaled * mask[:, None]
