"""Memory that was freed is kept for what comes next, not given back to the system and asked for anew.

A picture on its way through a decoder, a resizer and a tensor takes some thirty megabytes in blocks that the C
library hands back as soon as they are free. The system fills each page with zeros before it is used again: a
third of the processor time of opening, resizing, drawing and saving a picture, and threads wait for each other
while it does so.
"""

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's ``mallopt``."""
_KEPT = 256 << 20
"""Bytes of free memory at a heap's end from which on it is given back."""
_LARGE = 32 << 20
"""Bytes from which on a block is mapped by itself; glibc takes no more."""
_OWN = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES", "LD_PRELOAD")
"""Variables by which somebody has chosen otherwise, or another allocator."""


def keep_freed_memory() -> None:
    """Let glibc keep what is freed; does nothing elsewhere, or where somebody has chosen."""
    if sys.platform != "linux" or any(name in os.environ for name in _OWN):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_MMAP_THRESHOLD, _LARGE)
