"""Bringing inputs to where the job runs: files in place, archives unpacked once for all jobs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from skillbank.errors import DataError, DataNotFoundError
from skillbank.plan.model import InputBinding
from skillbank.storage.archive import SUFFIXES, archive_stem, extract
from skillbank.storage.uri import Uri, parse_uri

__all__ = ["locate", "stage"]


def locate(binding: InputBinding) -> Path:
    """Return the local path of an input's data, as it lies there; nothing is moved or unpacked.

    A folder ``images/`` stands in for the archive ``images.tar.gz`` when only the folder is there.

    Raises
    ------
    DataNotFoundError
        When nothing is there.
    DataError
        When it is a file where a folder is needed, or the place cannot be read in this version.
    """
    uri = parse_uri(binding.uri)
    path = _SCHEMES[uri.scheme](uri, binding)
    if not path.exists():
        stem = archive_stem(path.name)
        if binding.runtime != "extracted_folder" or stem is None or not path.with_name(stem).is_dir():
            raise DataNotFoundError(
                f"{binding.uri}, the data for {binding.key}, does not exist{_way_out(path)}"
            )
        path = path.with_name(stem)
    if path.is_dir():
        return path
    if binding.runtime == "folder":
        raise DataError(f"{binding.uri}, the data for {binding.key}, is a file and must be a folder")
    if binding.runtime == "extracted_folder" and archive_stem(path.name) is None:
        raise DataError(
            f"{binding.uri}, the data for {binding.key}, is neither a folder nor an archive "
            f"({', '.join(SUFFIXES)})"
        )
    if not os.access(path, os.R_OK):
        raise DataError(
            f"{binding.uri}, the data for {binding.key}, cannot be read by this user; change its mode"
        )
    return path


def stage(binding: InputBinding, cache: Path) -> Path:
    """Return the path that the program gets for an input.

    Local files and folders are used where they are. An archive is unpacked into a folder of the cache that
    is named by its content, so any number of jobs unpack it once; it appears there whole or not at all.

    Parameters
    ----------
    cache
        Folder for unpacked archives.
    """
    path = locate(binding)
    if binding.runtime != "extracted_folder" or path.is_dir():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    # The same content under another name may strip another top folder.
    key = f"{_content_key(path, cache)[:40]}-{hashlib.sha256(path.name.encode()).hexdigest()[:8]}"
    folder = cache / key
    if folder.is_dir():
        return folder
    with _lock(cache / f"{key}.lock"):
        if folder.is_dir():
            return folder
        temporary = cache / f"{key}.tmp"
        if temporary.exists():  # left by a process that was killed: the lock says that nobody is at work
            shutil.rmtree(temporary)
        temporary.mkdir()
        try:
            extract(path, temporary)
            temporary.rename(folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    return folder


def _local(uri: Uri, _: InputBinding) -> Path:
    return uri.path


def _s3(uri: Uri, binding: InputBinding) -> Path:
    raise DataError(
        f"{uri}, the data for {binding.key}, is on S3, which this version cannot read yet; "
        "copy it to a folder and name that"
    )


_SCHEMES: dict[str, Callable[[Uri, InputBinding], Path]] = {"file": _local, "s3": _s3}
"""How data of each scheme comes to this machine."""


def _way_out(path: Path) -> str:
    for folder in path.parents:
        if folder.is_dir():
            there = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))[:6]
            if folder != path.parent:
                return f"; the nearest folder that does is {folder}"
            return f"; {folder} holds {', '.join(there) or 'nothing'}"
    return ""


def _content_key(path: Path, cache: Path) -> str:
    """Return the sha256 of a file; it is remembered for as long as size, time and inode stay the same."""
    info = path.stat()
    known = f"{path}\0{info.st_size}\0{info.st_mtime_ns}\0{info.st_ino}\0{info.st_dev}"
    note = cache / "keys" / hashlib.sha256(known.encode()).hexdigest()
    try:
        if len(key := note.read_text()) == 64:
            return key
    except FileNotFoundError:
        pass
    with path.open("rb") as file:
        key = hashlib.file_digest(file, "sha256").hexdigest()
    note.parent.mkdir(exist_ok=True)
    temporary = note.with_name(f"{note.name}.{os.getpid()}.tmp")
    temporary.write_text(key)
    temporary.replace(note)
    return key


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold a lock between processes; the system takes it back from a process that dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
