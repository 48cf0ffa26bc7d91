"""The demo data set: coloured shapes, a class for every pair of colour and shape."""

import random
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw

from skillbank_engine.data.drawn import (
    Picture,
    Placed,
    bounds,
    encoded,
    free_place,
    outline,
    write_coco,
    write_inference,
)

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "green": (40, 160, 60),
    "blue": (40, 80, 210),
    "yellow": (240, 210, 40),
    "purple": (130, 50, 160),
    "orange": (245, 130, 30),
}
SHAPES = ("circle", "square", "triangle", "star")
CLASSES = tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES)

_SUPERSAMPLING = 2


def write_shapes(out: Path, *, seed: int, train: int, val: int, size: int) -> None:
    """Write the whole data set; the same arguments give the same bytes.

    Parameters
    ----------
    out : Path
        Folder to write into; made when missing.
    seed : int
        Start of the random numbers.
    train, val : int
        Number of pictures.
    size : int
        Edge of the square pictures in pixels, at least 64.
    """
    write_coco(out / "train", _pictures(f"{seed}-train", train, size), CLASSES, counted=CLASSES)
    seen = list(_pictures(f"{seed}-val", val, size))
    write_coco(out / "val", seen, CLASSES, counted=CLASSES)
    write_inference(out / "inference", seen[:6])
    text = "".join(f"{name}\n" for name in CLASSES)
    (out / "inference" / "label_map.txt").write_text(text, encoding="utf-8")


def _pictures(seed: str, count: int, size: int) -> Iterator[Picture]:
    numbers = random.Random(seed)
    for number in range(count):
        names = numbers.choices(CLASSES, k=numbers.randint(2, 5))
        yield _draw(numbers, f"{number:05d}.png", size, names)


def _draw(numbers: random.Random, name: str, size: int, names: list[str]) -> Picture:
    """Draw shapes that do not overlap on a plain background."""
    shade = numbers.randint(150, 245)
    background = tuple(max(0, min(255, shade + numbers.randint(-10, 10))) for _ in range(3))
    edge = size * _SUPERSAMPLING
    image = Image.new("RGB", (edge, edge), background)
    pen = ImageDraw.Draw(image)
    placed: list[Placed] = []
    for label in names:
        place = free_place(
            numbers, size, [item.box for item in placed], lambda: numbers.uniform(size * 0.09, size * 0.21)
        )
        if place is None:
            continue
        colour, shape = label.split()
        tint = tuple(max(0, min(255, part + numbers.randint(-18, 18))) for part in COLOURS[colour])
        corners = outline(shape, place, numbers.uniform(-0.3, 0.3))
        pen.polygon([(x * _SUPERSAMPLING, y * _SUPERSAMPLING) for x, y in corners], fill=tint)
        placed.append(Placed(label, bounds(corners)))
    small = image.resize((size, size), Image.Resampling.BOX)
    return Picture(name, encoded(small), size, tuple(placed))
