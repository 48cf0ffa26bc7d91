"""The shapes of Supervisely: the box around each."""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Iterator, Sequence

import msgspec

from skillbank.datasets.formats.coordinates import Corners, around, numbers
from skillbank.datasets.formats.gathering import Gathering, class_word
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    from PIL import Image

__all__ = ["Mark", "corners_of"]

_PLACES = ("point", "graph", "point_location", "line", "polyline")
_MASKS = ("bitmap", "alpha_mask")
_MOST = 1 << 26
"""Bytes of a mask that is unpacked, and pixels of one that is drawn."""


class Mark(msgspec.Struct):
    """An object of a picture."""

    classTitle: object = None  # noqa: N815
    geometryType: object = None  # noqa: N815
    points: object = None
    parts: object = None
    bitmap: object = None
    mask: object = None
    faces: object = None

    @property
    def name(self) -> str:
        """Its class; empty where it has none."""
        return class_word(self.classTitle)

    @property
    def kind(self) -> str:
        """Its shape; the earliest versions do not say that a mask is one."""
        if isinstance(self.geometryType, str):
            return self.geometryType
        if isinstance(self.bitmap, dict):
            return "bitmap"
        return "cuboid" if self.faces is not None else "polygon"


def _around_points(points: Sequence[object]) -> Corners | None:
    """Return the box around points; None where one is none, or there are no two."""
    found = [numbers(each) if isinstance(each, list) else None for each in points]
    pairs = [(pair[0], pair[1]) for pair in found if pair is not None and len(pair) == 2]
    return around(pairs) if len(pairs) > 1 and len(pairs) == len(points) else None


def corners_of(here: Gathering, mark: Mark, at: str) -> Corners | None:
    """Return the box around an object; where there is none the reason is kept."""
    kind = mark.kind
    if kind in _PLACES:
        here.fault("mark-left-out", f"a {kind}", at)
        return None
    if kind in _MASKS:
        corners = _around_mask(mark.bitmap if mark.bitmap is not None else mark.mask)
    else:
        corners = _around_points(list(_points(mark)))
    if corners is None:
        here.fault("unreadable-annotation", f"its place is none of a {one_line(kind, 30)}", at)
    elif kind != "rectangle":
        here.fault("mark-as-box", f"a {one_line(kind, 30)}", at)
    return corners


def _points(mark: Mark) -> Iterator[object]:
    """Yield the points of an outline, of several, or of a cuboid's corners."""
    if isinstance(mark.points, list):
        yield from mark.points
    parts = mark.parts if isinstance(mark.parts, list) else [mark.points]
    for part in parts:
        if isinstance(part, dict) and isinstance(part.get("exterior"), list):
            yield from part["exterior"]


def _around_mask(mask: object) -> Corners | None:
    """Return the box around what a packed PNG shows, which lies at its origin in the picture."""
    if not isinstance(mask, dict) or not isinstance(mask.get("data"), str):
        return None
    origin = numbers(mask["origin"]) if isinstance(mask.get("origin"), list) else None
    if origin is None or len(origin) != 2:
        return None
    try:
        inside = _drawn(mask["data"])
    except (binascii.Error, zlib.error, OSError, ValueError, SyntaxError):
        return None
    if inside is None:
        return None
    x, y = origin
    return x + inside[0], y + inside[1], x + inside[2], y + inside[3]


def _drawn(data: str) -> tuple[int, int, int, int] | None:
    """Return the box around the opaque pixels; without transparency around those that are not 0."""
    unpacked = zlib.decompressobj()
    png = unpacked.decompress(base64.b64decode(data, validate=True), _MOST)
    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        if picture.width * picture.height > _MOST:
            return None
        if "transparency" in picture.info or "A" in picture.getbands():
            return picture.convert("RGBA").getchannel("A").getbbox()
        return picture.convert("L").getbbox()
