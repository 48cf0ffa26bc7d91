"""Where the tests write: in memory, where this machine has room.

They make hundreds of thousands of small files that nobody reads after a test. On a disk these take a tenth
to a fifth more of the processor's time, even where nothing waits for the disk.

A folder that somebody names (``TMPDIR``, ``--basetemp``) is the one that is used.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

__all__ = ["folder"]

MEMORY = Path("/dev/shm")
ROOM = 12 << 30
"""Bytes that have to be free: three are written there, and the processes of a whole run take the rest."""
_PREFIX = "skb-"


def folder() -> Path | None:
    """Make a folder in memory for all temporary files of this process and those that it starts.

    What an earlier run left there, one that failed or was killed, is removed.

    Returns
    -------
    None where somebody has named a folder, where no program runs from memory, or where not enough is free.
    """
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or not _fits():
        return None
    made = MEMORY / f"{_PREFIX}{os.getpid()}"  # short: paths of sockets in it have a hundred letters
    for earlier in MEMORY.glob(f"{_PREFIX}*"):
        if earlier == made or not Path("/proc", earlier.name.removeprefix(_PREFIX)).exists():
            shutil.rmtree(earlier, ignore_errors=True)
    made.mkdir()
    made.chmod(0o1777)  # like that of the system: some tests are of several users
    os.environ["TMPDIR"] = tempfile.tempdir = str(made)
    return made


def _fits() -> bool:
    told = os.statvfs(MEMORY)
    memory = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    free = min(told.f_bavail * told.f_frsize, int(memory[1]) << 10 if memory else 0)
    return not told.f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK) and free >= ROOM
