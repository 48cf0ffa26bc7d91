"""Memory that was freed is kept for what comes next, not given back to the system and asked for anew.

A picture on its way through a decoder, a resizer and a tensor takes some thirty megabytes, in blocks that the
C library hands back as soon as they are free.  The system fills each page with zeros before it is used again:
a third of the processor time of opening, resizing and saving a picture, in which threads wait for each other.
"""

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's ``mallopt``."""
_KEPT = 256 << 20
"""Bytes: blocks as large are mapped by themselves, and as much free memory at the end is given back."""
_OWN = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES", "LD_PRELOAD")
"""Variables by which somebody has chosen otherwise, or another allocator."""


def keep_freed_memory() -> None:
    """Let glibc keep what is freed; does nothing elsewhere, or where somebody has chosen."""
    if sys.platform != "linux" or any(name in os.environ for name in _OWN):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    # Kept is only what is not mapped by itself: without the first, the second would make it worse.
    if mallopt is not None and mallopt(_MMAP_THRESHOLD, _KEPT):
        mallopt(_TRIM_THRESHOLD, _KEPT)
