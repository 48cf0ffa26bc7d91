"""Where the tests write: in memory, where this machine has room.

They make hundreds of thousands of small files that nobody reads after a test. On a disk these take a tenth
to a fifth more of the processor's time, even where nothing waits for the disk. Images of containers, which a
daemon of the tests unpacks and removes again, are waited for there longer than all that their tests do.

A folder that somebody names (``TMPDIR``, ``--basetemp``) is the one that is used.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["folder", "for_sockets", "holds"]

MEMORY = Path("/dev/shm")
GROUPS = Path("/sys/fs/cgroup")
"""What the kernel lets groups of processes have: containers, services, jobs."""
ROOM = 14 << 30
"""Bytes that have to be free: five are written there, two of them images of containers, and the processes of
a whole run take the rest."""
_PREFIX = "sb-"
_SUFFIX = 8
"""Letters that `tempfile` puts behind it: paths of sockets in it have a hundred already."""
_LIMITS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)  # fmt: skip
"""Of both versions of groups: what the one may have that a container sees as its own, and what it has."""
_locks: list[int] = []
"""Open as long as this process and what it forks: by them others see that the folder is in use."""


def folder() -> Path | None:
    """Make a folder in memory for all temporary files of this process and those that it starts.

    What an earlier run left there, one that failed or was killed, is removed.

    Returns
    -------
    None where somebody has named a folder, where no program runs from memory, or where not enough is free
    for this user and this container.
    """
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or not _fits():
        return None
    # Not by the number of its process: containers that share this memory have numbers of their own.
    for earlier in MEMORY.glob(f"{_PREFIX}{'?' * _SUFFIX}"):
        if (lock := _locked(earlier)) is not None:
            shutil.rmtree(earlier, ignore_errors=True)
            os.close(lock)
    made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=MEMORY))
    lock = _locked(made)
    if lock is None or not made.exists():
        return None  # a run that begins at this moment took it for one that is over
    _locks.append(lock)
    made.chmod(0o1777)  # like that of the system: some tests are of several users
    os.environ["TMPDIR"] = tempfile.tempdir = str(made)
    return made


def holds(path: Path) -> bool:
    """Whether a path lies in such a folder, and not in one that somebody has named."""
    return any(each.parent == MEMORY and each.name.startswith(_PREFIX) for each in path.parents)


def for_sockets() -> Path:
    """Return where folders with sockets are made: in memory too, but not below what somebody named."""
    place = Path(tempfile.gettempdir())
    return place if holds(place / "any") else Path("/tmp")


def _locked(place: Path) -> int | None:
    """Return the lock of a folder that no living run has and that is this user's; None of others."""
    try:
        opened = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        if os.fstat(opened).st_uid == os.getuid():
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return opened
    except OSError:
        pass
    os.close(opened)
    return None


def _fits() -> bool:
    told = os.statvfs(MEMORY)
    free = min(told.f_bavail * told.f_frsize, *_free())
    return not told.f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK) and free >= ROOM


def _free() -> Iterator[int]:
    """Yield what this machine has of memory that nobody uses, and what this container may still take."""
    memory = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    yield int(memory[1]) << 10 if memory else 0
    for most, used in _LIMITS:
        with contextlib.suppress(OSError, ValueError):  # "max": as much as there is
            yield int((GROUPS / most).read_text()) - int((GROUPS / used).read_text())
