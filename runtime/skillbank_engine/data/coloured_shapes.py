"""Coloured shapes on a plain background: the pictures that detectors' demo data sets are made of."""

import random
from collections.abc import Sequence

from PIL import Image, ImageDraw

from skillbank_engine.data.drawn import Picture, Placed, bounds, encoded, free_place, outline

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "green": (40, 160, 60),
    "blue": (40, 80, 210),
    "yellow": (240, 210, 40),
    "purple": (130, 50, 160),
    "orange": (245, 130, 30),
}
SHAPES = ("circle", "square", "triangle", "star")

_SUPERSAMPLING = 2


def draw_shapes(numbers: random.Random, name: str, size: int, phrases: Sequence[str]) -> Picture:
    """Draw shapes that do not overlap on a plain background.

    Parameters
    ----------
    numbers : Random
        Source of all chance.
    name : str
        The picture's file name.
    size : int
        Its edge in pixels.
    phrases : sequence of str
        Each a colour and a shape, "red star"; one for which there is no room left is not drawn.
    """
    shade = numbers.randint(150, 245)
    background = tuple(max(0, min(255, shade + numbers.randint(-10, 10))) for _ in range(3))
    edge = size * _SUPERSAMPLING
    image = Image.new("RGB", (edge, edge), background)
    pen = ImageDraw.Draw(image)
    placed: list[Placed] = []
    for phrase in phrases:
        place = free_place(
            numbers, size, [item.box for item in placed], lambda: numbers.uniform(size * 0.09, size * 0.21)
        )
        if place is None:
            continue
        colour, shape = phrase.split()
        tint = tuple(max(0, min(255, part + numbers.randint(-18, 18))) for part in COLOURS[colour])
        corners = outline(shape, place, numbers.uniform(-0.3, 0.3))
        pen.polygon([(x * _SUPERSAMPLING, y * _SUPERSAMPLING) for x, y in corners], fill=tint)
        placed.append(Placed(phrase, bounds(corners)))
    small = image.resize((size, size), Image.Resampling.BOX)
    return Picture(name, encoded(small), size, tuple(placed))
