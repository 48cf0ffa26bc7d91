"""Names of pictures in a new data set: unique, safe in every file system, as near to the old as can be."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

from skillbank.visible import visible

__all__ = ["Names", "common_folder", "safe_name"]

_LONGEST = 120
"""Bytes of a file's or folder's name; file systems take 255, and labels, suffixes and copies add to it."""
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_QUOTES = re.compile("['`]")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""What Windows takes for devices."""
_SAID_ALREADY = ("images", "labels")
"""Folders that say nothing of a picture, and mislead tools that look for labels in the place of images."""


def common_folder(names: Sequence[str]) -> str:
    """Return the folder that all files are below, ``images`` of ``images/a.jpg``; empty for the root."""
    if not names:
        return ""
    first, last = min(names).split("/")[:-1], max(names).split("/")[:-1]
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return "/".join(first[:same])


class Names:
    """Gives each picture its place in a new data set.

    No two places differ only in case, Unicode form or ending: some file systems hold one of such two, and
    formats with a label file beside each picture would give both the same.

    Parameters
    ----------
    listed
        Whether names stand in lists of the format, where blanks separate and quotes enclose.
    """

    def __init__(self, *, listed: bool = False) -> None:
        self._listed = listed
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def give(self, folder: str, name: str) -> str:
        """Return a new place below a folder for a picture that is called ``name`` (relative, with ``/``)."""
        parts = [part for part in name.split("/") if part not in ("", ".", "..")]
        inside = [part for part in parts[:-1] if part.lower() not in _SAID_ALREADY]
        place = "/".join(filter(None, (folder, *map(self._safe, [*inside, parts[-1]]))))
        path = PurePosixPath(place)
        stem, ending = place[: len(place) - len(path.suffix)], path.suffix
        key, number, free = _key(stem), self._next.get(_key(stem), 2), stem
        while _key(free) in self._taken:
            free = f"{stem}-{number}"
            number += 1
        self._taken.add(_key(free))
        self._next[key] = number
        return free + ending

    def _safe(self, part: str) -> str:
        """Return a name that can be typed, listed, and held by every file system."""
        return safe_name(part, listed=self._listed)


def safe_name(part: str, *, listed: bool = False) -> str:
    """Return a name of a file or folder that can be typed and that every file system holds."""
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", part))
    if (seen := visible(name)) != name:  # a character that cannot be seen is left out
        name = "".join(char for char in name if visible(char) == char) or seen.replace("\\", "_")
    name = name.strip().rstrip(".")
    if listed:
        name = _QUOTES.sub("_", "_".join(name.split()))
    if not name or name[0] in ".-" or _RESERVED.fullmatch(name):
        name = f"_{name}"
    return _shortened(name)


def _key(place: str) -> str:
    return unicodedata.normalize("NFC", place.casefold())


def _shortened(name: str) -> str:
    """Return a name of bounded length; what was cut off is told apart by a digest."""
    data = name.encode("utf-8", "replace")
    if len(data) <= _LONGEST:
        return name
    ending = PurePosixPath(name).suffix if len(PurePosixPath(name).suffix.encode()) <= 8 else ""
    mark = f"~{hashlib.sha256(data).hexdigest()[:8]}{ending}"
    return data[: _LONGEST - len(mark)].decode("utf-8", "ignore") + mark
