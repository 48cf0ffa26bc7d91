"""Pictures of a set as a browser shows them: as they are, upright copies, small ones, and cut out."""

from __future__ import annotations

import io
import math
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from PIL import Image

from skillbank.datasets.deep import is_deep
from skillbank.datasets.heads import MOST_PIXELS, head_of
from skillbank.datasets.thumbnails import thumbnails
from skillbank.errors import DataError
from skillbank.sets.content import content_of
from skillbank.sets.model import LabelBox, PictureRow
from skillbank.visible import one_line
from skillbank.whole_files import write_whole

__all__ = ["SHELF", "Sent", "SetImages"]

SHELF = "label-thumbnails"
"""Folder of the cache that keeps copies, by how their pictures are seen."""
_SMALL = 320
_CROP = 224
_MARGIN = 0.15
"""Of the longer edge of a box, around it: what a thing is can be seen by what it stands in."""
_QUALITY, _FULL_QUALITY = 80, 92
_AT_ONCE = 3
"""Pictures decoded at a time: each may take hundreds of megabytes."""
_TOUCHED = 60.0
_AS_THEY_ARE = {"PNG": "image/png", "WEBP": "image/webp"}
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")


@dataclass(frozen=True)
class Sent:
    """Bytes for a browser, and their media type."""

    data: bytes
    kind: str


class SetImages:
    """Makes copies, each once."""

    def __init__(self, cache: Path) -> None:
        self._shelf = cache / SHELF
        self._room = threading.Semaphore(_AT_ONCE)
        self._touched = 0.0

    def image(self, row: PictureRow) -> Sent:
        """Return a picture as large as it is; boxes are drawn in its pixels, so it has to be upright."""
        kept = self._kept(row, "full")
        if kept is not None:
            return Sent(kept, "image/jpeg")
        data = content_of(row)
        kind = _shown_as_it_is(data)
        if kind:
            return Sent(data, kind)
        with self._room:
            copy = _jpeg(_upright(row, data, max(row.width, row.height)), _FULL_QUALITY)
        self._keep(row, "full", copy)
        return Sent(copy, "image/jpeg")

    def thumbnail(self, row: PictureRow) -> Sent:
        """Return a picture no larger than a cell of the grid."""
        small = self._kept(row, "small")
        if small is None:
            data = content_of(row)
            with self._room:
                small = _jpeg(_upright(row, data, _SMALL), _QUALITY)
            self._keep(row, "small", small)
        return Sent(small, "image/jpeg")

    def crop(self, row: PictureRow, box: LabelBox) -> Sent:
        """Return what a box holds, with a little around it."""
        margin = _MARGIN * max(box.x2 - box.x1, box.y2 - box.y1) + 2
        left, top = max(0.0, box.x1 - margin), max(0.0, box.y1 - margin)
        right, bottom = min(row.width, box.x2 + margin), min(row.height, box.y2 + margin)
        edge, most = max(right - left, bottom - top, 1.0), max(row.width, row.height)
        # No more of a large picture is decoded than the cut needs.
        side = min(most, math.ceil(most * _CROP / edge))
        data = content_of(row)
        with self._room:
            whole = _upright(row, data, side)
            across, down = whole.width / row.width, whole.height / row.height
            cut = whole.crop(
                (
                    math.floor(left * across),
                    math.floor(top * down),
                    math.ceil(right * across),
                    math.ceil(bottom * down),
                )
            )
            cut.thumbnail((_CROP, _CROP))
        return Sent(_jpeg(cut, _QUALITY), "image/jpeg")

    def _path(self, row: PictureRow, what: str) -> Path:
        return self._shelf / row.sha256[:2] / f"{row.look}-{what}.jpg"

    def _kept(self, row: PictureRow, what: str) -> bytes | None:
        try:
            return self._path(row, what).read_bytes() or None
        except OSError:
            return None

    def _keep(self, row: PictureRow, what: str, data: bytes) -> None:
        """Keep a copy whole or not at all; a full disk only means that it is made again."""
        path = self._path(row, what)
        try:
            write_whole(path, data, private=True)
            if time.monotonic() - self._touched > _TOUCHED:
                self._touched = time.monotonic()
                os.utime(self._shelf)  # it was used now, see `skillbank.storage.cleaning`
        except OSError:
            return


def _shown_as_it_is(data: bytes) -> str:
    """Return the media type of a file that every browser shows upright in 8 bits; empty for others."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as picture:
            kind, mode = picture.format or "", picture.mode
            if kind in ("JPEG", "MPO"):  # browsers turn these as their EXIF says
                return "image/jpeg" if mode in ("L", "RGB") else ""
            frames, held = getattr(picture, "n_frames", 1), picture.getexif().get(0x0112, 1)
            plain = mode in _MODES and not is_deep(picture) and frames == 1 and held == 1
            return _AS_THEY_ARE.get(kind, "") if plain else ""
    except Exception:  # whatever the bytes make a decoder raise: the copy says what is wrong
        return ""


def _upright(row: PictureRow, data: bytes, side: int) -> Image.Image:
    """Return a picture upright, in RGB, its longer edge no longer than ``side`` pixels."""
    name = one_line(row.name)
    with NamedTemporaryFile(suffix=".picture") as file:
        file.write(data)
        file.flush()
        path = Path(file.name)
        look = head_of(path)  # only formats that are no programs
        if look is None or look.width * look.height > MOST_PIXELS:
            raise DataError(f"{name} cannot be decoded; take it out of the set")
        [made] = thumbnails([path], side, row.levels).pictures
    if made is None:
        raise DataError(f"{name} cannot be decoded; take it out of the set")
    if (look.width, look.height) != (row.width, row.height):
        raise DataError(
            f"{name} has {look.width} x {look.height} pixels upright and not {row.width} x {row.height}; "
            "add its folder to the set again"
        )
    return made.image


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()
