"""Colours of classes: white letters can be read on each, and the most frequent classes differ most."""

from __future__ import annotations

import colorsys
from functools import cache

__all__ = ["colour", "contrast_with_white"]

_FIRST = (
    "#2457d6",
    "#c2410c",
    "#15803d",
    "#a21caf",
    "#0e7490",
    "#b91c1c",
    "#6d28d9",
    "#854d0e",
    "#be185d",
    "#4d6b0f",
    "#475569",
    "#0369a1",
)
_GOLDEN = 0.618034
_LEAST = 4.6
"""Least contrast with white; guidelines of accessibility ask for 4.5."""


@cache
def colour(number: int) -> str:
    """Return the colour of a class by its place in the order of frequency, as ``#rrggbb``."""
    if number < len(_FIRST):
        return _FIRST[number]
    hue = (0.07 + number * _GOLDEN) % 1
    saturation = (0.75, 0.5, 0.9)[number % 3]
    least = _LEAST + (number // len(_FIRST)) % 4
    shades = (_shade(hue, percent / 100, saturation) for percent in range(60, 10, -2))
    return next(shade for shade in shades if contrast_with_white(shade) >= least)


def _shade(hue: float, lightness: float, saturation: float) -> str:
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, lightness, saturation))
    return f"#{red:02x}{green:02x}{blue:02x}"


def contrast_with_white(shade: str) -> float:
    """Return how well white letters can be read on a colour, as WCAG 2 measures it: 1 to 21."""
    parts = [int(shade[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
