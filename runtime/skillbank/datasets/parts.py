"""Places that may be a part of what lies above them, told from names alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize

from skillbank.datasets.document import split_in, split_of
from skillbank.datasets.packing import archive_stem, is_table, unpacked_name
from skillbank.team.places import hidden

__all__ = ["inside", "is_part", "levels", "may_be_there", "may_hold"]

_ABOVE = 3
"""So many folders above a place may hold the data set of which it is a part: ``D/ImageSets/Main/val.txt``."""
_PARTS = frozenset(
    {"images", "image", "imgs", "img", "labels", "label", "annotations", "jpegimages", "imagesets", "main"}
    | {"layout", "data", "obj_train_data"}
)
"""Folders that are mostly a part of a data set, beside those that bear the name of a split."""


def may_be_there(place: Path) -> bool:
    """Whether a place is there, or may be a part of a data set above it though no such file or folder is.

    Such a part is called as a split, or lies packed beside the place, or is there under another form of its
    name. Of any other place no folder above has to be looked through.
    """
    if place.exists():
        return True
    if any(split_of(inside(place, above)) is not None for above in levels(place)):
        return True
    try:
        beside = [entry.name for entry in place.parent.iterdir()]
    except OSError:
        return False
    name = normalize("NFC", place.name)
    return any(
        normalize("NFC", each) == name
        or archive_stem(each) is not None
        or is_table(each)
        or unpacked_name(each) is not None
        for each in beside
    )


def inside(place: Path, above: Path) -> str:
    """Return the name of a place in the tree of a folder above it, of a packed file that of the file."""
    name = normalize("NFC", place.relative_to(above).as_posix())
    return unpacked_name(name) or name


def is_part(name: str) -> bool:
    """Whether a folder is called as parts of data sets are."""
    return name.lower() in _PARTS or split_in(name) is not None


def levels(place: Path) -> Iterator[Path]:
    """Yield the folders above a place, as long as those passed on the way are parts of a data set."""
    for above in list(place.parents)[:_ABOVE]:
        if may_hold(above):
            yield above
        if not is_part(above.name):
            return


def may_hold(above: Path) -> bool:
    """Whether a folder is looked into for what lies in it: nobody's home, and not the whole disk."""
    return not hidden(above) and above.is_dir() and above not in (Path.home(), Path(above.anchor))
