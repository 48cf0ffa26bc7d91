"""Bringing inputs to where the job runs: files in place, everything else once into the cache for all jobs."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from skillbank.errors import DataError, DataNotFoundError
from skillbank.plan.model import InputBinding
from skillbank.storage import s3, web
from skillbank.storage.absence import absent
from skillbank.storage.archive import SUFFIXES, archive_stem, extract
from skillbank.storage.cache import content_key, digest, once
from skillbank.storage.download import download
from skillbank.storage.progress import Meter, Report
from skillbank.storage.selection import named_files, select
from skillbank.storage.uri import Uri, parse_uri

__all__ = ["Found", "check_path", "locate", "stage"]


@dataclass(frozen=True)
class Found:
    """Where an input's data really lies, and whether it is a folder there.

    ``thing`` is the object of a file on S3, ``version`` tells contents of a file on the web apart.
    """

    uri: Uri
    folder: bool
    thing: s3.Object | None = None
    version: str = ""


def locate(binding: InputBinding) -> Found:
    """Look for an input's data; nothing is moved or unpacked.

    A folder ``images/`` stands in for the archive ``images.tar.gz`` when only the folder is there.

    Raises
    ------
    DataNotFoundError
        When nothing is there.
    DataError
        When it is a file where a folder is needed, or may not be read.
    PlatformError
        When the server that has it refuses or does not answer.
    """
    uri = parse_uri(binding.uri)
    look = _LOOKS[uri.scheme]
    found = look(uri)
    stem = archive_stem(uri.name)
    if found is None and binding.runtime == "extracted_folder" and stem is not None:
        found = look(uri.sibling(stem))
        found = found if found is not None and found.folder else None
    if found is None:
        raise DataNotFoundError(absent([binding])[0])
    if found.folder:
        return found
    if binding.runtime == "folder":
        raise DataError(f"{binding.uri}, the data for {binding.key}, is a file and must be a folder")
    if binding.runtime == "extracted_folder" and stem is None:
        raise DataError(
            f"{binding.uri}, the data for {binding.key}, is neither a folder nor an archive "
            f"({', '.join(SUFFIXES)})"
        )
    if uri.scheme == "file" and not os.access(uri.path, os.R_OK):
        raise DataError(
            f"{binding.uri}, the data for {binding.key}, cannot be read by this user; change its mode"
        )
    return found


def stage(
    binding: InputBinding,
    cache: Path,
    *,
    inputs: Sequence[InputBinding] = (),
    report: Report | None = None,
) -> Path:
    """Return the path that the program gets for an input.

    Local files and folders are used where they are. What lies elsewhere is brought to the cache, and archives
    are unpacked there, in folders named by their content: any number of jobs, in any number of processes,
    move it once. It appears there whole or not at all, and what broke off goes on where it broke.

    Parameters
    ----------
    cache
        Folder of what can be made again.
    inputs
        All inputs of the plan; one that is selective names its annotation file by the key of another.
    report
        Told how far a download is.
    """
    found = locate(binding)
    if binding.runtime == "extracted_folder" and not found.folder:
        return _unpacked(found, cache, report)
    if found.uri.scheme == "file":
        return found.uri.path
    if found.folder:
        return _folder(binding, found, cache, inputs, report)
    folder = once(cache, f"{_content(found)}-file", lambda work: _fetched(found, work, report).parent)
    return folder / _file_name(found)


def _look_local(uri: Uri) -> Found | None:
    try:
        return Found(uri, uri.path.is_dir()) if uri.path.exists() else None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        raise DataError(
            f"{uri} cannot be looked at: {error.strerror}; let this user read its folders"
        ) from None


def _look_s3(uri: Uri) -> Found | None:
    thing = s3.find(uri)
    if thing is not None:
        return Found(uri, False, thing)
    return Found(uri, True) if s3.list_objects(uri, limit=1) else None


def _look_web(uri: Uri) -> Found | None:
    try:
        size, version = web.head(uri)
    except DataNotFoundError:
        return None
    return Found(uri, False, version=f"{size} {version}")


_LOOKS: dict[str, Callable[[Uri], Found | None]] = {"file": _look_local, "s3": _look_s3, "https": _look_web}
"""How each scheme is looked at."""


def _content(found: Found) -> str:
    """Return what stands for a remote file's content; its name belongs to it, since programs look at that."""
    if found.thing is not None:
        return digest("s3", found.thing.etag, str(found.thing.size), found.uri.name)
    return digest("web", found.uri.text, found.version)


