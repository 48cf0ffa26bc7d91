"""The demo data set: coloured shapes, a class for every pair of colour and shape."""

import random
from collections.abc import Iterator
from pathlib import Path

from skillbank_engine.data.coloured_shapes import COLOURS, SHAPES, draw_shapes
from skillbank_engine.data.drawn import (
    Picture,
    write_coco,
    write_inference,
)

CLASSES = tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES)


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
        yield draw_shapes(numbers, f"{number:05d}.png", size, names)
