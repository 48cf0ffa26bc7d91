"""What really lies in a skill's folder: each file hashed as it was read, no link followed, all bounded."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from skillbank.walk import TooManyError, walk

__all__ = [
    "INERT", "INERT_IN_A_BANK", "SIGNATURE_FILE", "Contents", "NotPlainError", "look", "read_plain",
]  # fmt: skip

SIGNATURE_FILE = "skill.oms.sig"

INERT = frozenset({".gitignore", ".gitattributes"})
"""Files directly in a skill that may lie there unsigned: only git reads them, no runtime and no agent."""
INERT_IN_A_BANK = frozenset({".git"})
"""What may lie there when the skill is a whole bank: git's own folder, or its file in a worktree."""

MAX_FILES = 20_000
MAX_FILE_BYTES = 256 << 20
MAX_BYTES = 1 << 30
_KEPT_BYTES = 4 << 20
_CHUNK = 1 << 20


class NotPlainError(Exception):
    """Why something is not read; a part of a sentence: ``is a link``."""


@dataclass
class Contents:
    """A skill's folder, looked through.

    Attributes
    ----------
    names
        All files, by their paths relative to the folder, whatever they are.
    digests
        Sha256 of those that were asked for and are regular files.
    faults
        Why one could not be hashed: ``is a link``, ``is larger than ...``.
    heading
        The bytes of SKILL.md as they were hashed; None when it was not read.
    writable
        Number of files that every user of this machine can write.
    incomplete
        Why not all was looked at; empty when all was.
    """

    names: set[str] = field(default_factory=set)
    digests: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    heading: bytes | None = None
    writable: int = 0
    incomplete: str = ""


def look(folder: Path, wanted: Collection[str] | None = None, *, whole_bank: bool = False) -> Contents:
    """Look through the folder of a skill.

    Parameters
    ----------
    wanted
        The files to hash; None hashes all.
    whole_bank
        Whether the folder is a bank's own.
    """
    found = Contents()
    left = MAX_BYTES
    inert = (INERT | INERT_IN_A_BANK if whole_bank else INERT) - {
        name.partition("/")[0] for name in wanted or ()
    } | {SIGNATURE_FILE}

    def passed(name: str, entry: os.DirEntry[str]) -> bool:
        return name in inert and _may_be_inert(entry)

    def unreadable(name: str, error: OSError) -> None:
        found.incomplete = f"its folder {f'{name}/' if name else '.'} cannot be read ({error.strerror})"

    try:
        for name, entry in walk(folder, MAX_FILES, passed=passed, unreadable=unreadable):
            found.names.add(name)
            if fault := _fault(entry):
                found.faults[name] = fault
            elif wanted is None or name in wanted:
                left -= _take(found, name, Path(entry.path), left)
    except TooManyError:
        found.incomplete = f"it holds more than {MAX_FILES} files and folders"
    return found


def _take(found: Contents, name: str, path: Path, left: int) -> int:
    """Note a file's sha256, or why there is none, and return how many bytes were read."""
    try:
        digest, size, kept, mode = _hashed(path, left, keep=name == "SKILL.md")
    except NotPlainError as error:
        found.faults[name] = str(error)
        return 0
    found.digests[name] = digest
    found.writable += bool(mode & stat.S_IWOTH)
    if name == "SKILL.md":
        found.heading = kept
    return size


def read_plain(path: Path, most: int) -> bytes:
    """Read a regular file of at most so many bytes, without following a link or waiting for a pipe.

    Raises
    ------
    NotPlainError
        When it is anything else, or larger.
    FileNotFoundError
        When it is not there.
    """
    descriptor = _opened(path)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise NotPlainError(f"is larger than {most >> 20} MiB")
    return content


def _may_be_inert(entry: os.DirEntry[str]) -> bool:
    """A link or a device is never inert, whatever its name; of folders only git's own may be."""
    if entry.is_dir(follow_symlinks=False):
        return entry.name in INERT_IN_A_BANK
    return entry.is_file(follow_symlinks=False) or entry.name == SIGNATURE_FILE


def _fault(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "is a link"
    return "" if entry.is_file(follow_symlinks=False) else "is no regular file"


def _opened(path: Path) -> int:
    """Open a regular file, or refuse; what lies there is judged by the open file, not by its name."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        link = path.is_symlink()
        raise NotPlainError("is a link" if link else f"cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotPlainError("is no regular file")
    return descriptor


def _hashed(path: Path, left: int, *, keep: bool) -> tuple[str, int, bytes | None, int]:
    """Return a file's sha256, its size, its bytes where they are to be kept, and its mode."""
    most = min(MAX_FILE_BYTES, left)
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    try:
        descriptor = _opened(path)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            status = os.fstat(descriptor)
            while status.st_size <= most and (chunk := file.read(_CHUNK)):
                size += len(chunk)
                digest.update(chunk)
                if size > most:
                    break
                if keep and size <= _KEPT_BYTES:
                    kept += chunk
    except OSError as error:
        raise NotPlainError(f"cannot be read ({error.strerror})") from None
    if max(size, status.st_size) > most:
        raise NotPlainError(f"is larger than the {most >> 20} MiB that are read of it")
    return digest.hexdigest(), size, bytes(kept) if keep and size <= _KEPT_BYTES else None, status.st_mode
