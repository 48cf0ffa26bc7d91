"""Pictures on their way into a label set, and what became of them there."""

from __future__ import annotations

from dataclasses import dataclass

from skillbank.datasets.deep import Range
from skillbank.datasets.depths import Depth

__all__ = ["Added", "FoundPicture", "Widened"]


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """A picture that may come into a set.

    Attributes
    ----------
    name
        By which people know it, as a path relative to where it was found.
    place
        Absolute path or s3:// URI of its file.
    sha256
        Of the file's bytes, in hex.
    width, height
        Pixels of the upright picture.
    look
        The ``small`` of `skillbank.datasets.looks.Look`, empty where there is none.
    depth
        How deep it is; None where nobody has looked.
    """

    name: str
    place: str
    sha256: str
    width: int
    height: int
    look: bytes = b""
    depth: Depth | None = None


@dataclass(frozen=True, slots=True)
class Widened:
    """Pictures of more than 8 bits that are seen otherwise since others have come.

    Attributes
    ----------
    before, now
        The numbers that are black and white.
    again
        How many, which nobody has reviewed, are to be looked at again.
    """

    before: Range
    now: Range
    again: int

    @property
    def sentence(self) -> str:
        """What is to be said of it."""
        ends = [f"{low:g} to {high:g}" for low, high in (self.before, self.now)]
        more = (
            f", and {self.again:,} that nobody has reviewed are to be looked at again" if self.again else ""
        )
        return (
            f"What is new reaches further than the other pictures of more than 8 bits: black and white of "
            f"all of them are {ends[1]} now, before {ends[0]}; decisions stay{more}."
        )


@dataclass(frozen=True, slots=True)
class Added:
    """What became of found pictures: their numbers, in order."""

    new: tuple[int, ...]
    known: tuple[int, ...]
    moved: tuple[int, ...]
    widened: tuple[Widened, ...] = ()
