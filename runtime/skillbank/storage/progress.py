"""How far a transfer is, or other work on data; who shows it and how is not decided here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from skillbank.datasets.progress import Step

__all__ = ["Meter", "Report", "Step", "Transfer"]


@dataclass(frozen=True)
class Transfer:
    """Bytes of one transfer; ``name`` says what is moved and stays the same while it lasts."""

    name: str
    done: int
    total: int


Report: TypeAlias = Callable[[Transfer | Step], None]
"""Called with each piece of news, never by two threads at the same time."""


class Meter:
    """Counts the bytes that many threads move."""

    def __init__(self, name: str, total: int, report: Report | None) -> None:
        self._name, self._total, self._report = name, total, report
        self._done, self._lock = 0, threading.Lock()
        self.add(0)

    def add(self, count: int) -> None:
        """Count bytes as moved; a negative count takes back what has to be moved again."""
        if self._report is None:
            return
        with self._lock:
            self._done += count
            self._report(Transfer(self._name, self._done, self._total))
