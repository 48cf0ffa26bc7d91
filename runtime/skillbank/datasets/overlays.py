"""Showing what is no box: areas laid over small pictures, and the box around each class of a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from PIL import Image, ImageColor

from skillbank.datasets.document import Box, Marks, Picture
from skillbank.datasets.thumbnails import Thumbnail
from skillbank.errors import DataError

__all__ = ["NOTES", "as_boxes", "with_areas"]

NOTES: Mapping[Marks, str] = {
    "areas": "Areas are laid over the pictures; a box is the one around all areas of a class in a picture.",
    "classes": "Each picture is of one class, and its box is the whole picture.",
}
_OPACITY = 0.45


def as_boxes(picture: Picture) -> Picture:
    """Return a picture with a box for what it bears: around each class's areas, or around all of it."""
    if picture.label is not None:
        return replace(picture, boxes=(Box(0, 0, picture.width or 0, picture.height or 0, picture.label),))
    if picture.mask is None:
        return picture
    try:
        numbers = picture.mask.draw().numbers
    except DataError:
        return picture  # a check says what is wrong with it
    boxes = []
    for label in np.unique(numbers[numbers >= 0]):
        rows, columns = np.any(numbers == label, axis=1), np.any(numbers == label, axis=0)
        (top, bottom), (left, right) = (np.flatnonzero(each)[[0, -1]] for each in (rows, columns))
        boxes.append(Box(float(left), float(top), float(right) + 1, float(bottom) + 1, int(label)))
    return replace(picture, boxes=tuple(boxes))


def with_areas(picture: Picture, small: Thumbnail | None, colours: Mapping[int, str]) -> Thumbnail | None:
    """Return a small picture with the areas of its classes laid over it in their colours."""
    if small is None or picture.mask is None:
        return small
    try:
        numbers = picture.mask.draw().numbers
    except DataError:
        return small
    shown = Image.fromarray(numbers.astype(np.int32)).resize(small.image.size, Image.Resampling.NEAREST)
    labels = np.asarray(shown)
    pixels = np.asarray(small.image.convert("RGB")).astype(np.float32)
    for label, colour in colours.items():
        inside = labels == label
        tone = np.asarray(ImageColor.getrgb(colour)[:3], dtype=np.float32)
        pixels[inside] = (1 - _OPACITY) * pixels[inside] + _OPACITY * tone
    return replace(small, image=Image.fromarray(pixels.astype(np.uint8)))
