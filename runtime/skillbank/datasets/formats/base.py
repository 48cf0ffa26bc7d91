"""What a format can do: recognise a tree by its content, read it, and perhaps write it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from skillbank.datasets.document import DataSet, Picture
from skillbank.datasets.tree import Tree

__all__ = ["Format", "Part", "Recognised", "Writer", "files_of"]


@dataclass(frozen=True)
class Recognised:
    """What a format found in a tree.

    Attributes
    ----------
    files
        The annotation files that it would read, relative to the tree. A file that another format claims too
        makes the data set ambiguous.
    why
        What it was recognised by, for a person: "data.yaml and labels/".
    lacking
        What keeps it from being read, a sentence with the way out; empty where nothing does. What lies above
        may have what is lacking, so this is said only where nothing else is found.
    """

    files: tuple[str, ...]
    why: str
    lacking: str = ""


def files_of(found: Recognised | None) -> tuple[str, ...]:
    """Return the files that a format would read; none where it found nothing."""
    return found.files if found is not None else ()


@dataclass(frozen=True)
class Part:
    """A split that is to be written.

    Attributes
    ----------
    name
        One of `skillbank.datasets.document.SPLITS`, or empty.
    pictures
        Read once, in order; labels are indexes of the classes given to the writer. Each has a path.
    """

    name: str
    pictures: Iterable[Picture]


class Format(Protocol):
    """One format. Instances hold no state."""

    name: str
    """As said on the command line: ``coco``."""
    title: str
    """For people: ``COCO``."""

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether a tree holds this format, by names and first bytes; cheap, and never an error."""

    def read(self, tree: Tree) -> DataSet:
        """Read a tree that was recognised; its pictures are read only when they are asked for.

        Raises
        ------
        DataError
            When what describes the whole (a list of classes, the document itself) cannot be read; faults of
            single pictures and boxes are kept with the pictures instead.
        """


class Writer(Protocol):
    """A format that can be written."""

    name: str

    def folder(self, split: str) -> str:
        """Return where the tools of the format look for a split's pictures, relative to the data set."""

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write the annotation files below an empty folder, where pictures are named by their ``path``.

        A picture's path is relative to the data set and lies below `Writer.folder` of its split.

        Returns what could not be kept, a sentence each ("12 crowd boxes are left out").
        """
