"""Small upright pictures of large ones, for pages and contact sheets."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from skillbank.datasets.deep import deep_numbers, extent, is_deep, range_of, shown

if TYPE_CHECKING:
    from skillbank.datasets.deep import Extent, Numbers, Range

__all__ = ["Thumbnail", "Thumbnails", "thumbnails"]

_QUALITY = 74
_THREADS = 4


@dataclass(frozen=True)
class Thumbnail:
    """A small picture.

    Attributes
    ----------
    width, height
        Pixels of the upright picture that it was made of.
    """

    image: Image.Image
    width: int
    height: int

    def data_uri(self) -> str:
        """Return the picture as a JPEG inside an address."""
        file = io.BytesIO()
        self.image.save(file, "JPEG", quality=_QUALITY, optimize=True)
        return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


@dataclass(frozen=True)
class Thumbnails:
    """Small pictures in the order asked for; None for one that cannot be read.

    Attributes
    ----------
    deep
        How many have more than 8 bits a colour.
    ends
        The numbers of those that became black and white.
    """

    pictures: list[Thumbnail | None]
    deep: int = 0
    ends: Range | None = None


def thumbnails(paths: Sequence[Path | None], side: int, levels: Range | None = None) -> Thumbnails:
    """Make small pictures, several at a time.

    Parameters
    ----------
    side
        Most pixels of the longer side.
    levels
        The numbers that become black and white where there are more than 8 bits; by default those of the
        pictures.
    """
    with ThreadPoolExecutor(_THREADS) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about what is odd in a file
        read = list(pool.map(lambda path: _read(path, side), paths))
    deep = [each.extent for each in read if isinstance(each, _Deep)]
    ends = levels or (range_of(deep) if deep else None)
    return Thumbnails([_finished(each, ends, side) for each in read], len(deep), ends)


@dataclass(frozen=True)
class _Deep:
    """The numbers of a picture, thinned out, until the range of all is known."""

    numbers: Numbers
    extent: Extent
    width: int
    height: int


def _finished(read: Thumbnail | _Deep | None, ends: Range | None, side: int) -> Thumbnail | None:
    if not isinstance(read, _Deep):
        return read
    assert ends is not None
    return Thumbnail(_small(shown(read.numbers, ends), side), read.width, read.height)


def _read(path: Path | None, side: int) -> Thumbnail | _Deep | None:
    """Return a small picture, or what is to become one; None for one that is broken."""
    if path is None:
        return None
    try:
        with Image.open(path) as picture:
            if is_deep(picture):
                numbers = deep_numbers(picture, path)
                height, width = numbers.shape[:2]
                step = max(1, max(width, height) // (2 * side))
                return _Deep(numbers[::step, ::step], extent(numbers), width, height)
            return _plain(picture, side)
    except Exception:  # whatever a broken file makes a decoder raise
        return None


def _plain(picture: Image.Image, side: int) -> Thumbnail:
    width, height = picture.size
    picture.draft("RGB", (2 * side, 2 * side))  # a JPEG is decoded no larger than it is needed
    if picture.getexif().get(0x0112) in (5, 6, 7, 8):
        width, height = height, width
    upright = ImageOps.exif_transpose(picture)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        clear = upright.convert("RGBA")
        upright = Image.new("RGB", clear.size, "white")
        upright.paste(clear, mask=clear.getchannel("A"))
    return Thumbnail(_small(upright.convert("RGB"), side), width, height)


def _small(picture: Image.Image, side: int) -> Image.Image:
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return picture
