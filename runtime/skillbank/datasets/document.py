"""The neutral document between readers and writers: splits of pictures with boxes, read lazily.

Every format is read into it and written from it; nothing else passes between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from skillbank.datasets.faults import Fault

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "LEFT_OUT", "SPLITS", "Box", "DataSet", "Drawn", "Marks", "Mask", "Picture", "Split", "Where",
    "labels_of", "split_in", "split_of", "split_on_way",
]  # fmt: skip

LEFT_OUT = -1
"""In drawn areas: a pixel that belongs to no class and is neither learned nor measured."""
Marks = Literal["boxes", "areas", "classes"]
"""What is marked in pictures: objects by boxes, each pixel's class, or the class of the whole picture."""

SPLITS = ("train", "val", "test")
"""What a split is for. A training learns from train and validates on val; test is left alone."""
_SPLIT_WORDS = {
    "train": ("train", "training", "trn", "trainset"),
    "val": ("val", "valid", "validation", "validate", "dev", "eval", "evaluation", "valset"),
    "test": ("test", "testing", "tst", "testset", "holdout"),
}
_LETTERS = re.compile(r"[^\W\d_]+")
_SPLIT_OF = {word: split for split, words in _SPLIT_WORDS.items() for word in words}


def labels_of(classes: Iterable[str]) -> dict[str, int]:
    """Return the label of each class by its name: its place in the list."""
    return {name: label for label, name in enumerate(classes)}


def split_of(name: str) -> str | None:
    """Return the split that a folder, file or column names: "valid" is val; None for any other word."""
    return _SPLIT_OF.get(name.strip().lower())


def split_in(name: str) -> str | None:
    """Return the one split that a name holds as a word: "instances_val2017" is val; None for none or two."""
    found = {split for word in _LETTERS.findall(name) if (split := split_of(word)) is not None}
    return found.pop() if len(found) == 1 else None


def split_on_way(path: str) -> str | None:
    """Return the split that the last part of a path names that names one; None where none does."""
    return next((found for part in reversed(path.split("/")) if (found := split_in(part))), None)


@dataclass(frozen=True, slots=True)
class Where:
    """Where something stands: a file of the data set and the place in it ("line 3", "annotation 17")."""

    file: str
    at: str = ""

    def __str__(self) -> str:
        return f"{self.file} {self.at}".rstrip()


@dataclass(frozen=True, slots=True)
class Box:
    """A marked object.

    Attributes
    ----------
    x1, y1, x2, y2
        Corners in pixels of the upright picture, the origin at the upper left, as the file says them: neither
        ordered nor cut to the picture.
    label
        Index in `DataSet.classes`; None for an object that only has a phrase.
    phrase
        What a caption calls it.
    crowd
        Whether it holds many objects that nobody told apart (COCO's ``iscrowd``).
    at
        Its place in the annotation file, as in `Where`.
    proposed
        How sure a model is of what nobody has decided, 1 where it does not say; None of all else.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    label: int | None
    phrase: str = ""
    crowd: bool = False
    at: str = ""
    proposed: float | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """The areas of a picture.

    Attributes
    ----------
    numbers
        ``(h, w)`` int16, pixels of the upright picture: index in `DataSet.classes`, or `LEFT_OUT`.
    unknown
        Pixels by a value of the mask that no class has; they are left out.
    undrawn
        Objects that have a box and no outline, and so are not in it.
    """

    numbers: NDArray[np.int16]
    unknown: Mapping[str, int] = field(default_factory=dict)
    undrawn: int = 0


@dataclass(frozen=True, slots=True)
class Mask:
    """The areas of a picture, which are drawn when they are asked for.

    Attributes
    ----------
    path
        The file that holds them, relative to the tree.
    draw
        Draws them anew at each call; raises `DataError` where that cannot be done.
    objects
        How many objects have become them; 0 where the picture still has its boxes, or areas alone were told.
    """

    path: str
    draw: Callable[[], Drawn]
    objects: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and what is marked in it.

    Attributes
    ----------
    name
        As the annotations name it.
    path
        Where it lies in the tree, relative, with ``/``; None where the tree has no such file.
    width, height
        Pixels of the upright picture, as the annotations state them or its file says; None where the
        annotations state none and there is no file.
    boxes
        Empty for a picture without objects, which teaches what is not there.
    caption
        The text whose phrases the boxes bear, of grounding data.
    where
        Where it stands in the annotations.
    faults
        What was wrong with it in reading, and could not become a box or was mended.
    undecided
        Whether it is one that nobody has looked through yet, of a label set that is under review.
    label
        Index in `DataSet.classes` of what the whole picture shows; None where nothing says it.
    mask
        Its areas; None where nobody drew any.
    """

    name: str
    path: str | None
    width: int | None
    height: int | None
    boxes: tuple[Box, ...]
    caption: str = ""
    where: Where = Where("")
    faults: tuple[Fault, ...] = ()
    undecided: bool = False
    label: int | None = None
    mask: Mask | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a data set.

    Attributes
    ----------
    name
        One of `SPLITS`; empty for a data set that is not divided.
    said
        What its folder, file or column is called: "valid".
    pictures
        Reads it, from the start at each call, a picture at a time.
    annotations
        The files it is read from, relative to the tree.
    """

    name: str
    said: str
    pictures: Callable[[], Iterator[Picture]]
    annotations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DataSet:
    """A recognised data set.

    Attributes
    ----------
    format
        Name of its format in the registry.
    classes
        Names of the classes; a box's label is an index here. Of a format that has no list of its own these
        are the names in use, sorted.
    splits
        At least one.
    notes
        What was decided in recognising it, a sentence each: a supercategory that no box uses is dropped.
    marks
        What its pictures bear.
    """

    format: str
    classes: tuple[str, ...]
    splits: tuple[Split, ...]
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = field(default=())
    marks: Marks = "boxes"

    def split(self, name: str) -> Split | None:
        """Return the split of a name; None where there is none."""
        return next((split for split in self.splits if split.name == name), None)
