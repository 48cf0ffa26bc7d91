"""Pictures of signs, drawn: four classes among other things, on streaky ground, and what is on them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from skillbank_engine.data.coloured_shapes import COLOURS
from skillbank_engine.data.drawn import Box, bounds, free_place, outline
from skillbank_engine.families.grounding_dino.data.shapes import SEEN

CLASSES = {
    "exit": "green square",
    "stop": "red star",
    "parking": "blue circle",
    "caution": "yellow triangle",
}
"""Each with its caption: pairs that the drawn data set leaves out of training."""
_FINE = 2
_SHADES = {"green": (30, 130, 150), "red": (190, 50, 130), "blue": (110, 60, 190), "yellow": (245, 165, 40)}
"""Where a colour is another one than in the drawn data set, so that a model of that finds things, and calls
them by other names or not surely."""


@dataclass(frozen=True)
class Drawn:
    """A picture and what is on it: class and ``xyxy`` box in pixels."""

    path: Path
    objects: tuple[tuple[str, Box], ...]


def write_pictures(folder: Path, count: int, *, size: int = 128, seed: int = 0) -> list[Drawn]:
    """Write pictures; the same arguments give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = random.Random(f"signs {seed}")
    return [_draw(numbers, folder / f"sign{i:04d}.png", size) for i in range(count)]


def _draw(numbers: random.Random, path: Path, size: int) -> Drawn:
    edge = size * _FINE
    image = _ground(numbers, edge)
    pen = ImageDraw.Draw(image)
    placed: list[tuple[str, Box]] = []
    taken: list[Box] = []
    for name, pair in _chosen(numbers):
        place = free_place(numbers, size, taken, lambda: numbers.uniform(size * 0.08, size * 0.19))
        if place is None:
            continue
        colour, shape = pair.split()
        corners = outline(shape, place, numbers.uniform(-0.4, 0.4))
        tint = _tinted(numbers, {**COLOURS, **_SHADES}[colour], 18)
        pen.polygon([(x * _FINE, y * _FINE) for x, y in corners], fill=tint)
        taken.append(bounds(corners))
        if name:
            placed.append((name, bounds(corners)))
    image.resize((size, size), Image.Resampling.BOX).save(path)
    return Drawn(path, tuple(placed))


def _chosen(numbers: random.Random) -> Iterator[tuple[str, str]]:
    """Yield two to four things with a class, and up to two others that share a word with one."""
    for name in numbers.choices(list(CLASSES), k=numbers.randint(2, 4)):
        yield name, CLASSES[name]
    words = {word for pair in CLASSES.values() for word in pair.split()}
    others = [pair for pair in SEEN if words & set(pair.split())]
    for pair in numbers.choices(others, k=numbers.randint(0, 2)):
        yield "", pair


def _ground(numbers: random.Random, edge: int) -> Image.Image:
    """Return a wall: shades that run into each other, with streaks."""
    first = [numbers.randint(140, 235) for _ in range(3)]
    shades = [_tinted(numbers, first, 30) for _ in range(4)]
    small = Image.new("RGB", (2, 2))
    small.putdata(shades)
    image = small.resize((edge, edge), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for _ in range(numbers.randint(1, 3)):
        ends = [numbers.uniform(0, edge) for _ in range(4)]
        pen.line(ends, fill=_tinted(numbers, shades[0], 30), width=numbers.randint(2, 6))
    return image


def _tinted(numbers: random.Random, colour: Sequence[int], by: int) -> tuple[int, int, int]:
    red, green, blue = (max(0, min(255, part + numbers.randint(-by, by))) for part in colour)
    return red, green, blue
