"""Annotated pictures: boxes in distinct colours with readable labels."""

import colorsys
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol

from PIL import Image, ImageColor, ImageDraw, ImageFont

# Letters need a certain number of pixels; smaller pictures are enlarged by a whole factor.
_SMALLEST_SIDE = 480
_GOLDEN = 0.618034


class Shown(Protocol):
    """A found object."""

    @property
    def label(self) -> int:
        """Index of what it is."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """``xyxy`` in pixels of the picture."""

    @property
    def score(self) -> float:
        """0 to 1."""


def phrase_colours(
    phrases: Sequence[str], chosen: Mapping[str, str] | None = None
) -> list[tuple[int, int, int]]:
    """Give each phrase a colour.

    Parameters
    ----------
    phrases : sequence of str
        The descriptions, or names of classes.
    chosen : mapping, optional
        Colours (names or ``#rrggbb``) that somebody wants for some of them; unknown ones are passed over.

    Returns
    -------
    list of (int, int, int)
        RGB; hues a golden section apart, so that neighbours differ however many there are.
    """
    colours = []
    for number, phrase in enumerate(phrases):
        name = (chosen or {}).get(phrase, "")
        try:
            red, green, blue = ImageColor.getrgb(name)[:3]
        except ValueError:
            hue = (0.58 + number * _GOLDEN) % 1.0
            red, green, blue = (round(part * 255) for part in colorsys.hsv_to_rgb(hue, 0.85, 0.8))
        colours.append((red, green, blue))
    return colours


def draw_detections(
    image: Image.Image,
    detections: Sequence[Shown],
    phrases: Sequence[str],
    colours: Sequence[tuple[int, int, int]],
    outline: int,
    *,
    scores: bool = True,
) -> Image.Image:
    """Draw boxes with phrase and score into a copy of a picture.

    Parameters
    ----------
    image : PIL.Image.Image
        RGB.
    detections : sequence of Detection
        Boxes in pixels of ``image``; the best is drawn last, on top.
    phrases, colours : sequence
        By index of the phrase.
    outline : int
        Thickness of the boxes in pixels.
    scores : bool
        Whether scores are written; true boxes have none.

    Returns
    -------
    PIL.Image.Image
        The copy, enlarged by a whole factor when the picture is small.
    """
    factor = max(1, -(-_SMALLEST_SIDE // max(image.size)))
    canvas = image.resize((image.width * factor, image.height * factor), Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(canvas)
    height = max(13, round(max(canvas.size) / 50))
    for item in sorted(detections, key=lambda detection: detection.score):
        colour = colours[item.label]
        x1, y1, x2, y2 = (round(value * factor) for value in item.box)
        pen.rectangle((x1, y1, max(x2, x1), max(y2, y1)), outline=colour, width=outline)
        text = f"{phrases[item.label]} {item.score:.2f}" if scores else phrases[item.label]
        tag = _tag(text, colour, height)
        canvas.paste(tag, _place(tag, canvas.size, (x1, y1), y2))
    return canvas


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Give the font of a height in pixels; to read it takes as long as a dozen boxes."""
    return ImageFont.load_default(size)


@lru_cache(maxsize=1024)
def _tag(text: str, colour: tuple[int, int, int], height: int) -> Image.Image:
    """Give a label as a picture.

    Most come again, and what draws letters lets no other thread run meanwhile.
    """
    font = _font(height)
    left, top, right, bottom = (round(value) for value in font.getbbox(text))
    tag = Image.new("RGB", (right - left + 7, bottom - top + 7), colour)
    # The perceived brightness decides between black and white letters.
    bright = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 140
    fill = (0, 0, 0) if bright else (255, 255, 255)
    ImageDraw.Draw(tag).text((3 - left, 3 - top), text, fill=fill, font=font)
    return tag


def _place(tag: Image.Image, size: tuple[int, int], corner: tuple[int, int], y2: int) -> tuple[int, int]:
    """Tell where a label goes: above its box, or below or inside where there is no room."""
    width, height = tag.width - 1, tag.height - 1
    x1, y1 = corner
    y = y1 - height
    if y < 0:
        y = y2 if y2 + height <= size[1] else y1
    return max(0, min(x1, size[0] - width)), y


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two pictures side by side."""
    canvas = Image.new("RGB", (left.width + right.width, max(left.height, right.height)), "white")
    canvas.paste(left, (0, 0))
    canvas.paste(right, (left.width, 0))
    return canvas


def save_picture(image: Image.Image, path: Path) -> None:
    """Save a picture in the format of its suffix, or as PNG where that format cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = Image.registered_extensions()
    kind = known.get(path.suffix.lower(), "PNG")
    image.save(path, format=kind if kind in Image.SAVE else "PNG")
