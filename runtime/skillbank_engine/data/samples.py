"""The numbers of pictures with more than 8 bits a colour, in full, and what their files say of them.

Pillow cuts such pictures to their upper or lower byte wherever it has no mode for them: here they are read
whole.  Pictures of 8 bits are none of this module's business.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skillbank_engine.data.pixels import Array

    _Tags = Mapping[int, Any]
    """Values of a TIFF's tags, of whatever kinds the file gives them."""

Opened = Callable[[], Image.Image]

_GREY = ("I", "F")
_LITTLE = sys.byteorder == "little"
# Tags of TIFF.
_BITS, _PHOTOMETRIC, _DESCRIPTION, _MOST, _PLANES, _FORMAT, _SMALLEST, _LARGEST = (
    258,
    262,
    270,
    281,
    284,
    339,
    340,
    341,
)
_OME = re.compile(r'SignificantBits="(\d+)"')
_Limits = tuple[float | None, float | None]
_Statement = tuple[int | None, bool, _Limits]
"""Significant bits, whether they may be spread over all 16, and other limits that a file states."""
_NO_LIMITS: _Limits = (None, None)


@dataclass(frozen=True)
class Samples:
    """A picture as numbers, upright.

    Attributes
    ----------
    values : ndarray
        ``(H, W)``, or ``(H, W, C)`` in colour, of whole or floating point numbers.
    space : str
        ``L``, ``RGB`` or ``CMYK``.
    opacity : ndarray or None
        ``(H, W)`` numbers, 0 where the picture is transparent.
    premultiplied : bool
        Whether the colours are multiplied by opacity already.
    white_is_zero : bool
        Whether 0 is the brightest.
    bits : int or None
        Significant bits that the file states.
    spreads : bool
        Whether the statement is one (PNG's sBIT) that leaves open if the bits are spread over all 16.
    limits : (float or None, float or None)
        Least and largest number that the file states otherwise.
    """

    values: Array
    space: str = "L"
    opacity: Array | None = None
    premultiplied: bool = False
    white_is_zero: bool = False
    bits: int | None = None
    spreads: bool = False
    limits: _Limits = _NO_LIMITS

    @property
    def real(self) -> bool:
        """Whether the numbers are floating point ones."""
        return self.values.dtype.kind == "f"


def is_deep(image: Image.Image) -> bool:
    """Whether a picture that was opened, but not loaded, has more than 8 bits a colour."""
    return image.mode.startswith("I;16") or image.mode in _GREY or _is_deep_colour(image)


