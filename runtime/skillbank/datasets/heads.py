"""How large a picture is and how it is turned, by the head of its file alone.

Ordinary JPEG and PNG files are read here, in one look at their first bytes or from piece to piece; Pillow
reads all others, and whatever is not quite as it should be. It would decode a PNG whole to look for its EXIF.
"""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import NamedTuple

from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from PIL import Image

__all__ = ["MOST_PIXELS", "ON_THEIR_SIDE", "ORIENTATION", "FileSize", "head_of", "known_formats"]

MOST_PIXELS = 178_956_970
"""Of a picture: more is what files claim that are made to fill the memory."""
ORIENTATION = 0x0112
"""The EXIF tag."""
ON_THEIR_SIDE = (5, 6, 7, 8)
"""Its values for which width and height change places."""
_FORMATS = (
    "JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "PPM", "JPEG2000", "AVIF", "ICO", "TGA", "PCX",
)  # fmt: skip
"""What is tried on a file; Pillow knows more, some of which run other programs (EPS) or lead elsewhere."""
_FIRST = 2048
"""So many bytes are read at first: the tables of a JPEG take about 600."""
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Markers of the size: baseline, extended, progressive."""
_TABLES = frozenset({0xC4, 0xDD, 0xE0, 0xEE, 0xFE})
"""Markers of what says nothing of the size: tables, intervals, JFIF, Adobe's colours, comments."""
_STEPS, _SCAN = 0xDB, 0xDA
_PIECES = frozenset(
    {
        b"IDAT", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"tIME",
        b"hIST",
    }
)  # fmt: skip
"""Chunks of a PNG that hold no EXIF and no frames."""
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Bits of a PNG's colours by their kind."""


class FileSize(NamedTuple):
    """Width and height (pixels) of an upright picture, and whether EXIF turned it on its side."""

    width: int
    height: int
    turned: bool = False


def head_of(path: Path) -> FileSize | None:
    """Read the head of a picture; None where it cannot be read: whoever needs the picture says why."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        info = os.fstat(number)
        if not stat.S_ISREG(info.st_mode):
            return None
        first = os.read(number, _FIRST)
        if first.startswith(_JPEG):
            found = _jpeg(first)
        elif first.startswith(_PNG):
            found = _png(number, first, info.st_size)
        else:
            found = None
    except OSError:
        return None
    finally:
        os.close(number)
    return _by_pillow(path) if found is None else found


def known_formats() -> tuple[str, ...]:
    """Return the formats that are tried on a file, as Pillow names them."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _jpeg(data: bytes) -> FileSize | None:
    """Return the size of a JPEG of ordinary tables; None where there is anything else before its scan."""
    at, found = 2, None
    while data[at : at + 1] == b"\xff" and len(data) >= at + 4:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker == _SCAN:
            return found
        if length < 2 or at + 2 + length > len(data):
            return None
        if marker in _FRAMES:
            if found is not None or (found := _frame(data[at + 4 : at + 2 + length])) is None:
                return None
        elif not (marker in _TABLES or (marker == _STEPS and _are_steps(data[at + 4 : at + 2 + length]))):
            return None
        at += 2 + length
    return None


def _frame(data: bytes) -> FileSize | None:
    """Return the size that a frame's header says; None where it is not of 8 bits and 1, 3 or 4 layers."""
    if len(data) < 6 or data[0] != 8 or data[5] not in (1, 3, 4) or len(data) != 6 + 3 * data[5]:
        return None
    height, width = int.from_bytes(data[1:3]), int.from_bytes(data[3:5])
    return FileSize(width, height) if _is_sane(width, height) else None


def _are_steps(tables: bytes) -> bool:
    """Whether a segment holds whole tables of quantization."""
    at = 0
    while at < len(tables):
        at += 129 if tables[at] >> 4 else 65
    return at == len(tables)


def _png(number: int, first: bytes, whole: int) -> FileSize | None:
    """Return the size of a PNG without EXIF, text or frames that goes on to its end; None of another."""
    width, height = int.from_bytes(first[16:20]), int.from_bytes(first[20:24])
    if len(first) < 33 or first[24] not in _DEPTHS.get(first[25], ()) or first[26:28] != b"\0\0":
        return None
    if first[28] > 1 or not _is_sane(width, height):
        return None
    at, filled = 33, False
    while at + 12 <= whole:
        head = first[at : at + 8] if at + 8 <= len(first) else os.pread(number, 8, at)
        kind = head[4:]
        if kind == b"IEND":
            return FileSize(width, height) if filled else None
        if kind not in _PIECES:
            return None
        filled = filled or kind == b"IDAT"
        at += 12 + int.from_bytes(head[:4])
    return None


def _is_sane(width: int, height: int) -> bool:
    return width > 0 and height > 0 and width * height <= MOST_PIXELS


def _by_pillow(path: Path) -> FileSize | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=known_formats()) as picture:
                width, height = picture.size
                turned = picture.getexif().get(ORIENTATION, 1) in ON_THEIR_SIDE
                # Pillow gives the size of an upright TIFF.
                if turned and picture.format != "TIFF":
                    width, height = height, width
                return FileSize(width, height, turned)
    except Exception:  # what the readers trip over depends on the bytes that they find
        return None
