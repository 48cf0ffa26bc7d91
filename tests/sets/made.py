"""A label set with pictures that lie on the disk, some of them reviewed."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

from PIL import Image

from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Add, ClassSpec, FoundPicture, Operation, Review
from skillbank.sets.store import SetStore

NAMES = ("exit", "person without a helmet")
SIZE = (96, 72)


def photographs(folder: Path, count: int, seed: int = 0) -> list[FoundPicture]:
    """Write pictures of noise, no two of which look the same, and return them as they are found."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = random.Random(f"{seed}")
    made = []
    for i in range(count):
        file = folder / f"p{i:03}.png"
        Image.frombytes("RGB", (12, 9), numbers.randbytes(12 * 9 * 3)).resize(SIZE).save(file)
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        made.append(FoundPicture(file.name, str(file), sha256, *SIZE))
    return made


def review(labels: LabelSet, numbers: list[int], who: str = "ann") -> None:
    """Draw a box of each class in pictures and say that they are right."""
    for number in numbers:
        x = float(number % 20)
        operations: list[Operation] = [Add(1, (x, 5, x + 30, 40)), Add(2, (x + 40, 20, x + 60, 70)), Review()]
        labels.edit(number, operations, who=who, version=labels.picture(number).version, seconds=2)


def reviewed_set(sets: SetStore, folder: Path, count: int = 20, reviewed: int = 15) -> LabelSet:
    """Make the set "signs"; of its pictures the first by name are reviewed."""
    made = sets.create("signs", [ClassSpec(name) for name in NAMES], who="ann")
    made.add_pictures(photographs(folder, count), "ann")
    rows = made.pictures(limit=count)
    # Some of each split, whichever they are.
    val = [row.number for row in rows if row.split == "val"][: max(1, reviewed // 5)]
    train = [row.number for row in rows if row.split == "train"][: reviewed - len(val)]
    review(made, val + train)
    return made
