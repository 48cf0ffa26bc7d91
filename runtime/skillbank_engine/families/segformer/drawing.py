"""Pictures with their classes laid over them in colours, and a legend."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from skillbank_engine.data.pixels import Array

Colour = tuple[int, int, int]

# Letters need a certain number of pixels; smaller pictures are enlarged by a whole factor.
_SMALLEST_SIDE = 480
_GOLDEN = 0.618034
_OPACITY = 0.5


def class_colours(count: int) -> list[Colour]:
    """Give each class a colour; hues a golden section apart, so that neighbours differ."""
    colours = []
    for number in range(count):
        hue, bright = (0.58 + number * _GOLDEN) % 1.0, 0.95 if number % 2 else 0.7
        red, green, blue = (round(part * 255) for part in colorsys.hsv_to_rgb(hue, 0.85, bright))
        colours.append((red, green, blue))
    return colours


def draw_classes(
    image: Image.Image, indices: Array, names: Sequence[str], colours: Sequence[Colour]
) -> Image.Image:
    """Lay classes over a copy of a picture, with a legend of those that are there below it.

    Parameters
    ----------
    image : PIL.Image.Image
        RGB.
    indices : ndarray
        ``(h, w)`` classes of the picture's pixels; others than ``names`` has are left without a colour.
    names, colours : sequence
        By number of the class.

    Returns
    -------
    PIL.Image.Image
        Enlarged by a whole factor when the picture is small; the legend makes it higher.
    """
    factor = max(1, -(-_SMALLEST_SIDE // max(image.size)))
    size = (image.width * factor, image.height * factor)
    table = np.zeros((256, 4), dtype=np.uint8)
    for number, colour in enumerate(colours):
        table[number] = (*colour, round(255 * _OPACITY))
    layer = Image.fromarray(table[indices]).resize(size, Image.Resampling.NEAREST)
    canvas = image.resize(size, Image.Resampling.LANCZOS).convert("RGBA")
    canvas.alpha_composite(layer)
    counts = np.bincount(indices.ravel(), minlength=256)[: len(names)]
    there = [number for number in range(len(names)) if counts[number]]
    shares = {number: counts[number] / indices.size for number in there}
    return _with_legend(
        canvas.convert("RGB"),
        [(f"{names[number]} {shares[number]:.1%}", colours[number]) for number in there],
    )


def _with_legend(picture: Image.Image, lines: Sequence[tuple[str, Colour]]) -> Image.Image:
    size = max(13, round(max(picture.size) / 40))
    font = ImageFont.load_default(size)
    row, places = size + 8, []
    x = y = 0
    for text, colour in lines:
        width = size + 14 + round(font.getlength(text))
        if x and x + width > picture.width:
            x, y = 0, y + row
        places.append((x, y, text, colour))
        x += width
    canvas = Image.new("RGB", (picture.width, picture.height + (y + row if lines else 0)), "white")
    canvas.paste(picture, (0, 0))
    pen = ImageDraw.Draw(canvas)
    for x, y, text, colour in places:
        top = picture.height + y + 4
        pen.rectangle((x + 4, top, x + 4 + size, top + size), fill=colour)
        pen.text((x + size + 9, top), text, fill=(0, 0, 0), font=font)
    return canvas
