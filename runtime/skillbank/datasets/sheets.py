"""Contact sheets: the pictures of a data set with their boxes, many on one PNG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from skillbank.datasets.document import Picture
from skillbank.datasets.showing import Shown, Survey
from skillbank.datasets.thumbnails import Thumbnail
from skillbank.visible import one_line

__all__ = ["CELL", "sheets"]

CELL = 380
"""Pixels that a picture has on a sheet, along its longer side."""
_COLUMNS, _ROWS = 4, 4
_GAP, _CAPTION, _HEAD = 18, 30, 74
_GROUND, _INK, _SOFT = "#ffffff", "#18212d", "#566375"
_LEGEND = 10
_NAMED = 12
"""Boxes of a picture that get their names; more would hide it."""


def sheets(shown: Shown) -> Iterator[Image.Image]:
    """Yield the sheets, sixteen pictures each."""
    pairs = list(zip(shown.survey.sample, shown.small.pictures, strict=True))
    each = _COLUMNS * _ROWS
    count = -(-len(pairs) // each)
    for number in range(count):
        part = pairs[number * each : (number + 1) * each]
        page = f"{number + 1} of {count}" if count > 1 else ""
        yield _sheet(shown.survey, [(picture, small) for (_, picture), small in part], page)


def _sheet(found: Survey, cells: Sequence[tuple[Picture, Thumbnail | None]], page: str) -> Image.Image:
    height = CELL * 3 // 4
    rows = -(-len(cells) // _COLUMNS)
    size = (_GAP + _COLUMNS * (CELL + _GAP), _HEAD + rows * (height + _CAPTION + _GAP) + _GAP)
    sheet = Image.new("RGB", size, _GROUND)
    pen = ImageDraw.Draw(sheet)
    _head(found, pen, size[0], page)
    for place, (picture, small) in enumerate(cells):
        row, column = divmod(place, _COLUMNS)
        x, y = _GAP + column * (CELL + _GAP), _HEAD + row * (height + _CAPTION + _GAP)
        pen.rectangle((x, y, x + CELL - 1, y + height - 1), fill="#e9edf2")
        if small is None:
            pen.text((x + CELL / 2, y + height / 2), "cannot be read", _SOFT, _font(15), "mm")
        else:
            drawn = _drawn(found, picture, small, (CELL, height))
            sheet.paste(drawn, (x + (CELL - drawn.width) // 2, y + (height - drawn.height) // 2))
        name = (picture.path or picture.name).rpartition("/")[2]
        _text(pen, (x, y + height + 6), name, _SOFT, 14, CELL)
    return sheet


def _head(found: Survey, pen: ImageDraw.ImageDraw, width: int, page: str) -> None:
    """Write the name, the counts and the colours of the most frequent classes."""
    figures, colours, ranks = found.figures, found.colours(), found.ranks()
    _text(pen, (_GAP, 12), found.name, _INK, 22, width // 2)
    told = ", ".join(f"{count:,} {what}" for count, what in found.counts())
    pen.text((width - _GAP, 16), "   ".join(filter(None, (told, page))), _SOFT, _font(15), "ra")
    x = float(_GAP)
    for label in sorted(ranks, key=ranks.__getitem__)[:_LEGEND]:
        name = one_line(figures.classes[label].name, 24)
        needed = 24 + pen.textlength(name, _font(14))
        if x + needed > width - _GAP:
            return
        pen.rounded_rectangle((x, 46, x + 13, 59), 3, colours[label])
        pen.text((x + 19, 44), name, _INK, _font(14))
        x += needed + 16


def _drawn(found: Survey, picture: Picture, small: Thumbnail, room: tuple[int, int]) -> Image.Image:
    """Return a picture with its boxes, to fit into a room (pixels)."""
    fits = min(room[0] / small.image.width, room[1] / small.image.height)
    size = [max(1, round(side * fits)) for side in small.image.size]
    image = small.image.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(image)
    across, down = image.width / small.width, image.height / small.height
    colours, classes = found.colours(), found.figures.classes
    for box in sorted(picture.boxes, key=lambda box: -abs((box.x2 - box.x1) * (box.y2 - box.y1))):
        x1, x2 = (min(max(value * across, 0), image.width - 1) for value in sorted((box.x1, box.x2)))
        y1, y2 = (min(max(value * down, 0), image.height - 1) for value in sorted((box.y1, box.y2)))
        label = found.figures.number(box)
        pen.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline="#ffffff")
        pen.rectangle((x1, y1, x2, y2), outline=colours[label], width=2)
        if len(picture.boxes) <= _NAMED:
            name = one_line(classes[label].name, 22)
            wide = pen.textlength(name, _font(12)) + 8
            x, y = max(0, min(x1, image.width - wide)), y1 - 16 if y1 >= 16 else y1
            pen.rectangle((x, y, x + wide, y + 16), fill=colours[label])
            pen.text((x + 4, y + 1), name, "#ffffff", _font(12))
    return image


def _text(
    pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str, fill: str, size: int, room: int
) -> None:
    """Write a line, cut to its room (pixels)."""
    line = one_line(text, 120)
    while len(line) > 1 and pen.textlength(line, _font(size)) > room:
        line = f"{line[: min(len(line) - 2, int(len(line) * 0.94))]}…"
    pen.text(place, line, fill, _font(size))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
