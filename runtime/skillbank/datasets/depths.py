"""How deep a picture is: what its numbers are and how far they reach, or what its file says of that.

By the same law as the engine's, see references/dataset-formats.md: a file that states its bits is scaled by
these alone, and all others by what their data set holds.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from skillbank.datasets.deep import Range, deep_numbers, extent, is_deep, range_of
from skillbank.datasets.heads import known_formats

__all__ = ["FLAT", "REAL", "STATED", "WHOLE", "Depth", "depth_of", "levels_of"]

STATED, WHOLE, REAL = "stated", "whole", "real"
_FULL = 65535.0
_BITS, _DESCRIPTION, _MOST, _LARGEST = 258, 270, 281, 341
_OME = re.compile(r'SignificantBits="(\d+)"')


@dataclass(frozen=True, slots=True)
class Depth:
    """Of one picture.

    Attributes
    ----------
    kind
        ``stated``, ``whole`` or ``real``; empty for a picture of 8 bits a colour.
    least, most
        Its numbers; of a stated one those that are black and white.
    """

    kind: str = ""
    least: float | None = None
    most: float | None = None


FLAT = Depth()
"""Of a picture of 8 bits."""


def depth_of(path: Path) -> Depth:
    """Look through the numbers of a picture that can be decoded.

    Raises
    ------
    Exception
        Whatever the decoders trip over.
    """
    with Image.open(path, formats=known_formats()) as picture:
        if not is_deep(picture):
            return FLAT
        bits, may_spread = _stated(picture, path)
        low, high, whole = extent(deep_numbers(picture, path))
    if not whole:
        return Depth(REAL, low, high)
    if bits is not None and low >= 0:
        if high < 2**bits:
            return Depth(STATED, 0.0, float(2**bits - 1))
        if may_spread:
            return Depth(STATED, 0.0, _FULL)
    # A statement that the numbers themselves contradict is none.
    return Depth(WHOLE, low, high)


def levels_of(ends: Mapping[str, Range]) -> dict[str, Range]:
    """Return what is black and white in the pictures of a data set, by kind.

    Parameters
    ----------
    ends
        The least and the largest number of ``whole`` and ``real`` pictures.
    """
    return {kind: range_of([(low, high, kind == WHOLE)]) for kind, (low, high) in ends.items()}


def _stated(picture: Image.Image, path: Path) -> tuple[int | None, bool]:
    """Return how many bits a file says that count, and whether they may be spread over all 16."""
    if picture.format == "PNG":
        with path.open("rb") as file:
            bits = _of_png(file)
        return bits, bits is not None
    if picture.format == "JPEG2000" or (picture.format == "PPM" and picture.mode != "F"):
        return 16, False  # they are spread already when they are read
    return (_of_tiff(picture), False) if picture.format == "TIFF" else (None, False)


def _of_png(file: BinaryIO) -> int | None:
    """Return the largest of the bits that the chunk sBIT gives to colours."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        if kind == b"IDAT":
            return None
        if kind == b"sBIT":
            said = file.read(size)
            most = max(said[: 1 if len(said) <= 2 else 3], default=0)
            return most if 0 < most <= 16 else None
        file.seek(size + 4, 1)
    return None


def _of_tiff(picture: Image.Image) -> int | None:
    tags: Mapping[int, object] = getattr(picture, "tag_v2", {})
    stored = _largest(tags.get(_BITS))
    if picture.mode == "F":
        return None
    if stored is not None and 8 < stored < 16:
        return int(stored)
    said = _OME.search(str(tags.get(_DESCRIPTION, "")))
    if said and 0 < int(said[1]) <= 16:
        return int(said[1])
    most = _largest(tags.get(_LARGEST))
    if most is None and (told := _largest(tags.get(_MOST))) != _FULL:
        most = told  # 65535 is what this tag says unless somebody has set it
    is_all_ones = most is not None and 255 <= most <= _FULL and (int(most) + 1) & int(most) == 0
    return int(most).bit_length() if most is not None and is_all_ones else None


def _largest(value: Any) -> float | None:
    try:
        return float(max(value) if isinstance(value, tuple) else value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
