"""What may be said of tiles: large pictures are looked at piece by piece as well as whole, by the engine."""

from __future__ import annotations

import re

from skillbank.errors import UsageError

__all__ = ["AUTO", "OFF", "checked_tiles"]

AUTO, OFF = "auto", "off"
_WORDS = (OFF, AUTO)
_SIZE = re.compile(r"([1-9]\d{1,4})[xX\u00d7]([1-9]\d{1,4})")
_LEAST = 32


def checked_tiles(said: str) -> str:
    """Return a way of tiling as the engine takes it: ``off``, ``auto`` or ``WxH``."""
    word = said.strip().lower()
    if word in _WORDS:
        return word
    size = _SIZE.fullmatch(word)
    if size is None or min(int(size[1]), int(size[2])) < _LEAST:
        raise UsageError(
            f"'{said}' is no way to cut pictures into tiles; give auto, off, or a size of {_LEAST} pixels or "
            "more as 640x640."
        )
    return f"{int(size[1])}x{int(size[2])}"
