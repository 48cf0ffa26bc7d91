"""Several data sets as one: split folders, or files of several formats that each hold a split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from skillbank.datasets.document import (
    SPLITS,
    DataSet,
    Drawn,
    Marks,
    Mask,
    Picture,
    Split,
    labels_of,
    split_in,
)
from skillbank.datasets.faults import Fault
from skillbank.errors import DataError
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    import numpy as np

__all__ = ["Member", "joined"]

_AND = " and "


@dataclass(frozen=True)
class Member:
    """A data set that becomes a part of another.

    Attributes
    ----------
    folder
        Where it lies, relative to the whole; empty where it lies at the root.
    """

    folder: str
    data: DataSet

    def split_of(self, split: Split) -> str:
        """Return the split that one of the member's is in the whole."""
        return split_in(self.folder.rpartition("/")[2]) or split.name

    def below(self, name: str) -> str:
        """Return a path of the member as one of the whole."""
        return f"{self.folder}/{name}" if self.folder else name


def joined(members: Sequence[Member], notes: Sequence[str] = ()) -> DataSet:
    """Make one data set; classes are joined by name, those of the training first."""
    ordered = sorted(members, key=_first_split)
    classes = tuple(dict.fromkeys(name for member in ordered for name in member.data.classes))
    splits = _merged([_lifted(member, split, classes) for member in ordered for split in member.data.splits])
    formats = dict.fromkeys(member.data.format for member in ordered)
    said = dict.fromkeys(note for member in ordered for note in member.data.notes)
    faults = tuple(_moved(member, fault) for member in ordered for fault in member.data.faults)
    marks = _marks_of(ordered)
    return DataSet("+".join(formats), classes, splits, (*said, *notes, *_together(splits)), faults, marks)


def _marks_of(members: Sequence[Member]) -> Marks:
    """Return what the pictures of all members bear.

    Raises
    ------
    DataError
        When it is not the same.
    """
    marks: set[Marks] = {member.data.marks for member in members if member.data.classes} or {"boxes"}
    if len(marks) > 1:
        told = " and ".join(f"{one_line(m.folder)} ({m.data.format})" for m in members)
        raise DataError(f"{told} are marked in different ways, and no part of one data set; name one of them")
    return marks.pop()


def _together(splits: Sequence[Split]) -> Iterator[str]:
    """Say which parts are read as one."""
    for split in splits:
        if split.name and _AND in split.said:
            yield f"{one_line(split.said, 120)} are read together as {split.name}"


def _merged(splits: Sequence[Split]) -> tuple[Split, ...]:
    """Return one split for each name: "train_day" and "train_night" are both for training."""
    alike: dict[str, list[Split]] = {}
    for split in splits:
        alike.setdefault(split.name, []).append(split)
    return tuple(several[0] if len(several) == 1 else _chained(several) for several in alike.values())


def _chained(splits: Sequence[Split]) -> Split:
    def pictures() -> Iterator[Picture]:
        for split in splits:
            yield from split.pictures()

    said = _AND.join(dict.fromkeys(split.said for split in splits))
    files = tuple(name for split in splits for name in split.annotations)
    return Split(splits[0].name, said, pictures, files)


def _first_split(member: Member) -> int:
    names = [member.split_of(split) for split in member.data.splits]
    return min((SPLITS.index(name) for name in names if name in SPLITS), default=len(SPLITS))


def _moved(member: Member, fault: Fault) -> Fault:
    return replace(fault, where=member.below(fault.where))


def _lifted(member: Member, split: Split, classes: tuple[str, ...]) -> Split:
    """Return a split of a member as one of the whole."""
    places = labels_of(classes)
    new = [places[name] for name in member.data.classes]
    changed = None if new == list(range(len(new))) else new

    def pictures() -> Iterator[Picture]:
        return (_lifted_picture(member, picture, changed) for picture in split.pictures())

    name = member.split_of(split)
    said = member.folder.rpartition("/")[2] or split.said
    return Split(name, said, pictures, tuple(member.below(each) for each in split.annotations))


def _lifted_picture(member: Member, picture: Picture, new: Sequence[int] | None) -> Picture:
    """Return a picture as one of the whole; ``new`` are the labels, where they are not the same."""
    boxes, label, mask = picture.boxes, picture.label, picture.mask
    if new is not None:
        boxes = tuple(box if box.label is None else replace(box, label=new[box.label]) for box in boxes)
        label = None if label is None else new[label]
    return replace(
        picture,
        label=label,
        path=None if picture.path is None else member.below(picture.path),
        boxes=boxes,
        where=replace(picture.where, file=member.below(picture.where.file)),
        faults=tuple(_moved(member, fault) for fault in picture.faults),
        mask=None if mask is None else _lifted_mask(member, mask, new),
    )


def _lifted_mask(member: Member, mask: Mask, new: Sequence[int] | None) -> Mask:
    draw = mask.draw if new is None else partial(_renumbered, mask.draw, new)
    return replace(mask, path=member.below(mask.path), draw=draw)


def _renumbered(draw: Callable[[], Drawn], new: Sequence[int]) -> Drawn:
    """Draw areas with the numbers that their classes have in the whole."""
    drawn = draw()
    numbers = drawn.numbers.copy()
    shown = numbers >= 0
    numbers[shown] = np.array(new, dtype=np.int16)[numbers[shown]]
    return replace(drawn, numbers=numbers)
