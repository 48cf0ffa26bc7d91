"""The demo data set: pictures of one coloured shape each, a folder for each pair of colour and shape.

A picture is what a detector's box would cut out of a drawn scene: the shape in its middle, of some size and
turn, on a plain background, now and then with the edge of another shape beside it.
"""

import random
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from skillbank_engine.data.coloured_shapes import COLOURS, SHAPES
from skillbank_engine.data.drawn import encoded, outline

CLASSES = tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES)
CLASSES_FILE = "classes.txt"

_SUPERSAMPLING = 2
_NEIGHBOUR = 0.3
_SHOWN = 6


def write_shapes(out: Path, *, seed: int, train: int, val: int, size: int) -> None:
    """Write the whole demo data set; the same arguments give the same bytes.

    Parameters
    ----------
    out : Path
        Folder to write into; made when missing.
    seed : int
        Start of the random numbers.
    train, val : int
        Pictures of each class to train on, and to validate on as to test on.
    size : int
        Edge of the square pictures in pixels.
    """
    for part, count in (("train", train), ("val", val), ("test", val)):
        numbers = random.Random(f"{seed}-{part}")
        for name in CLASSES:
            folder = out / part / name
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                (folder / f"{number:04d}.png").write_bytes(draw_shape(name, size, numbers))
    numbers = random.Random(f"{seed}-inference")
    folder = out / "inference"
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(numbers.sample(CLASSES, _SHOWN)):
        (folder / f"picture_{number}.png").write_bytes(draw_shape(name, size, numbers))
    write_classes(out, CLASSES)


def write_classes(out: Path, names: Sequence[str]) -> None:
    """Write the list of the classes, one a line."""
    (out / CLASSES_FILE).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def draw_shape(name: str, size: int, numbers: random.Random) -> bytes:
    """Draw one coloured shape as a PNG of ``size`` times ``size`` pixels."""
    shade = numbers.randint(150, 245)
    background = tuple(max(0, min(255, shade + numbers.randint(-10, 10))) for _ in range(3))
    edge = size * _SUPERSAMPLING
    image = Image.new("RGB", (edge, edge), background)
    pen = ImageDraw.Draw(image)
    if numbers.random() < _NEIGHBOUR:
        corner = numbers.choice((0.0, 1.0)) * size, numbers.choice((0.0, 1.0)) * size
        _fill(pen, numbers.choice(CLASSES), (*corner, size * numbers.uniform(0.1, 0.2)), numbers)
    middle = [size * numbers.uniform(0.47, 0.53) for _ in range(2)]
    _fill(pen, name, (middle[0], middle[1], size * numbers.uniform(0.36, 0.47)), numbers)
    return encoded(image.resize((size, size), Image.Resampling.BOX))


def _fill(
    pen: ImageDraw.ImageDraw, name: str, place: tuple[float, float, float], numbers: random.Random
) -> None:
    colour, shape = name.split()
    tint = tuple(max(0, min(255, part + numbers.randint(-18, 18))) for part in COLOURS[colour])
    corners = outline(shape, place, numbers.uniform(-0.3, 0.3))
    pen.polygon([(x * _SUPERSAMPLING, y * _SUPERSAMPLING) for x, y in corners], fill=tint)
