"""The output of a job as a file that grows."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["read_log", "saved_log"]


def read_log(path: Path, over: Callable[[], bool], pause: float = 0.2) -> Iterator[str]:
    """Yield a file's text in pieces until the job that writes it is over; when it is, all at once.

    Parameters
    ----------
    over
        Says whether nothing more will be written; asked before each look, so that the last words of a job
        that ends meanwhile are read.
    pause
        Seconds between two looks.
    """
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    ended = over()
    while not ended and not path.exists():
        time.sleep(pause / 2)
        ended = over()
    if not path.exists():
        return
    with path.open("rb") as log:
        while True:
            while chunk := log.read(1 << 16):
                yield decode(chunk)
            if ended:
                break
            time.sleep(pause)
            ended = over()
    if rest := decode(b"", True):
        yield rest


def saved_log(path: Path) -> Iterator[str]:
    """Yield a whole file's text in pieces."""
    with path.open(encoding="utf-8", errors="replace", newline="") as log:
        while piece := log.read(1 << 16):
            yield piece
