"""Wrong approval codes, counted over all processes of a home: each further one makes the next wait longer."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["WrongCodes"]

_FREE = 3
"""So many in a row cost nothing but the time that scrypt takes."""
_FIRST, _LONGEST = 10.0, 900.0
"""Seconds to wait after one more; doubled by each further one."""
_PATIENCE = 60.0
"""Seconds for which codes that others try are waited for."""


class WrongCodes:
    """The count of a file, and of this process, which the file's removal does not take back."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._here: tuple[int, float] = (0, 0.0)
        self._looking = threading.Lock()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Look at one code at a time, over threads and processes: many at once would be counted as one.

        Raises
        ------
        TimeoutError
            When somebody else holds the file for long.
        """
        until = time.monotonic() + _PATIENCE
        if not self._looking.acquire(timeout=_PATIENCE):
            raise TimeoutError(f"{self._file} is held by others")
        try:
            try:
                file = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError:
                yield  # a home that cannot be written: this process counts by itself
                return
            try:
                while not _locked(file):
                    if time.monotonic() > until:
                        raise TimeoutError(f"{self._file} is held by others")
                    time.sleep(0.05)
                yield
            finally:
                os.close(file)
        finally:
            self._looking.release()

    @property
    def wait(self) -> float:
        """Seconds until another code is looked at."""
        count, last = max(self._here, self._read())
        if count <= _FREE:
            return 0.0
        pause = min(_LONGEST, _FIRST * 2.0 ** min(count - _FREE - 1, 20))
        return max(0.0, last + pause - time.time())

    def note(self, wrong: bool) -> None:
        """Count one more, or begin anew after one that was right; what was looked at stands in `alone`."""
        count = max(self._here, self._read())[0] + 1 if wrong else 0
        self._here = (count, time.time())
        try:
            with os.fdopen(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(self._here, file)
        except OSError:
            return  # a home that cannot be written: this process counts by itself

    def _read(self) -> tuple[int, float]:
        try:
            count, last = json.loads(self._file.read_text())
            return int(count), min(float(last), time.time())
        except (OSError, ValueError, TypeError):
            return (0, 0.0)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
