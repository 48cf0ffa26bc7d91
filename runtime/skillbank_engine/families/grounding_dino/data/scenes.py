"""A harder data set than the demo's: sizes, patterns, more shapes, relations between things, and clutter.

A thing is described by all it has ("small striped red star"); beside it may stand a little mark, which all
look alike and are told apart by their neighbour alone ("dot left of star").  Some colours never meet some
shapes in training, and some marks never stand on some sides of some shapes: those descriptions are held out,
from pictures and from prompts.
"""

import math
import multiprocessing
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw

from skillbank_engine.data.coloured_shapes import COLOURS
from skillbank_engine.data.drawn import (
    Box,
    Corners,
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

SIZES: dict[str, tuple[float, float]] = {"small": (16, 24), "large": (40, 64)}
"""Least and largest radius, in pixels of a picture of 512."""
PATTERNS = ("", "striped ")
SHAPES = ("circle", "square", "triangle", "star", "hexagon", "cross")
MARKS = ("dot", "ring")
SIDES: dict[str, tuple[int, int]] = {
    "left of": (-1, 0),
    "right of": (1, 0),
    "above": (0, -1),
    "below": (0, 1),
}
HELD_OUT_PAIRS = (
    "red star",
    "blue circle",
    "green square",
    "yellow triangle",
    "purple hexagon",
    "orange cross",
)
HELD_OUT_RELATIONS = ("dot left of star", "ring above circle", "dot below square", "ring right of triangle")

_PAIRS = tuple(f"{colour} {shape}" for shape in SHAPES for colour in COLOURS)
_RELATIONS = tuple(f"{mark} {side} {shape}" for shape in SHAPES for mark in MARKS for side in SIDES)
_THINGS = tuple(f"{size} {pattern}{pair}" for pair in _PAIRS for size in SIZES for pattern in PATTERNS)
HELD_OUT = (*(t for t in _THINGS if t.endswith(HELD_OUT_PAIRS)), *HELD_OUT_RELATIONS)
SEEN = tuple(name for name in (*_THINGS, *_RELATIONS) if name not in HELD_OUT)

_REFERENCE = 512  # what lengths below are given for
_SUPERSAMPLING = 2
_APART = 48  # between things, so that a mark's neighbour is beyond doubt
_BESIDE = (6, 10)  # between a thing and its mark
_MARK = (8, 10)  # radius


@dataclass(frozen=True)
class _Thing:
    """What is to be drawn: a shape, and perhaps a mark beside it."""

    size: str
    pattern: str
    colour: str
    shape: str
    mark: str = ""
    side: str = ""

    @property
    def phrase(self) -> str:
        return f"{self.size} {self.pattern}{self.colour} {self.shape}"

    @property
    def relation(self) -> str:
        return f"{self.mark} {self.side} {self.shape}"

    @property
    def held_out(self) -> bool:
        return f"{self.colour} {self.shape}" in HELD_OUT_PAIRS or self.relation in HELD_OUT_RELATIONS


def write_scenes(out: Path, *, seed: int, train: int, val: int, size: int, workers: int = 1) -> None:
    """Write the whole data set; the same arguments give the same bytes, however many workers there are.

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
    workers : int
        Processes that draw.
    """
    names = (*HELD_OUT, *SEEN)
    write_odvg(out / "train", _pictures(f"{seed}-train", train, size, False, workers), SEEN)
    write_coco(out / "val", _pictures(f"{seed}-val", val, size, False, workers), SEEN, counted=SEEN)
    held_out = _pictures(f"{seed}-heldout", val, size, True, workers)
    write_coco(out / "heldout", held_out, names, counted=HELD_OUT)
    shown = [*_pictures(f"{seed}-heldout", 3, size, True, 1), *_pictures(f"{seed}-val", 3, size, False, 1)]
    write_inference(out / "inference", shown)


def _pictures(seed: str, count: int, size: int, held_out: bool, workers: int) -> Iterator[Picture]:
    """Draw pictures, in order; with ``held_out`` each has a thing or a mark that training never sees."""
    draw = partial(_draw, seed, size, held_out)
    if workers == 1:
        yield from map(draw, range(count))
        return
    # spawned: a fork of a process in which PyTorch computes may hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(draw, range(count), chunksize=16)


def _draw(seed: str, size: int, held_out: bool, number: int) -> Picture:
    """Draw one picture; every number has random numbers of its own."""
    numbers = random.Random(f"{seed}-{number}")
    things = [_any_thing(numbers) for _ in range(numbers.randint(4, 8))]
    if held_out:
        target = HELD_OUT[number % len(HELD_OUT)]
        things = [_wanted(numbers, target), *(_alike(numbers, target, thing) for thing in things[1:])]
    canvas = _Canvas(numbers, size)
    canvas.clutter()
    for thing in things:
        canvas.add(thing)
    return Picture(f"{number:05d}.png", canvas.png(), size, tuple(canvas.placed))


def _any_thing(numbers: random.Random) -> _Thing:
    """Choose a thing of which nothing is held out; every other one has a mark."""
    while True:
        mark, side = numbers.choice(MARKS), numbers.choice(tuple(SIDES))
        with_mark = numbers.random() < 0.5
        thing = _Thing(
            numbers.choice(tuple(SIZES)),
            numbers.choice(PATTERNS),
            numbers.choice(tuple(COLOURS)),
            numbers.choice(SHAPES),
            *((mark, side) if with_mark else ()),
        )
        if not thing.held_out:
            return thing


def _wanted(numbers: random.Random, target: str) -> _Thing:
    """Make the thing that a held-out description tells of, or whose mark it tells of."""
    thing = _any_thing(numbers)
    *rest, shape = target.split()
    if target in HELD_OUT_RELATIONS:
        while f"{thing.colour} {shape}" in HELD_OUT_PAIRS:
            thing = _any_thing(numbers)
        return replace(thing, shape=shape, mark=rest[0], side=" ".join(rest[1:]))
    pattern = "striped " if "striped" in rest else ""
    return _Thing(size=rest[0], pattern=pattern, colour=rest[-1], shape=shape)


def _alike(numbers: random.Random, target: str, thing: _Thing) -> _Thing:
    """Make about every other thing a hard one, which shares words with the target."""
    words = target.split()
    if target in HELD_OUT_RELATIONS:
        other = replace(thing, mark=words[0], side=" ".join(words[1:-1]))
    else:
        other = replace(thing, colour=words[-2])
    changed = numbers.choice((thing, thing, replace(thing, shape=words[-1]), other))
    return thing if changed.held_out else changed


class _Canvas:
    """A picture in the making; lengths are given for 512 pixels and fit to the picture's size."""

    def __init__(self, numbers: random.Random, size: int) -> None:
        self.placed: list[Placed] = []
        self._numbers, self._size, self._unit = numbers, size, size / _REFERENCE
        shade = numbers.randint(140, 245)
        background = tuple(max(0, min(255, shade + numbers.randint(-12, 12))) for _ in range(3))
        self._shade = shade
        self._image = Image.new("RGB", (size * _SUPERSAMPLING,) * 2, background)
        self._pen = ImageDraw.Draw(self._image)

    def clutter(self) -> None:
        """Draw grey lines and pale blots that no description names."""
        numbers, edge = self._numbers, self._size
        for _ in range(numbers.randint(3, 8)):
            grey = (max(0, min(255, self._shade + numbers.choice((-1, 1)) * numbers.randint(15, 45))),) * 3
            corner = (numbers.uniform(0, edge), numbers.uniform(0, edge))
            if numbers.random() < 0.5:
                end = (numbers.uniform(0, edge), numbers.uniform(0, edge))
                width = max(1, round(numbers.uniform(1, 4) * self._unit * _SUPERSAMPLING))
                self._pen.line(_scaled([corner, end]), fill=grey, width=width)
            else:
                radii = [numbers.uniform(10, 50) * self._unit for _ in range(9)]
                blot = [
                    (corner[0] + r * math.cos(i * math.tau / 9), corner[1] + r * math.sin(i * math.tau / 9))
                    for i, r in enumerate(radii)
                ]
                self._pen.polygon(_scaled(blot), fill=grey)

    def add(self, thing: _Thing) -> None:
        """Draw a thing where there is room, and its mark; what finds no room is left out."""
        least, most = (radius * self._unit for radius in SIZES[thing.size])
        taken = [item.box for item in self.placed]
        radius = lambda: self._numbers.uniform(least, most)  # noqa: E731
        place = free_place(self._numbers, self._size, taken, radius, gap=_APART * self._unit)
        if place is None:
            return
        corners = outline(thing.shape, place, self._numbers.uniform(-0.25, 0.25))
        box = bounds(corners)
        self._fill(corners, box, COLOURS[thing.colour], striped=bool(thing.pattern))
        self.placed.append(Placed(thing.phrase, box))
        if thing.mark:
            self._add_mark(thing, box)

    def png(self) -> bytes:
        """The finished picture."""
        return encoded(self._image.resize((self._size,) * 2, Image.Resampling.BOX))

    def _fill(self, corners: Corners, box: Box, colour: tuple[int, int, int], *, striped: bool) -> None:
        tint = tuple(max(0, min(255, part + self._numbers.randint(-18, 18))) for part in colour)
        if not striped:
            self._pen.polygon(_scaled(corners), fill=tint)
            return
        left, top, right, bottom = (round(edge * _SUPERSAMPLING) for edge in box)
        inside = Image.new("L", (right - left + 1, bottom - top + 1))
        shifted = [(x - left, y - top) for x, y in _scaled(corners)]
        ImageDraw.Draw(inside).polygon(shifted, fill=255)
        stripes = Image.new("RGB", inside.size, tint)
        pen = ImageDraw.Draw(stripes)
        period = max(4, (bottom - top) / 5)
        for number in range(6):
            start = number * period
            pen.rectangle((0, start, inside.width, start + period / 2), fill=(25, 25, 25))
        self._image.paste(stripes, (left, top), inside)

    def _add_mark(self, thing: _Thing, box: Box) -> None:
        radius = self._numbers.uniform(*_MARK) * self._unit
        reach = radius + self._numbers.uniform(*_BESIDE) * self._unit
        right, down = SIDES[thing.side]
        x = (box[0] + box[2]) / 2 + right * ((box[2] - box[0]) / 2 + reach)
        y = (box[1] + box[3]) / 2 + down * ((box[3] - box[1]) / 2 + reach)
        corners = outline("circle", (x, y, radius), 0.0)
        mark = bounds(corners)
        if min(mark) < 0 or max(mark) > self._size or any(_meet(mark, p.box) for p in self.placed):
            return
        if thing.mark == "dot":
            self._pen.polygon(_scaled(corners), fill=(20, 20, 20))
        else:
            width = max(1, round(radius / 3 * _SUPERSAMPLING))
            self._pen.ellipse([edge * _SUPERSAMPLING for edge in mark], outline=(20, 20, 20), width=width)
        self.placed.append(Placed(thing.relation, mark))


def _scaled(corners: Corners) -> Corners:
    return [(x * _SUPERSAMPLING, y * _SUPERSAMPLING) for x, y in corners]


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
