"""Wrong approval codes, counted over all processes of a home: each further one makes the next wait longer."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path

__all__ = ["WrongCodes"]

_FREE = 3
"""So many in a row cost nothing but the time that scrypt takes."""
_FIRST, _LONGEST = 10.0, 900.0
"""Seconds to wait after one more; doubled by each further one."""


class WrongCodes:
    """The count of a file, and of this process, which the file's removal does not take back."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._here: tuple[int, float] = (0, 0.0)

    @property
    def wait(self) -> float:
        """Seconds until another code is looked at."""
        count, last = max(self._here, self._read())
        if count <= _FREE:
            return 0.0
        pause = min(_LONGEST, _FIRST * 2.0 ** min(count - _FREE - 1, 20))
        return max(0.0, last + pause - time.time())

    def note(self, wrong: bool) -> None:
        """Count one more, or begin anew after one that was right."""
        count = max(self._here, self._read())[0] + 1 if wrong else 0
        self._here = (count, time.time())
        try:
            with os.fdopen(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.truncate()
                json.dump(self._here, file)
        except OSError:
            return  # a home that cannot be written: this process counts by itself

    def _read(self) -> tuple[int, float]:
        try:
            count, last = json.loads(self._file.read_text())
            return int(count), min(float(last), time.time())
        except (OSError, ValueError, TypeError):
            return (0, 0.0)
