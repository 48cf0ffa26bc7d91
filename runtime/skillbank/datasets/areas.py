"""Areas of pictures: masks read from files of any kind, and outlines drawn, as numbers of classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from skillbank.datasets.document import LEFT_OUT, Drawn
from skillbank.datasets.formats.run_lengths import runs_of
from skillbank.errors import DataError
from skillbank.visible import one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Meanings", "draw_mask", "draw_outlines", "pixels_of", "values_in"]

Meanings = Mapping[tuple[int, ...], int]
"""Index of a class, or `LEFT_OUT`, by a mask's number, or the three of its colour."""
_MOST_PIXELS = 178_956_970
_TURNED = 0x0112


def pixels_of(path: Path) -> NDArray[np.int64]:
    """Return the pixels of a mask: ``(h, w)`` numbers as they are stored, or ``(h, w)`` packed colours.

    A colour is ``(red << 16) + (green << 8) + blue``, negative and less one, so that no number is one.
    """
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise DataError(
                    f"{path.name} has {opened.width} x {opened.height} pixels, too many for a mask"
                )
            picture = ImageOps.exif_transpose(opened) if opened.getexif().get(_TURNED, 1) != 1 else opened
            if picture.mode in ("1", "L", "P", "I", "I;16", "I;16B", "F"):
                plain = picture.convert("L") if picture.mode == "1" else picture
                return np.asarray(plain).astype(np.int64)
            if picture.mode in ("LA", "PA"):
                return np.asarray(picture.getchannel(0)).astype(np.int64)
            colours = np.asarray(picture.convert("RGB")).astype(np.int64)
    except DataError:
        raise
    except Exception as error:  # whatever a broken file makes a decoder raise
        raise DataError(f"{path.name} cannot be read as a mask: {one_line(error, 120)}") from None
    if np.array_equal(colours[..., 0], colours[..., 1]) and np.array_equal(colours[..., 1], colours[..., 2]):
        grey: NDArray[np.int64] = colours[..., 0]
        return grey
    packed: NDArray[np.int64] = -((colours[..., 0] << 16) | (colours[..., 1] << 8) | colours[..., 2]) - 1
    return packed


def values_in(pixels: NDArray[np.int64]) -> dict[tuple[int, ...], int]:
    """Count the pixels of each number or colour."""
    found, counts = np.unique(pixels, return_counts=True)
    return {_unpacked(int(value)): int(count) for value, count in zip(found, counts, strict=True)}


def draw_mask(path: Path, meanings: Meanings) -> Drawn:
    """Read a mask as numbers of classes."""
    pixels = pixels_of(path)
    values, places = np.unique(pixels, return_inverse=True)
    table = np.full(len(values), LEFT_OUT, dtype=np.int16)
    strange: dict[str, int] = {}
    for place, value in enumerate(values):
        number = meanings.get(_unpacked(int(value)))
        if number is None:
            count = int(np.count_nonzero(pixels == value))
            strange[_told(_unpacked(int(value)))] = count
        else:
            table[place] = number
    numbers: NDArray[np.int16] = table[places.reshape(pixels.shape)]
    return Drawn(numbers, strange)


def draw_outlines(
    size: tuple[int, int], objects: Iterable[tuple[int, object]], *, background: int = LEFT_OUT
) -> Drawn:
    """Draw outlines, a later one over the earlier ones.

    Parameters
    ----------
    size
        Width and height (pixels).
    objects
        Index of the class and COCO's ``segmentation`` of each: polygons, or run lengths with their size.
    background
        What the rest is.
    """
    width, height = size
    numbers = np.full((height, width), background, dtype=np.int16)
    undrawn = 0
    for label, outline in objects:
        if isinstance(outline, list) and outline and all(isinstance(each, list) for each in outline):
            shape = Image.new("1", (width, height))
            pen = ImageDraw.Draw(shape)
            for polygon in outline:
                if len(polygon) >= 6 and len(polygon) % 2 == 0:
                    pen.polygon([float(value) for value in polygon], fill=1)
            inside: NDArray[np.bool_] | None = np.asarray(shape)
        else:
            inside = _of_runs(outline, height, width)
        if inside is None or not inside.any():
            undrawn += 1
            continue
        numbers[inside] = label
    return Drawn(numbers, {}, undrawn)


def _of_runs(outline: Any, height: int, width: int) -> NDArray[np.bool_] | None:
    """Return what run lengths hold, which go down the columns; None where they are not of this picture."""
    runs = runs_of(outline)
    if runs is None or list(outline["size"]) != [height, width] or sum(runs) > height * width:
        return None
    flat = np.zeros(height * width, dtype=bool)
    at = 0
    for position, run in enumerate(runs):
        if position % 2:
            flat[at : at + run] = True
        at += run
    return flat.reshape(width, height).T


def _unpacked(value: int) -> tuple[int, ...]:
    if value >= 0:
        return (value,)
    colour = -(value + 1)
    return colour >> 16, (colour >> 8) & 255, colour & 255


def _told(value: tuple[int, ...]) -> str:
    return str(value[0]) if len(value) == 1 else str(value)
