"""What stands for the data of a plan on this machine: a digest that is cheap to make again at any size."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from skillbank.plan.model import Frozen

__all__ = ["ABSENT", "SeenData", "data_digest"]

ABSENT = "absent"
"""The digest of a place where nothing lay."""
_SHOWN = 12

_WHOLE = 64 << 20
"""Bytes of a file that is read whole: annotations are, archives of pictures are not."""
_ENDS = 1 << 20
_MOST_ENTRIES = 200_000
_TEXTS = (".csv", ".json", ".jsonl", ".tsv", ".txt", ".xml", ".yaml", ".yml")
"""Endings of the files that labels stand in, which change without getting longer; manifests of labels too."""
_JOB = re.compile(r"-\d{8}-\d{6}-[0-9a-f]{6}$")
"""How the id of a job ends, and with it the folder that it writes; see `skillbank.jobs.record.new_job_id`."""
_FOLDER, _NOTHING = -1, -2
"""Sizes of what has none: a folder, and what is neither folder nor file."""


class SeenData(Frozen):
    """One input of a plan.

    ``digest`` stands for what lay there (see `data_digest`), or is ``absent``; without one
    ``unchecked`` says why there is none.
    """

    key: str
    uri: str
    digest: str = Field(default="", exclude_if=lambda value: not value)
    unchecked: str = Field(default="", exclude_if=lambda value: not value)

    @property
    def shown(self) -> str:
        """The digest in a few letters, or that there is none and why."""
        return f"not checked ({self.unchecked})" if self.unchecked else _short(self.digest)


def data_digest(path: Path, results: Path | None = None) -> str:
    """Return what stands for a local file or folder; empty where that cannot be said.

    Parameters
    ----------
    results
        Where jobs write: the folders of jobs in it are no data, also where it lies inside of `path`.

    Returns
    -------
    str
        ``sha256:`` of a file; ``ends:`` of the size, the time of the last change, the first and the last MiB
        of one over 64 MiB; ``names:`` of the names and sizes in a folder, and of the content of the texts in
        it as far as 64 MiB of them go.
    """
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            return _folder(path, None if results is None else os.path.realpath(results))
        return _file(path, info) if stat.S_ISREG(info.st_mode) else ""
    except OSError:
        return ""


def _file(path: Path, info: os.stat_result) -> str:
    with path.open("rb") as file:
        if info.st_size <= _WHOLE:
            return f"sha256:{hashlib.sha256(file.read(_WHOLE + 1)).hexdigest()}"
        whole = hashlib.sha256(f"{info.st_size}\0{info.st_mtime_ns}\0".encode() + file.read(_ENDS))
        file.seek(-_ENDS, os.SEEK_END)
        whole.update(file.read(_ENDS))
    return f"ends:{whole.hexdigest()}"


def _folder(path: Path, results: str | None) -> str:
    found: list[tuple[bytes, int, str]] = []
    start = len(str(path).rstrip("/")) + 1
    for entry, size in _entries(str(path), results):
        if len(found) >= _MOST_ENTRIES:
            return ""
        found.append((os.fsencode(entry[start:]), size, entry))
    whole, left = hashlib.sha256(), _WHOLE
    for name, size, entry in sorted(found):
        whole.update(name + f"\0{size}\n".encode())
        if 0 < size <= left and entry.lower().endswith(_TEXTS):
            left -= size
            with Path(entry).open("rb") as file:
                whole.update(hashlib.sha256(file.read(size)).digest())
    return f"names:{whole.hexdigest()}"


def _entries(top: str, results: str | None) -> Iterator[tuple[str, int]]:
    """Yield what a folder holds at any depth and the sizes.

    Links are followed, as programs do, but into no folder twice.
    """
    waiting, known = [top], {os.path.realpath(top)}
    while waiting:
        folder = waiting.pop()
        holds_jobs = results is not None and os.path.realpath(folder) == results
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            size = _size(entry)
            if size != _FOLDER:
                yield entry.path, size
            elif not (holds_jobs and _JOB.search(entry.name)):
                yield entry.path, size
                if entry.is_symlink():
                    real = os.path.realpath(entry.path)
                    if real in known:
                        continue
                    known.add(real)
                waiting.append(entry.path)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        info = entry.stat()
    except OSError:
        return _NOTHING  # a link to nothing
    if stat.S_ISDIR(info.st_mode):
        return _FOLDER
    return info.st_size if stat.S_ISREG(info.st_mode) else _NOTHING


def _short(digest: str) -> str:
    kind, _, letters = digest.partition(":")
    return f"{kind} {letters[:_SHOWN]}" if letters else "not there"
