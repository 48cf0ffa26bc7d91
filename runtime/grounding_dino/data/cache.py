"""Decoded pictures kept in memory that loader processes share."""

import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image


class PictureCache:
    """RGB pictures of known sizes, as many of the first ones as a given memory holds.

    Loader processes are forked anew for every epoch: what one of them has kept, those of the next epoch find.
    Memory is taken when a picture is kept, not before.  Sent to a process that is not a fork, it is empty and
    keeps nothing.

    Parameters
    ----------
    sizes : sequence of (int, int)
        Width and height of every picture.
    most : int
        Bytes that pictures may take in all.
    """

    def __init__(self, sizes: Sequence[tuple[int, int]], most: int) -> None:
        lengths = np.array([0, *(width * height * 3 for width, height in sizes)], dtype=np.int64)
        ends = lengths.cumsum()
        self._sizes = sizes
        self._starts = ends[:-1]
        self._count = int(np.searchsorted(ends[1:], most, side="right"))
        self._pixels = _shared(int(ends[self._count]))
        self._kept = _shared(self._count)

    def __getstate__(self) -> dict[str, Any]:
        return {"_sizes": (), "_starts": (), "_count": 0, "_pixels": None, "_kept": None}

    def get(self, number: int) -> Image.Image | None:
        """Return a picture, or None when it is not kept (yet)."""
        if number >= self._count or self._kept is None or self._pixels is None or not self._kept[number]:
            return None
        width, height = self._sizes[number]
        start = int(self._starts[number])
        return Image.frombytes("RGB", (width, height), self._pixels[start : start + width * height * 3])

    def put(self, number: int, picture: Image.Image) -> None:
        """Keep a picture, if there is room for it."""
        if number >= self._count or self._kept is None or self._pixels is None:
            return
        start = int(self._starts[number])
        content = picture.tobytes()
        self._pixels[start : start + len(content)] = content
        self._kept[number] = 1  # last: who sees this sees all pixels


def _shared(size: int) -> mmap.mmap | None:
    """Return zeroed memory that this process shares with its forks; not in /dev/shm, which may be small."""
    return mmap.mmap(-1, size) if size else None
