"""Pictures of more than 8 bits a colour as they are seen in training: by the range of the data set.

The law stands in references/dataset-formats.md and is the engine's: whole numbers are scaled from 0 to the
largest of 8, 10, 12, 14 or 16 bits that holds them, floating point and negative ones from the least to the
largest.  What is shown takes the range of the pictures that are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[Any]

__all__ = ["Extent", "Range", "deep_numbers", "extent", "is_deep", "range_of", "shown"]

_BITS = (8, 10, 12, 14, 16)
Range = tuple[float, float]
"""The numbers that become black and white."""
Extent = tuple[float, float, bool]
"""The least and the largest number, and whether all are whole ones."""


def is_deep(picture: Image.Image) -> bool:
    """Whether a picture that was opened, but not loaded, has more than 8 bits a colour."""
    return picture.mode.startswith("I;16") or picture.mode in ("I", "F") or ";16" in _layout(picture)


def deep_numbers(picture: Image.Image, path: Path) -> Numbers:
    """Return the numbers of a picture that `is_deep`, ``(height, width)`` or with colours behind, upright."""
    layout = _layout(picture)
    if ";16" not in layout or picture.mode.startswith(("I", "F")):
        return _upright(picture)
    if picture.mode != "RGB" or not layout.endswith(";16B"):
        return _upright(picture.convert("RGB")).astype(np.uint16) * 257
    # Pillow keeps one byte of each number, the upper or the lower by the order that it is told.
    with Image.open(path) as again:
        again.tile = [each._replace(args=f"{layout[:-1]}L") for each in again.tile]
        return _upright(picture).astype(np.uint16) << 8 | _upright(again)


def extent(numbers: Numbers) -> Extent:
    """Return the least and the largest number of a picture but infinity, and whether all are whole."""
    whole = numbers.dtype.kind != "f"
    finite = numbers if whole else numbers[np.isfinite(numbers)]
    return (float(finite.min()), float(finite.max()), whole) if finite.size else (0.0, 0.0, whole)


def range_of(extents: Sequence[Extent]) -> Range:
    """Return the range of the pictures of a data set."""
    low, high = min(low for low, _, _ in extents), max(high for _, high, _ in extents)
    if low >= 0 and all(whole for *_, whole in extents):
        for bits in _BITS:
            if high < 2**bits:
                return 0.0, float(2**bits - 1)
    return low, high


def shown(numbers: Numbers, ends: Range) -> Image.Image:
    """Return numbers as a picture of 8 bits; what is no number becomes black."""
    black, white = ends
    wide = numbers.astype(np.float64)
    bright = (wide - black) * (255 / (white - black)) if white > black else np.zeros_like(wide)
    bright = np.nan_to_num(bright, nan=0.0, posinf=255.0, neginf=0.0).clip(0, 255)
    return Image.fromarray(np.rint(bright).astype(np.uint8)).convert("RGB")


def _layout(picture: Image.Image) -> str:
    """Return Pillow's name of how a picture's bytes lie in its file."""
    tiles = getattr(picture, "tile", None)
    told = tiles[0][3] if tiles else ""
    if isinstance(told, tuple | list):
        told = told[0] if told else ""
    return told if isinstance(told, str) else ""


def _upright(picture: Image.Image) -> Numbers:
    picture.load()
    return np.asarray(ImageOps.exif_transpose(picture))
