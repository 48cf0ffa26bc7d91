"""When a process looks for garbage: what it has imported lives as long as the process does."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collect_seldom", "taking_nothing_apart"]


def collect_seldom() -> None:
    """Have what is imported not looked through again and again, which is a tenth of the time of a start.

    Nor is it taken apart at the end, when all of it goes at once.
    """
    gc.set_threshold(200_000, 5, 20)
    atexit.register(gc.freeze)


@contextmanager
def taking_nothing_apart() -> Iterator[None]:
    """Run a program in the block whose `sys.exit` is the end of this process.

    Python would take every module and class apart, a tenth of the time of a short command. Threads are waited
    for, and what other modules do at the end is done, as ever. An error that is none of ours ends as usual.
    """
    codes: list[int] = []
    atexit.register(_leave, codes)  # what is registered first is called last
    try:
        yield
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            codes.append(end.code or 0)
        raise


def _leave(codes: list[int]) -> None:
    if not codes:
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # nobody listens any more, which Python has an exit code for
    os._exit(codes[0] & 0xFF)
