"""When a process looks for garbage: what it has imported lives as long as the process does."""

from __future__ import annotations

import atexit
import gc

__all__ = ["collect_seldom"]


def collect_seldom() -> None:
    """Have what is imported not looked through again and again, which is a tenth of the time of a start.

    Nor is it taken apart at the end, when all of it goes at once.
    """
    gc.set_threshold(50_000, 20, 20)
    atexit.register(gc.freeze)
