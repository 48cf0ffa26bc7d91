"""Plain files opened to be read: a pipe that nobody writes to is an error, and nothing to wait for."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

__all__ = ["open_plain"]

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_plain(path: Path) -> BinaryIO:
    """Open a file for its bytes.

    Raises
    ------
    OSError
        When it cannot be opened; with ``EINVAL`` when it is a pipe, a folder or a device.
    """
    number = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    return os.fdopen(number, "rb")
