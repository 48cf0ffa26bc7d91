"""From a place to its data set: recognised as a whole, by split folders, or as a part of what lies above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from skillbank.datasets.document import SPLITS, DataSet, Picture, Split, split_of
from skillbank.datasets.formats import FORMATS, LAST, Format
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.tree import Tree, Unpack, archive_stem, open_tree
from skillbank.errors import DataError, DataNotFoundError

__all__ = ["Opened", "open_data", "open_place", "recognise"]

_ABOVE = 3
"""So many folders above a place may hold the data set of which it is a part: ``D/ImageSets/Main/val.txt``."""


@dataclass(frozen=True)
class Opened:
    """A data set and what of it was named.

    Attributes
    ----------
    tree
        The folder of the whole data set, which may lie above the place.
    split
        The split that the place names; None where it is the whole data set.
    """

    tree: Tree
    data: DataSet
    split: Split | None = None


def open_place(place: Path, unpack: Unpack | None = None, *, form: str = "") -> Opened:
    """Open a folder, an archive, an annotation file, or a part of a data set.

    A part is a folder or file of it (``D/images/val``, ``D/ImageSets/Main/val.txt``), or the name of a split
    behind the data set's place (``D/val``), whether or not there is such a folder.

    Parameters
    ----------
    unpack
        Where None, nothing is unpacked, and archives are only named.
    form
        Name of the format, where a person has said it.

    Raises
    ------
    DataNotFoundError, DataError
    """
    if place.is_file() and unpack is not None and archive_stem(place.name) is not None:
        tree = open_tree(unpack(place), unpack)
        return Opened(tree, open_data(tree, form))
    if place.is_dir():
        tree = open_tree(place, unpack)
        if recognise(tree, form):
            return Opened(tree, open_data(tree, form))
    for above in list(place.parents)[:_ABOVE]:
        if not above.is_dir() or above == Path.home() or above == Path(above.anchor):
            continue
        tree = open_tree(above, unpack)
        try:
            data = open_data(tree, form) if recognise(tree, form) else None
        except DataError:  # what lies around a place is nobody's data set, and no reason to refuse the place
            continue
        if data is not None and (split := _part(data, place.relative_to(above))) is not None:
            return Opened(tree, data, split)
    if not place.exists():
        raise DataNotFoundError(f"there is no data set at {place}; name the folder that holds it")
    tree = open_tree(place if place.is_dir() else place.parent, unpack)
    return Opened(tree, open_data(tree, form))


def recognise(tree: Tree, form: str = "") -> bool:
    """Whether `open_data` finds a data set in a tree that is more than pictures."""
    return bool(_claims(tree, form)) or any(part.is_annotated for part in _divided(tree, form))


def open_data(tree: Tree, form: str = "") -> DataSet:
    """Read the data set of a tree.

    Raises
    ------
    DataError
        When no format is recognised, or several are and none was named.
    """
    claims = _claims(tree, form)
    if not claims and (parts := _divided(tree, form)):
        return _joined([(part.folder, part.read(form)) for part in parts])
    if not claims and form in ("", LAST.name) and LAST.recognise(tree) is not None:
        return LAST.read(tree)
    if not claims:
        known = ", ".join(each.title for each in FORMATS)
        raise DataError(
            f"{tree.root} holds no data set that is recognised (known are {known}); "
            f"it holds {_contents(tree)}"
        )
    if len(claims) > 1:
        told = " and ".join(f"{each.title} ({found.why})" for each, found in claims)
        names = " or ".join(each.name for each, _ in claims)
        raise DataError(f"{tree.root} can be read as {told}; say which is meant with --format {names}")
    return claims[0][0].read(tree)


def _claims(tree: Tree, form: str) -> list[tuple[Format, Recognised]]:
    formats = [each for each in FORMATS if form in ("", each.name)]
    if not formats and form != LAST.name:
        known = ", ".join(each.name for each in (*FORMATS, LAST))
        raise DataError(f"there is no format '{form}'; known are {known}")
    claims = [(each, found) for each in formats if (found := each.recognise(tree)) is not None]
    # Of two formats that would read the same files, the surer one stands first.
    kept: list[tuple[Format, Recognised]] = []
    taken: set[str] = set()
    for each, found in claims:
        if not taken or taken.isdisjoint(found.files):
            kept.append((each, found))
            taken.update(found.files)
    return kept


@dataclass(frozen=True)
class _Part:
    """A split folder that is a data set of its own."""

    folder: str
    tree: Tree
    is_annotated: bool

    def read(self, form: str) -> DataSet:
        if self.is_annotated:
            return open_data(self.tree, form)
        notes = (f"{self.folder} holds pictures without annotations",)
        return replace(LAST.read(self.tree), notes=notes)


def _divided(tree: Tree, form: str) -> list[_Part]:
    """Return the split folders of a tree that are data sets of their own; none unless all of them are."""
    parts = []
    for folder in tree.folders():
        if split_of(folder) is None:
            continue
        below = tree.below(folder)
        is_annotated = bool(_claims(below, form))
        if not is_annotated and LAST.recognise(below) is None:
            return []
        parts.append(_Part(folder, below, is_annotated))
    return parts


def _joined(parts: Sequence[tuple[str, DataSet]]) -> DataSet:
    """Make one data set of split folders; classes are joined by name, those of the training first."""
    parts = sorted(parts, key=lambda part: SPLITS.index(split_of(part[0]) or SPLITS[-1]))
    classes = tuple(dict.fromkeys(name for _, data in parts for name in data.classes))
    splits = tuple(_lifted(folder, data, split, classes) for folder, data in parts for split in data.splits)
    formats = dict.fromkeys(data.format for _, data in parts)
    notes = tuple(dict.fromkeys(note for _, data in parts for note in data.notes))
    faults = tuple(
        replace(fault, where=f"{folder}/{fault.where}") for folder, data in parts for fault in data.faults
    )
    return DataSet("+".join(formats), classes, splits, notes, faults)


def _lifted(folder: str, data: DataSet, split: Split, classes: tuple[str, ...]) -> Split:
    """Return a split of a folder as one of the data set above it."""
    new = [classes.index(name) for name in data.classes]
    same = new == list(range(len(new)))

    def pictures() -> Iterator[Picture]:
        for picture in split.pictures():
            boxes = picture.boxes
            if not same:
                boxes = tuple(
                    box if box.label is None else replace(box, label=new[box.label]) for box in boxes
                )
            path = None if picture.path is None else f"{folder}/{picture.path}"
            where = replace(picture.where, file=f"{folder}/{picture.where.file}")
            faults = tuple(replace(fault, where=f"{folder}/{fault.where}") for fault in picture.faults)
            yield replace(picture, path=path, boxes=boxes, where=where, faults=faults)

    annotations = tuple(f"{folder}/{name}" for name in split.annotations)
    return Split(split_of(folder) or split.name, folder, pictures, annotations)


def _part(data: DataSet, rest: Path) -> Split | None:
    """Return the split that a path below a data set names: by its file of annotations, or by its words."""
    for split in data.splits:
        if rest.as_posix() in split.annotations:
            return split
    words = [part.partition(".")[0] for part in reversed(rest.parts)]
    for word in words:
        for split in data.splits:
            if word == split.said or (split_of(word) or "-") == split.name:
                return split
    return None


def _contents(tree: Tree) -> str:
    """Say what a tree holds by the endings of its files: "120 .jpg, 3 .txt"."""
    counts: dict[str, int] = {}
    for name in (*tree.files, *tree.archives):
        ending = Path(name).suffix.lower() or "without an ending"
        counts[ending] = counts.get(ending, 0) + 1
    most = sorted(counts.items(), key=lambda item: -item[1])[:5]
    return ", ".join(f"{count:,} {ending}" for ending, count in most) or "nothing"