def raw_mode(image: Image.Image) -> str:
    """Pillow's name of the layout of a picture's bytes; of one that was not loaded yet."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    if isinstance(arguments, tuple | list):
        arguments = arguments[0] if arguments else ""
    return arguments if isinstance(arguments, str) else ""


def read_samples(image: Image.Image, again: Opened) -> Samples:
    """Read all numbers of a picture that :func:`is_deep`.

    Parameters
    ----------
    image : PIL.Image.Image
        Opened, but not loaded.
    again : callable
        Opens the same file once more.
    """
    tags: _Tags = getattr(image, "tag_v2", {})
    inverted = image.format == "TIFF" and tags.get(_PHOTOMETRIC) == 0
    bits, spreads, limits = _stated(image, tags)
    if _is_deep_colour(image):
        values, opacity, premultiplied = _colours(image, again)
        space = "CMYK" if image.mode == "CMYK" else "L" if values.ndim == 2 else "RGB"
    else:
        image.load()
        key = image.info.get("transparency")
        values = _upright(image)
        if image.mode == "I" and _first(tags.get(_FORMAT, 1)) == 1 and _first(tags.get(_BITS, 0)) == 32:
            values = values.view(np.uint32)
        opacity, premultiplied, space = None, False, "L"
        if isinstance(key, int) and image.mode.startswith("I;16"):
            opacity = np.where(values == key, 0, 65535)
    if image.format == "PNG" and space == "RGB" and isinstance(image.info.get("transparency"), tuple):
        opacity = np.where((values == np.array(image.info["transparency"])).all(-1), 0, 65535)
    if values.dtype.kind != "f" and values.dtype.itemsize > 2:
        values = values.astype(np.int64)
    return Samples(values, space, opacity, premultiplied, inverted, bits, spreads, limits)


def _is_deep_colour(image: Image.Image) -> bool:
    if image.mode not in ("RGB", "RGBA", "CMYK") or image.format not in ("PNG", "TIFF"):
        return False
    if ";16" in raw_mode(image):
        return True
    tags: _Tags = getattr(image, "tag_v2", {})
    return image.format == "TIFF" and _first(tags.get(_BITS, 8)) == 16


def _upright(image: Image.Image) -> Array:
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    array = np.asarray(image)
    return array.astype(array.dtype.newbyteorder("="))


def _colours(image: Image.Image, again: Opened) -> tuple[Array, Array | None, bool]:
    """Colours, opacity if there is any, and whether it is multiplied into the colours.

    Pillow unpacks either the upper or the lower byte of each number, by the order of bytes that it is told:
    told both in turn, it gives both.
    """
    name = raw_mode(image)
    if name == "LA;16B":
        # Two numbers are four bytes, which are read as if they were four colours.
        _set_layout(image, "RGBA")
        four = _upright(image).astype(np.uint16)
        return four[..., 0] << 8 | four[..., 1], four[..., 2] << 8 | four[..., 3], False
    premultiplied = name.startswith("RGBa")
    upper, lower = _orders(image, name)
    numbers: Array
    if lower is None:
        # Compressed planes are unpacked by libtiff and cannot be had but for their upper bytes.
        numbers = _upright(image).astype(np.uint16) * 257
    else:
        with again() as second:
            _set_layout(image, upper)
            _set_layout(second, lower)
            numbers = _upright(image).astype(np.uint16) << 8 | _upright(second)
    if image.mode == "RGBA":
        return numbers[..., :3], numbers[..., 3], premultiplied
    return numbers, None, False


def _orders(image: Image.Image, name: str) -> tuple[str, str | None]:
    """Layouts that give the upper and the lower bytes; one that starts with ``;`` is for every plane."""
    base, _, order = name.partition(";16")
    if not order:
        order = "L" if image.tag_v2.prefix == b"II" else "B"  # type: ignore[attr-defined]
        base = ""
    elif order == "N":
        order = "L" if _LITTLE else "B"
        if getattr(image, "tag_v2", {}).get(_PLANES) == 2:
            return name, None
    base = base.replace("RGBa", "RGBA")
    return f"{base};16{order}", f"{base};16{'B' if order == 'L' else 'L'}"


def _set_layout(image: Any, layout: str) -> None:
    """Let Pillow take the bytes of a picture for something else."""
    tiles = []
    for tile in image.tile:
        given = tile.args
        name = given if isinstance(given, str) else given[0]
        wanted = name + layout if layout.startswith(";") else layout
        tiles.append(tile._replace(args=wanted if isinstance(given, str) else (wanted, *given[1:])))
    image.tile = tiles


def _stated(image: Image.Image, tags: _Tags) -> _Statement:
    """What a file states of its numbers."""
    if image.format == "PNG":
        bits = _png_bits(image)
        return bits, bits is not None, _NO_LIMITS
    if image.format == "PPM":
        # Pillow has scaled them already, by the largest number that the file states.
        return (None if image.mode == "F" else 16), False, _NO_LIMITS
    if image.format == "JPEG2000":
        return 16, False, _NO_LIMITS
    if image.format == "TIFF":
        return _stated_by_tags(image.mode, tags)
    return None, False, _NO_LIMITS


def _stated_by_tags(mode: str, tags: _Tags) -> _Statement:
    """What the tags of a TIFF state."""
    least, most = _number(tags.get(_SMALLEST), min), _number(tags.get(_LARGEST), max)
    if most is None and (told := _number(tags.get(_MOST), max)) != 65535:
        most = told  # 65535 is what this tag says unless somebody has set it
    if mode == "F":
        return None, False, (least, most)
    bits = _significant_bits(tags, most)
    if bits is not None:
        return bits, False, _NO_LIMITS
    return None, False, (None, most if most is not None and most <= 65535 else None)


def _significant_bits(tags: _Tags, most: float | None) -> int | None:
    """Bits that a TIFF stores, that its description names, or that its largest number fills."""
    stored = _first(tags.get(_BITS, 16))
    if 8 < stored < 16:
        return int(stored)
    said = _OME.search(str(tags.get(_DESCRIPTION, "")))
    if said and 0 < int(said[1]) <= 16:
        return int(said[1])
    if most is not None and 255 <= most <= 65535 and (int(most) + 1) & int(most) == 0:
        return int(most).bit_length()
    return None


def _png_bits(image: Any) -> int | None:
    """The largest of a PNG's stated bits of colours; the chunk stands ahead of the pixels."""
    file = image.fp
    place = file.tell()
    try:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            size, kind = struct.unpack(">I4s", head)
            if kind == b"IDAT":
                return None
            if kind == b"sBIT":
                bits = file.read(size)
                # Of grey with opacity and of colours with opacity the last one is opacity's.
                colours = bits[: 1 if len(bits) <= 2 else 3]
                return max(colours) if colours and 0 < max(colours) <= 16 else None
            file.seek(size + 4, 1)
        return None
    finally:
        file.seek(place)


def _first(value: int | tuple[int, ...]) -> int:
    return int(value[0] if isinstance(value, tuple) else value)


def _number(value: Any, choose: Callable[[tuple[float, ...]], float]) -> float | None:
    """A tag's number, or of several the one that is chosen; None where there is no sound one."""
    try:
        number = float(choose(value) if isinstance(value, tuple) else value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if np.isfinite(number) else None