def _file_name(found: Found) -> str:
    return found.uri.name or "file"


def _fetched(found: Found, work: Path, report: Report | None) -> Path:
    """Bring one remote file into a folder of its own inside the work folder."""
    folder = work / "content"
    folder.mkdir(exist_ok=True)
    target = folder / _file_name(found)
    if found.thing is None:
        web.fetch(found.uri, target, report)
    else:
        download(found.uri, [(found.thing, target)], Meter(str(found.uri), found.thing.size, report))
    return target


def _unpacked(found: Found, cache: Path, report: Report | None) -> Path:
    if found.uri.scheme == "file":
        # The same content under another name may strip another top folder.
        key = f"{content_key(found.uri.path, cache)[:40]}-{digest(found.uri.name)[:8]}"
    else:
        key = f"{_content(found)}-unpacked"

    def make(work: Path) -> Path:
        archive = found.uri.path if found.uri.scheme == "file" else _fetched(found, work, report)
        folder = work / "unpacked"
        if folder.exists():  # left by a process that was killed: the lock says that nobody is at work
            shutil.rmtree(folder)
        folder.mkdir()
        extract(archive, folder)
        return folder

    return once(cache, key, make)


def _folder(
    binding: InputBinding, found: Found, cache: Path, inputs: Sequence[InputBinding], report: Report | None
) -> Path:
    prefix = f"{found.uri.key}/" if found.uri.key else ""
    things = {thing.key.removeprefix(prefix): thing for thing in s3.list_objects(found.uri)}
    if binding.selective is not None:
        things = {path: things[path] for path in _selected(binding, list(things), cache, inputs, report)}
    for path in things:
        check_path(found.uri, path, things)
    listing = (f"{path} {thing.size} {thing.etag}" for path, thing in sorted(things.items()))
    key = f"{digest(found.uri.name, *listing)}-folder"
    name = _file_name(found)

    def make(work: Path) -> Path:
        folder = work / "content" / name
        folder.mkdir(parents=True, exist_ok=True)
        total = sum(thing.size for thing in things.values())
        meter = Meter(str(found.uri), total, report)
        download(found.uri, [(thing, folder / path) for path, thing in things.items()], meter)
        return folder.parent

    return once(cache, key, make) / name


def _selected(
    binding: InputBinding,
    paths: list[str],
    cache: Path,
    inputs: Sequence[InputBinding],
    report: Report | None,
) -> list[str]:
    rule = binding.selective
    by_key = {each.key: each for each in inputs}
    if rule is None or rule.annotation not in by_key:
        return paths
    annotation = stage(by_key[rule.annotation], cache, inputs=inputs, report=report)
    chosen, absent = select(paths, named_files(annotation, rule.format, rule.keys))
    if absent:
        more = ", ..." if len(absent) > 3 else ""
        raise DataNotFoundError(
            f"{by_key[rule.annotation].uri} names {len(absent)} files that {binding.uri} does not have "
            f"({', '.join(absent[:3])}{more}); correct the annotation or bring the files"
        )
    return chosen


def check_path(root: Uri, path: str, all_paths: dict[str, s3.Object]) -> None:
    """Raise `DataError` for a key that can be no file: a bucket holds what a file system cannot."""
    parts = path.split("/")
    parents = {str(parent) for parent in PurePosixPath(path).parents}
    odd = any(part in ("", ".", "..") or len(part.encode()) > 255 for part in parts)
    if odd or "\0" in path:
        raise DataError(f"{root} holds the key '{path}', which is no path of a file; rename it")
    if not parents.isdisjoint(all_paths):
        raise DataError(f"{root} holds '{path}' below a file of the same name; rename one of them")
