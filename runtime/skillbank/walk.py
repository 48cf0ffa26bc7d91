"""The one way through a folder that nobody vouches for: no link followed, counted, sorted, all of it said."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

__all__ = ["TooManyError", "walk"]

Passed = Callable[[str, "os.DirEntry[str]"], bool]
Unreadable = Callable[[str, OSError], None]


class TooManyError(Exception):
    """A folder holds more than may be looked at."""


def walk(
    root: Path, most: int, *, passed: Passed, unreadable: Unreadable | None = None
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield everything below a folder that is no folder itself, whatever it is, sorted within each folder.

    Parameters
    ----------
    root
        The folder. Links below it are yielded as links.
    most
        How many files and folders may lie there, those that are passed by included.
    passed
        Whether an entry is passed by, a folder with all below it; called once for each, with its path
        relative to the folder.
    unreadable
        What is told of each folder that cannot be listed, with its relative path, empty for the first; the
        walk goes on. Without it the error is raised.

    Raises
    ------
    TooManyError
        When there is more, before anything of the folder where that shows is yielded.
    """
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(root / folder) as listed:
                entries = sorted(islice(listed, most + 1), key=lambda entry: entry.name)
        except OSError as error:
            if unreadable is None:
                raise
            unreadable(folder, error)
            continue
        most -= len(entries)
        if most < 0:
            raise TooManyError(folder)
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if passed(name, entry):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(name)
            else:
                yield name, entry
