"""A folder that is made as a whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skillbank.errors import DataError, UsageError

__all__ = ["fresh_folder"]


@contextmanager
def fresh_folder(folder: Path, source: Path) -> Iterator[Path]:
    """Yield a folder to write into, which takes its name when all went well and vanishes otherwise.

    Parameters
    ----------
    folder
        Not there yet, or empty.
    source
        The folder of the data set that is read, in which nothing may be written.

    Raises
    ------
    UsageError
        When there is something already, or the folder lies in the source.
    DataError
        When it cannot be made.
    """
    folder = folder.expanduser().resolve()
    if folder.is_relative_to(source.resolve()):
        raise UsageError(
            f"{folder} lies in the data set that is read, {source}; give a folder elsewhere with -o"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already; give a new folder with -o, nothing is ever overwritten")
    # Named before it is made: whoever is stopped at any moment from here on knows what to take away.
    work = folder.parent / f".{folder.name[:60]}-unfinished-{secrets.token_hex(4)}"
    try:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            work.mkdir(mode=0o700)
        except OSError as error:
            raise DataError(f"{folder} cannot be made: {error.strerror}") from None
        yield work
        mask = os.umask(0)
        os.umask(mask)
        work.chmod(0o777 & ~mask)
        try:
            work.rename(folder)
        except OSError as error:
            raise DataError(f"{folder} cannot be made: {error.strerror}") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
