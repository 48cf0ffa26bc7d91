"""The demo data set: coloured shapes, with colour-shape pairs that training never sees or names.

A detector that has understood "red" and "star" finds a red star although the pair was in no training picture
and in no training prompt.  That shows composition of known words; it says nothing on new words or
photographs.
"""

import random
from collections.abc import Sequence
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
    write_odvg,
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
HELD_OUT = ("red star", "blue circle", "green square", "yellow triangle")
ALL_PAIRS = tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES)
SEEN = tuple(pair for pair in ALL_PAIRS if pair not in HELD_OUT)

_SUPERSAMPLING = 2


def write_shapes(out: Path, *, seed: int, train: int, val: int, size: int) -> None:
    """Write the whole demo data set; the same arguments give the same bytes.

    Parameters
    ----------
    out : Path
        Folder to write into; made when missing.
    seed : int
        Start of the random numbers.
    train, val : int
        Number of training pictures, and of validation pictures as of held-out pictures.
    size : int
        Edge of the square pictures in pixels, at least 64.
    """
    val_pictures = _pictures(f"{seed}-val", val, size, SEEN, ())
    held_out_pictures = _pictures(f"{seed}-heldout", val, size, SEEN, HELD_OUT)
    write_odvg(out / "train", _pictures(f"{seed}-train", train, size, SEEN, ()), SEEN)
    write_coco(out / "val", val_pictures, SEEN, counted=SEEN)
    write_coco(out / "heldout", held_out_pictures, (*HELD_OUT, *SEEN), counted=HELD_OUT)
    write_inference(out / "inference", [*held_out_pictures[:3], *val_pictures[:3]])


def _pictures(seed: str, count: int, size: int, usual: Sequence[str], wanted: Sequence[str]) -> list[Picture]:
    """Draw pictures; each has one of ``wanted`` (when given) among shapes of ``usual``."""
    numbers = random.Random(seed)
    return [
        _draw(numbers, f"{number:05d}.png", size, _choose(numbers, usual, wanted, number))
        for number in range(count)
    ]


def _choose(numbers: random.Random, usual: Sequence[str], wanted: Sequence[str], turn: int) -> list[str]:
    """Choose the descriptions of one picture; hard distractors share a word with the wanted one."""
    count = numbers.randint(2, 5)
    if not wanted:
        return numbers.choices(usual, k=count)
    target = wanted[turn % len(wanted)]
    alike = [pair for pair in usual if set(pair.split()) & set(target.split())]
    return [target, *numbers.choices(alike, k=count - 1)]


def _draw(numbers: random.Random, name: str, size: int, phrases: Sequence[str]) -> Picture:
    """Draw shapes that do not overlap on a plain, slightly noisy background."""
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
