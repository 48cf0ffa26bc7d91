"""Opening files that nobody vouches for: regular files only, never waited for, capped by what was read.

A name in a bank may be a pipe that nobody writes to, a device without an end, a sparse file of a terabyte, or
a file that grows while it is read. So what a name leads to is looked at before and after it is opened,
opening never waits, and the cap counts bytes that came, not those that were promised.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from skillbank.errors import SkillFormatError
from skillbank.visible import visible

__all__ = [
    "MAX_BYTES",
    "MAX_FILES",
    "MAX_TOTAL",
    "Found",
    "hash_file",
    "is_there",
    "no_link_below",
    "read_file",
    "regular_files",
    "utf8_name",
]

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of a document that is parsed."""
MAX_FILES = 10_000
"""Files and folders of one skill."""
MAX_TOTAL = 512 * 1024 * 1024
"""Bytes of all files of one skill."""
MAX_LEVELS = 32
"""Folders inside of each other in one skill."""
_CHUNK = 1 << 20
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY
_KINDS = {
    stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link",
}  # fmt: skip


class Found(NamedTuple):
    """A regular file of a folder: its name relative to that folder, and where it lies, links followed."""

    name: str
    place: str


def read_file(path: Path, most: int = MAX_BYTES) -> bytes:
    """Return the content of a regular file; a link in the file's own place is not followed.

    Raises
    ------
    SkillFormatError
        When it is missing, no regular file, larger than `most` bytes, or the system refuses.
    """
    return b"".join(_chunks(path, most))


def hash_file(path: Path | str, most: int = MAX_TOTAL) -> tuple[str, int]:
    """Return the sha256 of a regular file and how many bytes it has; raises as `read_file` does."""
    whole, size = hashlib.sha256(), 0
    for chunk in _chunks(path, most):
        whole.update(chunk)
        size += len(chunk)
    return whole.hexdigest(), size


def is_there(path: Path) -> bool:
    """Whether something has this name, readable or not; what cannot be looked at counts as being there."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def no_link_below(folder: Path, path: Path) -> bool:
    """Whether a path is there, lies in a folder, itself free of links, and none is on the way to it.

    It is its own real path then; to find that out by resolving it takes four times as long.
    """
    top, place = str(folder).rstrip("/"), str(path)
    if not place.startswith(f"{top}/") or "/.." in place:
        return False
    end = len(top)
    try:
        while end >= 0:
            end = place.find("/", end + 1)
            if stat.S_ISLNK(os.lstat(place if end < 0 else place[:end]).st_mode):
                return False
    except (OSError, ValueError):
        return False
    return True


def _chunks(path: Path | str, most: int) -> Iterator[bytes]:
    try:
        _refuse_odd(path, os.lstat(path).st_mode)  # opening a device may already do something
        handle = os.open(path, _FLAGS)
        with os.fdopen(handle, "rb", buffering=0) as file:
            said = os.fstat(handle)
            _refuse_odd(path, said.st_mode)
            # Some of the system's files say that they hold nothing, and others grow: what is read counts too.
            left = most + 1 if said.st_size <= most else 0
            while left > 0 and (chunk := file.read(min(left, _CHUNK))):
                left -= len(chunk)
                if left > 0:
                    yield chunk
            if left <= 0:
                raise SkillFormatError(f"{_said(path)} is larger than {_size(most)}; split it.")
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror or str(error)
        raise SkillFormatError(f"{_said(path)} cannot be read: {reason}.") from None
    except ValueError as error:
        raise SkillFormatError(f"{_said(path)} cannot be read: {error}.") from None


def _refuse_odd(path: Path | str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise SkillFormatError(f"{_said(path)} cannot be read: it is {kind}, no file; remove it.")


def regular_files(root: Path, within: Path) -> Iterator[Found]:
    """Yield every regular file below a folder; links are followed as far as they stay inside of `within`.

    Folders named ``__pycache__`` are left out, and so is what is no file. A folder that links lead to
    several times is looked through once, so links in a circle end.

    Parameters
    ----------
    within
        Folder that no link may lead out of, itself free of links.

    Raises
    ------
    SkillFormatError
        When there are more than `MAX_FILES` entries or `MAX_LEVELS` levels.
    """
    top = os.path.realpath(root)
    seen, waiting, count = {top}, [("", top, 0)], 0
    while waiting:
        before, folder, level = waiting.pop()
        for entry in _entries(folder):
            count += 1
            if count > MAX_FILES:
                raise SkillFormatError(f"{_said(root)} holds more than {MAX_FILES} files; take some away.")
            place = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
            if place != entry.path and not _is_below(place, str(within)):
                continue
            try:
                mode = entry.stat().st_mode
            except OSError:
                continue  # gone meanwhile, or a link that leads nowhere or in a circle
            name = f"{before}{entry.name}"
            if stat.S_ISREG(mode):
                yield Found(name, place)
            elif stat.S_ISDIR(mode) and place not in seen and entry.name != "__pycache__":
                if level >= MAX_LEVELS:
                    raise SkillFormatError(
                        f"{_said(root)} has folders nested deeper than {MAX_LEVELS} levels; flatten it."
                    )
                seen.add(place)
                waiting.append((f"{name}/", place, level + 1))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = []
            for entry in entries:
                found.append(entry)
                if len(found) > MAX_FILES:
                    break
    except OSError:
        return []  # a folder that cannot be listed has no file that could be read
    # What folders are reached by two ways, the first by name counts, on every machine.
    return sorted(found, key=lambda entry: entry.name, reverse=True)


def utf8_name(name: str) -> str:
    """Return a file's name as text that can be written anywhere: bytes that are no UTF-8 are escaped."""
    if name.isascii():
        return name
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _is_below(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def _said(path: Path | str) -> str:
    return visible(utf8_name(str(path)))


def _size(most: int) -> str:
    return f"{most >> 20} MiB" if most >= 1 << 20 else f"{most} bytes"
