"""What the writers share: names as the annotations say them, numbers without noise, and what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from skillbank.datasets.document import Picture
from skillbank.datasets.formats.base import Part

__all__ = ["Left", "name_below", "named_below", "plain_number"]

_DECIMALS = 6


@dataclass
class Left:
    """Counts what a format cannot keep, by a title for a count: "crowd boxes"."""

    counts: Counter[str] = field(default_factory=Counter)

    def out(self, title: str) -> None:
        """Count one thing that is left out."""
        self.counts[title] += 1

    def sentences(self) -> list[str]:
        """Return a sentence for each kind of thing."""
        return [f"{title} are left out: {count:,}" for title, count in self.counts.items()]


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
