"""The demo data set: coloured shapes, and masks that say of every pixel which shape it belongs to.

The colour says nothing about the shape: whoever finds the stars has looked at outlines.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

from skillbank_engine.data.drawn import Box, bounds, encoded, free_place, outline
from skillbank_engine.families.segformer.classes import PALETTE_FILE

SHAPES = ("circle", "square", "triangle", "star")
CLASSES = ("background", *SHAPES)
COLOURS = (
    (214, 40, 40),
    (40, 160, 60),
    (40, 80, 210),
    (240, 210, 40),
    (130, 50, 160),
    (245, 130, 30),
)
_SUPERSAMPLING = 2
_LOOKED_AT = 6


class Drawn(NamedTuple):
    """One drawn picture: its file name and the PNG files of the picture and of its mask."""

    name: str
    picture: bytes
    mask: bytes


def write_shapes(out: Path, *, seed: int, train: int, val: int, size: int) -> None:
    """Write the demo data set; the same arguments give the same bytes.

    Parameters
    ----------
    out : Path
        Folder to write into, made when missing: ``images/`` and ``masks/`` with a folder for each of train,
        val and test (a few for inference to look at), and the classes as :data:`PALETTE_FILE`.
    seed : int
        Start of the random numbers.
    train, val : int
        Number of training pictures, and of validation pictures.
    size : int
        Edge of the square pictures in pixels, at least 64.
    """
    for split, count in (("train", train), ("val", val), ("test", _LOOKED_AT)):
        pictures, masks = out / "images" / split, out / "masks" / split
        for folder in (pictures, masks):
            folder.mkdir(parents=True, exist_ok=True)
        for drawn in _drawn(f"{seed}-{split}", count, size):
            (pictures / drawn.name).write_bytes(drawn.picture)
            (masks / drawn.name).write_bytes(drawn.mask)
    palette = [
        {"seg_class": name, "rgb": [number], "label_id": number, "mapping_class": name}
        for number, name in enumerate(CLASSES)
    ]
    document = {"num_classes": len(CLASSES), "label_transform": "None", "palette": palette}
    (out / PALETTE_FILE).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _drawn(seed: str, count: int, size: int) -> Iterator[Drawn]:
    numbers = random.Random(seed)
    for number in range(count):
        yield _draw(numbers, f"{number:05d}.png", size)


def _draw(numbers: random.Random, name: str, size: int) -> Drawn:
    """Draw shapes that do not overlap on a plain background, and the same shapes as numbers."""
    shade = numbers.randint(150, 245)
    background = tuple(max(0, min(255, shade + numbers.randint(-10, 10))) for _ in range(3))
    edge = size * _SUPERSAMPLING
    picture, mask = Image.new("RGB", (edge, edge), background), Image.new("L", (edge, edge), 0)
    pens = ImageDraw.Draw(picture), ImageDraw.Draw(mask)
    taken: list[Box] = []
    for shape in numbers.choices(SHAPES, k=numbers.randint(2, 5)):
        place = free_place(numbers, size, taken, lambda: numbers.uniform(size * 0.09, size * 0.21))
        if place is None:
            continue
        colour = numbers.choice(COLOURS)
        tint = tuple(max(0, min(255, part + numbers.randint(-18, 18))) for part in colour)
        corners = outline(shape, place, numbers.uniform(-0.3, 0.3))
        enlarged = [(x * _SUPERSAMPLING, y * _SUPERSAMPLING) for x, y in corners]
        pens[0].polygon(enlarged, fill=tint)
        pens[1].polygon(enlarged, fill=CLASSES.index(shape))
        taken.append(bounds(corners))
    return Drawn(
        name,
        encoded(picture.resize((size, size), Image.Resampling.BOX)),
        # The number of one of the pixels, never a mean: half of a square and a circle is no triangle.
        encoded(mask.resize((size, size), Image.Resampling.NEAREST)),
    )
