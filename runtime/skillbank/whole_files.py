"""Files that are there as a whole or not at all, whoever reads them and whenever a process is killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["replacing", "to_disk", "write_whole"]


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield an empty file beside a path, which takes its name where the block ends well, and else goes.

    Parameters
    ----------
    private
        Whether nobody else may read it.
    """
    temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666))
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | str, *, private: bool = False, durable: bool = False) -> None:
    """Write a file, a text in UTF-8; its folder is made.

    Parameters
    ----------
    durable
        Whether it has to be there after a loss of power.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, private=private) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        if durable:
            to_disk(temporary)


def to_disk(path: Path) -> None:
    """Have what a file holds, or the names in a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
