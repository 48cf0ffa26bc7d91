"""Data sets from wherever they are: folders where they lie, archives unpacked and buckets brought once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from skillbank.datasets import parquet
from skillbank.datasets.document import split_of
from skillbank.datasets.packing import is_table, unpacked_name
from skillbank.datasets.tree import Unpack
from skillbank.errors import DataNotFoundError
from skillbank.lazy_imports import lazy_imports
from skillbank.nearby import near_path
from skillbank.plan.model import InputBinding
from skillbank.redact import redact
from skillbank.storage.archive import Limits, archive_stem
from skillbank.storage.cache import content_key, digest, once
from skillbank.storage.packed_file import unpack_file
from skillbank.storage.progress import Report
from skillbank.storage.staging import locate, stage
from skillbank.storage.uri import parse_uri

with lazy_imports():
    from skillbank.datasets import opening  # which imports all formats

if TYPE_CHECKING:
    from skillbank.datasets.opening import Opened

__all__ = ["local_place", "open_data_place", "unpacker"]

_Runtime: TypeAlias = Literal["file", "folder", "extracted_folder"]
_JUNK = frozenset({"__MACOSX", ".DS_Store"})


def open_data_place(place: str, cache: Path, *, form: str = "", report: Report | None = None) -> Opened:
    """Open the data set at a place, with whatever archives are in it unpacked.

    Parameters
    ----------
    place
        A path or URI of a folder, an archive, an annotation file, or a part of a data set.
    cache
        Folder of what can be made again.
    form
        Name of its format, where a person has said it.
    report
        Told how far a download is.
    """
    uri = parse_uri(place)
    unpack = unpacker(cache, report)
    if uri.scheme == "file":
        try:
            return opening.open_place(uri.path, unpack, form=form)
        except DataNotFoundError as error:
            raise DataNotFoundError(f"{error.sentence.marked}{near_path(uri.path)}") from None
    return replace(
        opening.open_place(local_place(place, cache, report), unpack, form=form), named=redact(place)
    )


def local_place(place: str, cache: Path, report: Report | None = None) -> Path:
    """Return where a data set lies on this machine: what lies elsewhere is brought once into a cache."""
    uri = parse_uri(place)
    if uri.scheme == "file":
        return uri.path
    folder = locate(_binding(place, "file")).folder
    packed = not folder and archive_stem(uri.name) is not None
    kind: _Runtime = "extracted_folder" if packed else "folder" if folder else "file"
    staged = stage(_binding(place, kind), cache, report=report)
    return _inner(staged) if packed else staged


def unpacker(cache: Path, report: Report | None = None) -> Unpack:
    """Return what unpacks once into a cache: archives without a single top folder, packed files, tables."""

    def unpack(archive: Path) -> Path:
        if is_table(archive.name):
            return _written(archive, cache, parquet.write_out)
        if unpacked_name(archive.name) is not None:
            return _written(archive, cache, unpack_file)
        return _inner(stage(_binding(str(archive), "extracted_folder"), cache, report=report))

    return unpack


def _written(packed: Path, cache: Path, write: Callable[[Path, Path, int], None]) -> Path:
    """Return the folder of what is written of a file, made once for its content and name."""

    def make(work: Path) -> Path:
        folder = work / "unpacked"
        if folder.exists():  # left by a process that was killed: the lock says that nobody is at work
            shutil.rmtree(folder)
        folder.mkdir()
        write(packed, folder, Limits().total(packed.stat().st_size))
        return folder

    return once(cache, f"{content_key(packed, cache)[:40]}-{digest(packed.name)[:8]}", make)


def _binding(uri: str, kind: _Runtime) -> InputBinding:
    return InputBinding(key="the data set", uri=uri, runtime=kind)


def _inner(folder: Path) -> Path:
    """Return the only folder in a folder; one that is called as a split is part of the data."""
    inside = [entry for entry in folder.iterdir() if entry.name not in _JUNK]
    if len(inside) == 1 and inside[0].is_dir() and split_of(inside[0].name) is None:
        return inside[0]
    return folder
