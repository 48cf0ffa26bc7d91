"""What the writers share: names as the annotations say them, numbers without noise, and what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from skillbank.datasets.document import Box, Picture
from skillbank.datasets.formats.base import Part

__all__ = [
    "Left",
    "below_images",
    "beside_annotations",
    "class_or_phrase",
    "homes",
    "name_below",
    "named_below",
    "plain_number",
]

_DECIMALS = 6


@dataclass
class Left:
    """Counts what a format cannot keep, by a title for a count: "crowd boxes"."""

    counts: Counter[str] = field(default_factory=Counter)
    phrases: int = 0
    """Boxes without a class whose phrase was written as one."""

    def out(self, title: str) -> None:
        """Count one thing that is left out."""
        self.counts[title] += 1

    def sentences(self) -> list[str]:
        """Return a sentence for each kind of thing."""
        told = [f"{title} are left out: {count:,}" for title, count in self.counts.items()]
        if self.phrases:
            told.append(f"boxes with a phrase and no class have the phrase for their class: {self.phrases:,}")
        return told


def beside_annotations(split: str) -> str:
    """Return where pictures lie in a layout of a folder a split, which holds its annotations and pictures."""
    return f"{split}/images" if split else "images"


def below_images(split: str) -> str:
    """Return where pictures lie in a layout of one folder of pictures, which is divided into splits."""
    return f"images/{split}" if split else "images"


def homes(parts: Sequence[Part], folder: Path) -> Iterator[tuple[Part, Path]]:
    """Yield each split with its folder, which is made."""
    for part in parts:
        home = folder / part.name
        home.mkdir(parents=True, exist_ok=True)
        yield part, home


def class_or_phrase(box: Box, classes: Sequence[str]) -> str:
    """Return what a box is called."""
    return box.phrase if box.label is None else classes[box.label]


def name_below(picture: Picture, folder: str) -> str:
    """Return a picture's name relative to the folder of its split."""
    return (picture.path or picture.name).removeprefix(f"{folder}/")


def named_below(part: Part, folder: str) -> Iterator[Picture]:
    """Yield the pictures of a split, each with its name relative to the folder of that split."""
    for picture in part.pictures:
        yield replace(picture, name=name_below(picture, folder))


def plain_number(value: float) -> float | int:
    """Return a number of pixels to a millionth, whole ones without a point."""
    rounded = round(value, _DECIMALS)
    return int(rounded) if rounded == int(rounded) else rounded
