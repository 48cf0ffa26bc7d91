"""What a picture's file says to its annotations: whether it is sound, and which size its boxes are of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from skillbank.datasets.box_checks import inside
from skillbank.datasets.document import Picture
from skillbank.datasets.faults import Fault
from skillbank.datasets.heads import FileSize
from skillbank.datasets.looks import Look
from skillbank.datasets.tree import Tree
from skillbank.errors import a_few
from skillbank.visible import one_line

__all__ = [
    "Frame",
    "file_faults",
    "file_size",
    "framed",
    "instead_of",
    "names_no_picture",
    "scaled_along",
    "size_fault",
    "where_of",
]

_Size = tuple[int, int]
_PROPORTION = 0.01
_ROUNDING = 1.5
"""Pixels by which a proportional size may be off."""
_USUAL = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "La", "RGBa"})


@dataclass(frozen=True, slots=True)
class Frame:
    """The size that a picture's boxes are drawn in.

    Attributes
    ----------
    size
        Width and height (pixels) to which its boxes belong; None where nobody knows.
    file
        Those of the upright picture in the file; None where it was not looked at.
    kind
        The fault in what is stated; empty where that agrees with the file.
    """

    size: _Size | None
    file: FileSize | None = None
    kind: str = ""
    detail: str = ""


def where_of(picture: Picture) -> str:
    """Return where a picture stands and how it is called there."""
    place = str(picture.where)
    return f"{place} ({picture.name})" if place and place != picture.name else picture.name


def names_no_picture(picture: Picture) -> bool:
    """Whether it stands for an entry that could not be read at all, and not only in one of its boxes."""
    entry = str(picture.where)
    unreadable = any(f.kind == "unreadable-annotation" and f.where == entry for f in picture.faults)
    return unreadable and picture.path is None and not picture.boxes


def instead_of(picture: Picture, tree: Tree) -> str:
    """Return what lies in a tree instead of a picture that is not there, half a sentence, if anything."""
    if len(same := tree.namesakes(picture.name)) > 1:
        return f"{len(same)} files have this name ({a_few([one_line(each, 100) for each in same], 3)})"
    if (near := tree.near(picture.name)) is not None:
        return f"did you mean '{one_line(near, 200)}'?"
    if (other := tree.unread_kind(picture.name)) is not None:
        ending = other[other.rfind(".") :]
        return f"'{one_line(other, 200)}' is there, and {ending} is not looked for: save it as JPEG or PNG"
    return ""


def file_size(look: Look | None) -> FileSize | None:
    """Return the size that a file was seen to have; None of one that is broken or was not looked at."""
    return None if look is None or look.trouble else FileSize(look.width, look.height, look.turned)


def framed(picture: Picture, file: FileSize | None) -> Frame:
    """Compare the stated size with the file's.

    A size that is in proportion means that the file was made smaller or larger later, and the boxes belong to
    the stated one; in any other case they are held against the file, which is what a model sees.
    """
    if file is None:
        return Frame(_stated(picture))
    kind = size_fault(picture, file)
    size = file.width, file.height
    if not kind:
        return Frame(size, file)
    told = f"{picture.width} x {picture.height} is stated, the file has {file.width} x {file.height}"
    if kind == "size-turned":
        told += " by its EXIF orientation"
    elif (picture.height, picture.width) == size:
        told += ", which is width and height exchanged"
    return Frame(_stated(picture) if kind == "size-scaled" else size, file, kind, told)


def size_fault(picture: Picture, file: FileSize) -> str:
    """Return the kind of fault in a picture's stated size; empty where none is stated or it is the file's.

    Where the boxes fit the file and not what is stated, they were drawn on it, and the statement is mistaken.
    """
    stated, size = _stated(picture), (file.width, file.height)
    if stated is None or stated == size:
        return ""
    exchanged = stated == size[::-1]
    if exchanged and file.turned:
        return "size-turned"
    fits = all(inside(box, size) for box in picture.boxes)
    if fits and (exchanged or not all(inside(box, stated) for box in picture.boxes)):
        return "size-mistaken"
    return "size-scaled" if _proportional(stated, size) else "size-disagrees"


def scaled_along(picture: Picture, file: FileSize) -> Picture:
    """Return a picture with the size of its file, its boxes along where that was made smaller or larger."""
    if size_fault(picture, file) != "size-scaled" or not picture.width or not picture.height:
        return picture
    across, down = file.width / picture.width, file.height / picture.height
    boxes = tuple(
        replace(box, x1=box.x1 * across, x2=box.x2 * across, y1=box.y1 * down, y2=box.y2 * down)
        for box in picture.boxes
    )
    return replace(picture, width=file.width, height=file.height, boxes=boxes)


def _stated(picture: Picture) -> _Size | None:
    width, height = picture.width, picture.height
    return None if not width or not height or min(width, height) < 0 else (width, height)


def _proportional(stated: _Size, file: _Size) -> bool:
    factor = max(file) / max(stated)
    off = max(abs(stated[0] * factor - file[0]), abs(stated[1] * factor - file[1]))
    return off <= max(_ROUNDING * max(factor, 1.0), _PROPORTION * min(file))


def file_faults(look: Look, where: str) -> Iterator[Fault]:
    """Yield what is to be said of a picture's file alone."""
    if look.trouble:
        yield Fault("picture-broken", where, look.trouble)
        return
    if look.cut:
        yield Fault("picture-cut", where)
    if look.deep:
        yield Fault("picture-deep", where, f"{look.kind}, {look.mode}")
    elif look.mode not in _USUAL:
        yield Fault("picture-colours", where, look.mode)
    if look.frames > 1:
        yield Fault("picture-frames", where, f"{look.frames} frames")
