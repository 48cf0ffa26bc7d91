"""Pictures on their way into a label set, and what became of them there."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Added", "FoundPicture"]


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
    """

    name: str
    place: str
    sha256: str
    width: int
    height: int
    look: bytes = b""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of found pictures: their numbers, in order."""

    new: tuple[int, ...]
    known: tuple[int, ...]
    moved: tuple[int, ...]
