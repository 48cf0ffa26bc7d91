"""Two members of an archive that have one name: the later never takes the place of the earlier unsaid."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import IO

from skillbank.errors import DataError
from skillbank.visible import one_line

__all__ = ["is_new", "refuse_other"]

_PIECE = 1 << 20
"""Bytes that are compared at once."""


def is_new(archive: Path, folder: Path, path: PurePosixPath, *, is_folder: bool) -> bool:
    """Make the folders around a member, and say whether nothing of its name was unpacked before.

    The disk is asked, which is empty at first: it knows which names are one to it, in capitals or not, and
    no list of a large archive's names has to be kept.

    Raises
    ------
    DataError
        When a file and a folder have one name.
    """
    target = folder / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        file = next(part for part in reversed(target.parents) if part.is_file())
        raise _both(archive, PurePosixPath(file.relative_to(folder))) from None
    if not target.exists():
        return True
    if target.is_dir() != is_folder:
        raise _both(archive, path)
    return is_folder


def _both(archive: Path, path: PurePosixPath) -> DataError:
    return DataError(
        f"{archive} holds '{one_line(path, 100)}' as a file and as a folder; rename one of them and pack it "
        "again"
    )


def refuse_other(archive: Path, folder: Path, path: PurePosixPath, again: IO[bytes]) -> None:
    """Raise `DataError` when a member of a name that was unpacked before has other bytes; one is enough."""
    target = folder / path
    with target.open("rb") as first:
        while (piece := again.read(_PIECE)) == first.read(_PIECE):
            if not piece:
                return
    names = [entry.name for entry in target.parent.iterdir() if entry.samefile(target)]
    said = "twice" if target.name in names else f"and '{one_line(names[0], 100)}', which are one name here,"
    raise DataError(
        f"{archive} holds '{one_line(path, 100)}' {said} with different content; leave one of them out or "
        "rename it, and pack it again"
    )
