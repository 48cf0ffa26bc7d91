"""The demo data set: coloured shapes, with colour-shape pairs that training never sees or names.

A detector that has understood "red" and "star" finds a red star although the pair was in no training picture
and in no training prompt.  That shows composition of known words; it says nothing on new words or
photographs.
"""

import random
from collections.abc import Sequence
from pathlib import Path

from skillbank_engine.data.coloured_shapes import COLOURS, SHAPES, draw_shapes
from skillbank_engine.data.drawn import (
    Picture,
    write_coco,
    write_inference,
    write_odvg,
)

HELD_OUT = ("red star", "blue circle", "green square", "yellow triangle")
ALL_PAIRS = tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES)
SEEN = tuple(pair for pair in ALL_PAIRS if pair not in HELD_OUT)


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
        draw_shapes(numbers, f"{number:05d}.png", size, _choose(numbers, usual, wanted, number))
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
