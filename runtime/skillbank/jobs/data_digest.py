"""What stands for the data of a plan on this machine: a digest that is cheap to make again at any size."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

__all__ = ["data_digest"]

_WHOLE = 64 << 20
"""Bytes of a file that is read whole: annotations are, archives of pictures are not."""
_ENDS = 1 << 20
_MOST_ENTRIES = 200_000
_LABELS = "skillbank-labels.json"
"""As `skillbank.labelling.manifest.MANIFEST`, which is slow to import."""


def data_digest(path: Path) -> str:
    """Return what stands for a local file or folder; empty where that cannot be said.

    Returns
    -------
    str
        ``sha256:`` of a file; ``ends:`` of the size, the first and the last MiB of one over 64 MiB;
        ``names:`` of the names and sizes in a folder, with the content of the manifest of labels that
        skillbank made.
    """
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            return _folder(path)
        return _file(path, info.st_size) if stat.S_ISREG(info.st_mode) else ""
    except OSError:
        return ""


def _file(path: Path, size: int) -> str:
    with path.open("rb") as file:
        if size <= _WHOLE:
            return f"sha256:{hashlib.sha256(file.read(_WHOLE + 1)).hexdigest()}"
        whole = hashlib.sha256(f"{size}\0".encode() + file.read(_ENDS))
        file.seek(-_ENDS, os.SEEK_END)
        whole.update(file.read(_ENDS))
    return f"ends:{whole.hexdigest()}"


def _folder(path: Path) -> str:
    entries: list[bytes] = []
    waiting = [path]
    while waiting:
        with os.scandir(waiting.pop()) as found:
            for entry in found:
                if len(entries) >= _MOST_ENTRIES:
                    return ""
                name = os.fsencode(os.path.relpath(entry.path, path))
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                    entries.append(name + b"/")
                else:
                    entries.append(name + f"\0{_size(entry)}".encode())
    whole = hashlib.sha256(b"\n".join(sorted(entries)))
    labels = path / _LABELS
    if labels.is_file():
        whole.update(_file(labels, labels.stat().st_size).encode())
    return f"names:{whole.hexdigest()}"


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:
        return -1  # a link to nothing
