"""A folder of things that can be made again, by content: made once for all processes, whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from skillbank.errors import DataError
from skillbank.whole_files import write_whole

__all__ = ["content_key", "digest", "lock", "once"]


def once(cache: Path, key: str, make: Callable[[Path], Path]) -> Path:
    """Return the folder ``cache/key``; the first of all processes that want it makes it.

    Parameters
    ----------
    make
        Gets a folder to work in and returns the finished folder inside it. What a call that broke off has
        left there is still there for the next one, except when the data itself is at fault.
    """
    folder = cache / key
    if folder.is_dir() and not os.access(cache, os.W_OK):
        return folder  # a cache that others fill, and that nothing of ours is cleaned from
    cache.mkdir(parents=True, exist_ok=True)
    with lock(cache / f"{key}.lock"):
        if folder.is_dir():
            return folder
        work = cache / f"{key}.tmp"
        work.mkdir(exist_ok=True)
        try:
            make(work).rename(folder)
        except DataError:
            shutil.rmtree(work, ignore_errors=True)
            raise
        shutil.rmtree(work, ignore_errors=True)
    return folder


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold a lock between processes; the system takes it back from a process that dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.utime(path)  # when it was used last, see `skillbank.storage.cleaning`
        yield


def digest(*parts: str) -> str:
    """Return 40 hex digits that stand for these texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


def content_key(path: Path, cache: Path) -> str:
    """Return the sha256 of a file; it is remembered for as long as size, time and inode stay the same."""
    info = path.stat()
    known = f"{path}\0{info.st_size}\0{info.st_mtime_ns}\0{info.st_ino}\0{info.st_dev}"
    note = cache / "keys" / hashlib.sha256(known.encode()).hexdigest()
    try:
        if len(key := note.read_text()) == 64:
            return key
    except FileNotFoundError:
        pass
    with path.open("rb") as file:
        key = hashlib.file_digest(file, "sha256").hexdigest()
    write_whole(note, key)
    return key
