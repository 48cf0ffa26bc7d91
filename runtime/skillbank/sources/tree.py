"""The files of a bank: copied as plain files and nothing else, counted, and hashed while they are read."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from skillbank.errors import DataError
from skillbank.storage.archive import Limits
from skillbank.visible import has_invisible, one_line
from skillbank.walk import TooManyError, walk
from skillbank.ways import option

__all__ = ["LIMITS", "Copied", "copy_tree", "hash_tree"]

LIMITS = Limits(members=100_000, total_bytes=2 << 30)
"""A bank is text with a few pictures: more than this is a mistake or a bomb."""
_PIECE = 1 << 20
_NEVER = frozenset({".git", "__pycache__"})
"""Git's own files; and compiled programs, which need not say what their sources say and are made again."""


@dataclass
class Copied:
    """What became of a folder.

    ``files`` has the sha256 of each file by its POSIX path; ``left_out`` the paths that were not taken, each
    with why.
    """

    files: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def copy_tree(source: Path, target: Path, limits: Limits = LIMITS) -> Copied:
    """Copy the regular files below a folder into a new one.

    Links, devices, git's own files and what Python has compiled are not taken. Of a file's mode the bit that
    makes it a program is kept.
    """
    copied = Copied()
    found = list(_regular(source, copied.left_out, limits))
    size = sum(each for _, each in found)
    if size > limits.total_bytes:
        raise _too_much(source, limits)
    target.mkdir(parents=True)
    left = limits.total_bytes
    for relative, _ in found:
        there = target / relative
        there.parent.mkdir(parents=True, exist_ok=True)
        whole = hashlib.sha256()
        with _opened(source / relative) as reading, there.open("xb") as writing:
            mode = os.fstat(reading.fileno()).st_mode
            while piece := reading.read(_PIECE):
                left -= len(piece)
                if left < 0:  # it has grown meanwhile
                    raise _too_much(source, limits)
                whole.update(piece)
                writing.write(piece)
            os.fchmod(writing.fileno(), 0o755 if mode & stat.S_IXUSR else 0o644)
        copied.files[relative] = whole.hexdigest()
    return copied


def hash_tree(folder: Path, limits: Limits = LIMITS) -> dict[str, str]:
    """Return the sha256 of every regular file below a folder; what else there is is named as not kept."""
    odd: list[str] = []
    files = {}
    for relative, _ in _regular(folder, odd, limits):
        try:
            with _opened(folder / relative) as reading:
                files[relative] = hashlib.file_digest(reading, "sha256").hexdigest()
        except OSError as error:
            files[relative] = f"unreadable: {error.strerror}"
    return {**files, **dict.fromkeys(odd, "not kept")}


class _opened:  # noqa: N801 - used like the function open
    """A regular file for reading, never a link and never a pipe that waits for a writer."""

    def __init__(self, path: Path) -> None:
        self._file = os.fdopen(
            os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb"
        )

    def __enter__(self) -> io.BufferedReader:
        if not stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
            self._file.close()
            raise DataError(f"{one_line(self._file.name)} changes while it is read; add the bank again.")
        return self._file

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _regular(root: Path, left_out: list[str], limits: Limits) -> Iterator[tuple[str, int]]:
    """Yield path and size of the regular files below a folder, sorted within each of its folders."""

    def passed(name: str, entry: os.DirEntry[str]) -> bool:
        if entry.name.lower() in _NEVER:
            return True
        odd = has_invisible(entry.name) or "\n" in entry.name or "\t" in entry.name or "\\" in entry.name
        if odd:
            left_out.append(f"{one_line(name, 200)} (characters that cannot be shown)")
        return odd

    try:
        for name, entry in walk(root, limits.members, passed=passed):
            if entry.is_file(follow_symlinks=False):
                yield name, entry.stat(follow_symlinks=False).st_size
            else:
                left_out.append(f"{name} ({'a link' if entry.is_symlink() else 'no regular file'})")
    except TooManyError:
        raise _too_much(root, limits) from None


def _too_much(source: Path, limits: Limits) -> DataError:
    return DataError(
        f"{one_line(source, 200)} holds more than {limits.members} files or {limits.total_bytes >> 20} MiB, "
        f"which is no bank; name the folder of skills inside it with {option('subdir')}."
    )
