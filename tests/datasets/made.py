"""Data sets made for tests, without any format: pictures on the disk, annotations in memory."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw

from skillbank.datasets.document import Box, DataSet, Picture, Split, Where
from skillbank.datasets.opening import Opened
from skillbank.datasets.tree import open_tree

Draw = Callable[[random.Random, tuple[int, int]], Image.Image]


def scene(numbers: random.Random, size: tuple[int, int]) -> Image.Image:
    """Draw a picture that resembles no other."""
    image = Image.new("RGB", size, tuple(numbers.randint(60, 220) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = numbers.randint(0, size[0]), numbers.randint(0, size[1])
        across, down = numbers.randint(5, size[0] // 2), numbers.randint(5, size[1] // 2)
        colour = tuple(numbers.randint(0, 255) for _ in range(3))
        pen.ellipse([x - across // 2, y - down // 2, x + across // 2, y + down // 2], fill=colour)
    return image


@dataclass
class Made:
    """A data set that grows picture by picture; its parts can be changed before it is opened."""

    root: Path
    classes: tuple[str, ...] = ("person", "hard hat", "stop sign")
    splits: dict[str, list[Picture]] = field(default_factory=dict)
    seed: int = 0
    numbers: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.numbers = random.Random(self.seed)

    def add(
        self,
        split: str,
        count: int,
        *,
        size: tuple[int, int] = (160, 120),
        ending: str = ".jpg",
        boxes: int = 3,
        draw: Draw = scene,
    ) -> list[Picture]:
        """Draw pictures with boxes of all classes."""
        made = []
        for _ in range(count):
            number = len(self.splits.setdefault(split, []))
            name = f"{split or 'all'}/{number:05d}{ending}"
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            draw(self.numbers, size).save(file)
            made.append(self.put(split, name, size, [self.box(size) for _ in range(boxes)]))
        return made

    def put(self, split: str, name: str, size: tuple[int, int], boxes: Sequence[Box]) -> Picture:
        """Annotate a picture that may or may not be there."""
        path = name if (self.root / name).exists() else None
        entries = self.splits.setdefault(split, [])
        where = Where(f"{split or 'all'}.json", f"entry {len(entries) + 1}")
        picture = Picture(name, path, *size, tuple(boxes), where=where)
        entries.append(picture)
        return picture

    def box(self, size: tuple[int, int]) -> Box:
        """Draw a box from anywhere in a picture."""
        width, height = size
        across, down = self.numbers.uniform(8, width / 2), self.numbers.uniform(8, height / 2)
        x, y = self.numbers.uniform(0, width - across), self.numbers.uniform(0, height - down)
        return Box(x, y, x + across, y + down, self.numbers.randrange(len(self.classes)))

    def opened(self) -> Opened:
        """Return it as if a format had been read."""
        splits = tuple(
            Split(name, name, partial(iter, pictures), (f"{name or 'all'}.json",))
            for name, pictures in self.splits.items()
        )
        return Opened(open_tree(self.root), DataSet("made", self.classes, splits))
