"""What a server costs while it works: processor time by part, memory of each process; and its kills."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Watch", "children", "killing"]

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_OFTEN = 1.0
_WARM = 60.0
"""Seconds after which a process has what it needs, and should grow no more."""


def children(process: int) -> list[int]:
    """Return the processes right below one."""
    try:
        return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))
    except OSError:
        return []


def _spent(process: int) -> float:
    """Return the processor seconds of a process and of its children that have ended; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICK


def _own(process: int) -> float:
    """Return the processor seconds of a process by itself."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / _TICK


def _busy() -> float:
    """Return the processor seconds that this machine has worked."""
    times = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return (sum(times) - times[3] - times[4]) / _TICK


def _resident(process: int) -> float:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE / 2**20
    except OSError:
        return 0.0


@dataclass
class _Life:
    """A server process: MB by its age in seconds, and the processor time that it has spent."""

    born: float
    spent: float
    sizes: list[tuple[float, float]] = field(default_factory=list)
    last: float = 0.0


class Watch:
    """Looks once a second.

    Parameters
    ----------
    server, database
        The process that watches over the server's, and that of PostgreSQL.
    """

    def __init__(self, server: int, database: int) -> None:
        self._server, self._database = server, database
        self._lives: dict[int, _Life] = {}
        self._began = time.monotonic()
        self._before = (_busy(), self._of_database(), time.process_time(), _own(server))
        for process in children(server):  # what they have spent before is not this work's
            self._lives[process] = _Life(self._began, _spent(process))
        self.look()

    def _of_database(self) -> float:
        return _spent(self._database) + sum(map(_spent, children(self._database)))

    def look(self) -> None:
        """Take down how each process of the server stands."""
        now = time.monotonic()
        for process in children(self._server):
            life = self._lives.setdefault(process, _Life(now, 0.0))
            life.last = max(life.last, _spent(process))
            if size := _resident(process):
                life.sizes.append((now - life.born, size))

    async def run(self) -> None:
        """Look until it is cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_OFTEN)

    @property
    def seconds(self) -> float:
        """How long it has looked."""
        return time.monotonic() - self._began

    def processor(self) -> dict[str, float]:
        """Return the processor seconds since the beginning, by part."""
        self.look()
        busy, database, clients, parent = self._before
        parts = {
            "server": sum(life.last - life.spent for life in self._lives.values())
            + _own(self._server)
            - parent,
            "PostgreSQL": self._of_database() - database,
            "these clients": time.process_time() - clients,
        }
        return {**parts, "jobs and others": _busy() - busy - sum(parts.values())}

    def growth(self) -> list[tuple[float, float, float]]:
        """Return of each process that lived on: seconds after it was warm, MB then, MB at its end."""
        found = []
        for life in self._lives.values():
            warm = [(age, size) for age, size in life.sizes if age >= _WARM]
            if len(warm) > 1:
                found.append((warm[-1][0] - warm[0][0], warm[0][1], warm[-1][1]))
        return found


async def killing(server: int, kills: int, seconds: float) -> None:
    """Kill server processes at random moments, as likely as not while others still begin."""
    for _ in range(kills):
        await asyncio.sleep(seconds / (kills + 1) * random.uniform(0.6, 1.2))
        if working := children(server):
            os.kill(random.choice(working), signal.SIGKILL)
