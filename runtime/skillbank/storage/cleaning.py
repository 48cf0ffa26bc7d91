"""What the cache holds, when it was last used, and how it is made smaller: the longest unused goes first."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RESTING", "Entry", "drop", "entries", "freed", "over", "size_of"]

RESTING = 3600.0
"""Seconds for which what was used stays whatever the cap: a launch that staged it has not said so yet."""
_HALF = (".lock", ".tmp")
_GONE = ".gone"
_KINDS = {
    "-unpacked": "unpacked archive",
    "-folder": "folder from elsewhere",
    "-file": "file from elsewhere",
    "-dataset": "converted data set",
    "-thumbnails": "small copies of pictures",
    "-listed": "texts of a data set elsewhere",
    "-set": "label set as files",
    "pictures": "what was seen of pictures",
    "search": "search indexes of skills",
}


@dataclass(frozen=True)
class Entry:
    """One thing of the cache: its folder, what it is, its size (bytes), its last use (epoch, s)."""

    path: Path
    kind: str
    bytes: int
    used: float


def entries(cache: Path) -> list[Entry]:
    """Return what the cache holds, the longest unused first; what is being made is no part of it."""
    found = []
    try:
        names = sorted(path.name for path in cache.iterdir())
    except FileNotFoundError:
        return []
    for name in names:
        path = cache / name
        if name.endswith(_HALF) or not path.is_dir() or name == "keys":
            continue
        found.append(Entry(path, _kind(name), size_of(path), _used(path)))
    return sorted(found, key=lambda entry: (entry.used, entry.path.name))


def over(found: Collection[Entry], cap: int, now: float, in_use: Callable[[Entry], bool]) -> Iterator[Entry]:
    """Yield what has to go so that the rest is no larger than a cap; what is in use or was just used stays.

    Parameters
    ----------
    cap
        Bytes.
    now
        Seconds since the epoch.
    """
    total = sum(entry.bytes for entry in found)
    for entry in found:
        if total <= cap:
            return
        if now - entry.used < RESTING or in_use(entry):
            continue
        total -= entry.bytes
        yield entry


def drop(entry: Entry) -> bool:
    """Remove an entry; false when it was used since it was looked at, or somebody is about to.

    It vanishes in one step, so that no job finds half of it, and under the lock that makes it, so that none
    is made at the same time.
    """
    if entry.path.name.endswith(_GONE):
        shutil.rmtree(entry.path, ignore_errors=True)
        return True
    lock = entry.path.with_name(f"{entry.path.name}.lock")
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if not entry.path.is_dir() or _used(entry.path) > entry.used:
            return False
        gone = entry.path.with_name(f"{entry.path.name}{_GONE}")
        shutil.rmtree(gone, ignore_errors=True)
        entry.path.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
    return True


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder; what has several names there counts once."""
    total, seen = 0, set[tuple[int, int]]()
    for here, _, names in os.walk(folder):
        for name in names:
            try:
                info = os.lstat(os.path.join(here, name))  # noqa: PTH118 - a million files are counted here
            except OSError:
                continue
            if info.st_nlink > 1:
                if (info.st_dev, info.st_ino) in seen:
                    continue
                seen.add((info.st_dev, info.st_ino))
            total += info.st_size
    return total


def freed(paths: Iterable[Path]) -> int:
    """Return the bytes that are free once all these files and folders are removed.

    A file that has a further name elsewhere, as pictures that were linked and not copied, stays there.
    """
    total, names = 0, dict[tuple[int, int], int]()
    for info in (info for path in paths for info in _files(path)):
        left = names.get((info.st_dev, info.st_ino), info.st_nlink) - 1
        if info.st_nlink > 1:
            names[info.st_dev, info.st_ino] = left
        total += info.st_size if left == 0 else 0
    return total


def _files(path: Path) -> Iterator[os.stat_result]:
    """Yield what the system knows of every file below a folder, or of the one file."""
    for here, _, names in os.walk(path) if path.is_dir() and not path.is_symlink() else [(path, (), ("",))]:
        for name in names:
            with suppress(OSError):
                yield os.lstat(os.path.join(here, name) if name else here)  # noqa: PTH118 - as above


def _used(path: Path) -> float:
    """Return when an entry was used last: each use touches its lock, see `skillbank.storage.cache.once`."""
    times = [path.stat().st_mtime]
    lock = path.with_name(f"{path.name}.lock")
    if lock.exists():
        times.append(lock.stat().st_mtime)
    return max(times)


def _kind(name: str) -> str:
    if name.endswith(_GONE):
        return "left from a removal"
    return next((kind for end, kind in _KINDS.items() if name.endswith(end)), "unpacked archive")
