"""Decoded pictures kept in memory that loader processes share."""

import logging
import mmap
from collections.abc import Sequence

from PIL import Image

_LOG = logging.getLogger(__name__)


class PictureCache:
    """RGB pictures of known sizes, as many as a given memory holds.

    Loader processes are forked anew for every epoch: what one of them has kept, those of the next epoch find.
    Memory is taken when a picture is kept, not before.  Sent to a process that is not a fork, it is empty and
    keeps nothing.

    Parameters
    ----------
    sizes : sequence of (int, int)
        Width and height of every picture; the first ones that fit get room.
    most : int
        Bytes that pictures may take in all.
    """

    def __init__(self, sizes: Sequence[tuple[int, int]], most: int) -> None:
        self._places: dict[int, tuple[int, int, int]] = {}
        end = 0
        for number, (width, height) in enumerate(sizes):
            if end + width * height * 3 <= most:
                self._places[number] = end, width, height
                end += width * height * 3
        try:
            # Not in /dev/shm, which containers keep small.
            self._memory = mmap.mmap(-1, end + len(sizes)) if self._places else None
        except OSError as error:
            _LOG.warning("decoded pictures are not kept: %d MB cannot be had (%s)", end // 2**20, error)
            self._memory, self._places = None, {}
        self._flags = end

    def __getstate__(self) -> dict[str, object]:
        return {"_places": {}, "_memory": None, "_flags": 0}

    def get(self, number: int) -> Image.Image | None:
        """Return a picture, or None when it is not kept (yet)."""
        if self._memory is None or number not in self._places or not self._memory[self._flags + number]:
            return None
        start, width, height = self._places[number]
        return Image.frombytes("RGB", (width, height), self._memory[start : start + width * height * 3])

    def put(self, number: int, picture: Image.Image) -> None:
        """Keep a picture, if there is room for it."""
        if self._memory is None or number not in self._places:
            return
        start, width, height = self._places[number]
        self._memory[start : start + width * height * 3] = picture.tobytes()
        self._memory[self._flags + number] = 1  # last: who sees this sees all pixels
