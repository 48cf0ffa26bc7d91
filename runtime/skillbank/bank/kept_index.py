"""Indexes of many texts in files, for the next process: whatever changed meanwhile is told by digests."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skillbank.bank.postings import Postings
from skillbank.whole_files import replacing

__all__ = ["KeptIndex", "keep", "kept_index"]

_FORMAT = "1"
"""Of the files, and of what words and terms are."""
_MOST_FILES = 4
_FIELDS = ("starts", "rows", "counts", "lengths")
_DIGEST = 16
_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class KeptIndex:
    """An index, with the digest of each row's text, the terms by number, and the words of all heads."""

    digests: list[bytes]
    terms: list[str]
    words: list[str]
    head: Postings
    whole: Postings


def kept_index(folder: Path, digests: Sequence[bytes]) -> KeptIndex | None:
    """Return the index of just these texts, else the one that shares most texts with them, else None."""
    exact = _file(folder, digests)
    if (found := _read(exact)) is not None:
        with suppress(OSError):
            for used in (exact, folder):  # what cleans looks at the folder
                os.utime(used)
        return found
    asked = set(digests)
    shared = {file: len(asked.intersection(_digests(file))) for file in _files(folder)}
    best = max(shared, key=shared.__getitem__, default=None)
    return _read(best) if best is not None and shared[best] else None


def keep(folder: Path, index: KeptIndex) -> None:
    """Write an index, and take away those that were not used for longest.

    One that cannot be written is made anew by the next process, which costs it time and nothing else.
    """
    arrays = {f"{name}_{field}": getattr(getattr(index, name), field)
              for name in ("head", "whole") for field in _FIELDS}  # fmt: skip
    arrays["digests"] = np.frombuffer(b"".join(index.digests), np.uint8)
    arrays["language"] = np.frombuffer(json.dumps([index.terms, index.words]).encode(), np.uint8)
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            replacing(_file(folder, index.digests), private=True) as unfinished,
            unfinished.open("wb") as file,
        ):
            np.savez(file, **arrays)
        for old in _files(folder)[_MOST_FILES:]:
            old.unlink(missing_ok=True)


def _file(folder: Path, digests: Iterable[bytes]) -> Path:
    whole = blake2b(b"".join((_FORMAT.encode(), *digests)), digest_size=_DIGEST)
    return folder / f"{_FORMAT}-{whole.hexdigest()}.npz"


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder, the last used first, also of other formats or half written."""
    found: list[tuple[float, Path]] = []
    for file in (*folder.glob("*.npz"), *folder.glob(".*.tmp")):
        with suppress(OSError):  # another process has taken it away
            found.append((file.stat().st_mtime, file))
    return [file for _, file in sorted(found, reverse=True)]


def _digests(file: Path) -> list[bytes]:
    if not file.name.startswith(f"{_FORMAT}-"):
        return []
    with suppress(Exception), file.open("rb") as opened, np.load(opened) as arrays:
        return _cut(arrays["digests"])
    return []


def _cut(digests: _Bytes) -> list[bytes]:
    whole = digests.tobytes()
    return [whole[start : start + _DIGEST] for start in range(0, len(whole), _DIGEST)]


def _read(file: Path) -> KeptIndex | None:
    """Read an index; None where there is none, or a broken one, which its checksums tell."""
    # How reading fails depends on which byte is broken.
    with suppress(Exception), file.open("rb") as opened, np.load(opened) as arrays:
        head, whole = (
            Postings(*(arrays[f"{name}_{field}"] for field in _FIELDS)) for name in ("head", "whole")
        )
        terms, words = json.loads(arrays["language"].tobytes())
        return KeptIndex(_cut(arrays["digests"]), terms, words, head, whole)
    return None
