"""What a picture's file says to its annotations: whether it is sound, and which size its boxes are of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skillbank.datasets.document import Picture
from skillbank.datasets.faults import Fault
from skillbank.datasets.looks import Look
from skillbank.datasets.report import FileSize

__all__ = ["Frame", "file_faults", "framed", "size_fault", "where_of"]

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


def framed(picture: Picture, look: Look | None) -> Frame:
    """Compare the stated size with the file's.

    A size that is in proportion means that the file was made smaller or larger later, and the boxes belong to
    the stated one; in any other case they are held against the file, which is what a model sees.
    """
    width, height = picture.width or 0, picture.height or 0
    stated = (width, height) if width > 0 and height > 0 else None
    if look is None or look.trouble:
        return Frame(stated)
    file = FileSize(look.width, look.height, look.turned)
    size = file.width, file.height
    kind = size_fault(stated, file) if stated is not None else ""
    if not kind:
        return Frame(size, file)
    told = f"{width} x {height} is stated, the file has {file.width} x {file.height}"
    if kind == "size-turned":
        told += " by its EXIF orientation"
    elif stated == (file.height, file.width):
        told += ", which is width and height exchanged"
    return Frame(stated if kind == "size-scaled" else size, file, kind, told)


def size_fault(stated: tuple[int, int], file: FileSize) -> str:
    """Return the kind of fault in a stated size; empty where it is the file's."""
    if stated == (file.width, file.height):
        return ""
    if stated == (file.height, file.width):
        return "size-turned" if file.turned else "size-disagrees"
    return "size-scaled" if _proportional(stated, (file.width, file.height)) else "size-disagrees"


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
