"""Which process is meant: a pid, and what tells it from a later process that got the same number.

Standard library only: the keeper of a local job uses this without the installed packages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["alive", "describe_self", "described_alive", "identity", "processes_with"]


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "boot"


def identity(pid: int) -> str | None:
    """Return what stays the same while a process lives and differs for every other one.

    It is the boot and the start time within it; None when there is no such process, or only its zombie.
    """
    if not Path("/proc/self").exists():
        return _identity_from_ps(pid)
    try:
        # The program's name stands in parentheses and may hold spaces and parentheses itself.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else f"{_boot()}:{fields[19].decode()}"


def alive(pid: int, known_identity: str) -> bool:
    """Say whether the very process that had this identity is still running."""
    return identity(pid) == known_identity


def describe_self() -> str:
    """Return ``host:pid:identity`` of this process, for `described_alive`."""
    return f"{os.uname().nodename}:{os.getpid()}:{identity(os.getpid())}"


def described_alive(description: str) -> bool | None:
    """Say whether a described process still runs; None when it belongs to another machine."""
    host, _, rest = description.partition(":")
    pid, _, known = rest.partition(":")
    return alive(int(pid), known) if host == os.uname().nodename else None


def processes_with(marker: str) -> Iterator[int]:
    """Yield the pids of this user's processes whose environment holds ``NAME=value`` exactly.

    Processes inherit it, so it also finds those that left their process group. Linux only; elsewhere
    nothing is found.
    """
    wanted = marker.encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found = wanted in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if found:
            yield int(folder.name)


def _identity_from_ps(pid: int) -> str | None:
    import subprocess  # where there is no /proc

    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split(maxsplit=1)
    return None if len(answer) < 2 or answer[0].startswith("Z") else answer[1].strip()
