"""Unpacking archives that nobody vouches for: no way out of the folder, no links, no bombs."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import stat
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO, TypeAlias

from skillbank.errors import DataError, is_full
from skillbank.storage.members import is_new, refuse_other
from skillbank.visible import one_line

__all__ = ["SUFFIXES", "Limits", "archive_stem", "extract", "no_room_to_unpack"]

SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip")
_HEADER = 16 << 20
"""More than this is never read at once from a tar, except by headers made to exhaust the memory."""
Stream: TypeAlias = BinaryIO | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile
_BEHIND = 16 << 20
"""What may follow the end of a tar before it is taken for a bomb: padding is less."""
_PIECE = 1 << 20
"""Bytes that are copied or compared at once."""
_EMPTY_ZIP = 22
"""Bytes of a zip of nothing."""
_JUNK = frozenset({"__MACOSX", ".DS_Store"})


@dataclass(frozen=True)
class Limits:
    """Caps on what one archive may unpack to (bytes); beyond them it is taken for a bomb.

    ``ratio`` is how many times larger than the archive the content may be, above ``free_bytes``.
    """

    members: int = 20_000_000
    total_bytes: int = 8 << 40
    ratio: int = 200
    free_bytes: int = 256 << 20

    def total(self, archive_bytes: int) -> int:
        """Return the cap on the content of an archive of this size."""
        return min(self.total_bytes, max(self.free_bytes, self.ratio * archive_bytes))


def archive_stem(name: str) -> str | None:
    """Return a file name without its archive suffix; None when it is no archive's."""
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return None


def extract(
    archive: Path, folder: Path, limits: Limits | None = None, left_out: list[str] | None = None
) -> None:
    """Unpack an archive into an empty folder; one top folder named like the archive is stripped.

    Parameters
    ----------
    left_out
        Where given, links and special files are not refused but left out, and their names added here.

    Raises
    ------
    DataError
        When the archive is damaged, holds links, names that leave the folder or two things of one name, or
        is a bomb. The folder is empty then.
    """
    try:
        _extract(archive, folder, limits or Limits(), left_out)
        _strip_top_folder(folder, archive_stem(archive.name))
    except DataError:
        _empty(folder)
        raise
    except (RuntimeError, NotImplementedError) as error:  # to a password or an unknown compression
        _empty(folder)
        raise DataError(
            f"{archive} cannot be unpacked ({_why(error)}); pack it again as plain zip, without a password"
        ) from error
    except Exception as error:
        # What the readers trip over depends on the bytes that they find: numbers that are none or too
        # large, texts that no encoding gives, names that no file can have.
        _empty(folder)
        if is_full(error):
            raise DataError(no_room_to_unpack(archive)) from error
        raise DataError(f"{archive} cannot be unpacked ({_why(error)}); make or copy it again") from error


def _extract(archive: Path, folder: Path, limits: Limits, left_out: list[str] | None) -> None:
    if archive.name.lower().endswith(".zip") or _is_zip(archive):
        _extract_zip(archive, folder, limits, left_out)
    else:
        _extract_tar(archive, folder, limits, left_out)


def no_room_to_unpack(packed: Path) -> str:
    """Return the sentence about something packed that is sound and has no room."""
    return f"the disk has no room to unpack {packed}; make room or set SKILLBANK_HOME elsewhere"


def _why(error: Exception) -> str:
    """Return what an error says, short; a name that the archive gives may be long."""
    told = str(error)
    if isinstance(error, OSError) and error.strerror:
        told = error.strerror + (f": {one_line(error.filename, 60)}" if error.filename else "")
    return one_line(told, 200) or type(error).__name__


def _empty(folder: Path) -> None:
    """Throw away what was unpacked of an archive that is refused."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _strip_top_folder(folder: Path, stem: str | None) -> None:
    for junk in _JUNK:
        if (folder / junk).is_dir():
            shutil.rmtree(folder / junk)
    entries = [entry for entry in folder.iterdir() if entry.name not in _JUNK]
    if len(entries) == 1 and entries[0].name == stem and entries[0].is_dir():
        # Moved aside first: the top folder may hold an entry of its own name.
        top = entries[0].rename(folder / ".top")
        for entry in top.iterdir():
            entry.rename(folder / entry.name)
        top.rmdir()


class _Budget:
    """Counts members and bytes while an archive is unpacked."""

    def __init__(self, archive: Path, folder: Path, limits: Limits) -> None:
        self._archive, self._limits = archive, limits
        self._cap = limits.total(archive.stat().st_size)
        self._free = shutil.disk_usage(folder).free
        self._members = self._bytes = 0

    def add(self, name: str, size: int) -> PurePosixPath:
        """Account for a member and return its safe relative path."""
        self._members += 1
        if size < 0:
            raise tarfile.ReadError(f"'{one_line(name)}' has less than no bytes")
        self._bytes += size
        if self._members > self._limits.members or self._bytes > self._cap:
            raise DataError(
                f"{self._archive} unpacks to over {self._cap >> 20} MiB or {self._limits.members} files, "
                "out of proportion to its size; if that is meant, unpack it yourself and name the folder"
            )
        if self._bytes > self._free:
            raise DataError(
                f"the disk has no room to unpack {self._archive}; make room or set SKILLBANK_HOME elsewhere"
            )
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            raise DataError(
                f"{self._archive} holds '{one_line(name)}', which leads out of its folder; it is not unpacked"
            )
        return path

    def refuse_link(self, name: str, left_out: list[str] | None) -> None:
        """Refuse a link, or take note of it."""
        if left_out is not None:
            left_out.append(name)
            return
        raise DataError(
            f"{self._archive} holds '{one_line(name)}', a link or special file; pack the files themselves "
            "(tar -h)"
        )


class _Guarded(io.RawIOBase):
    """A decompressed stream that ends a bomb: no huge single reads, no position beyond the cap."""

    def __init__(self, stream: Stream, cap: int) -> None:
        self._stream, self._cap = stream, cap
        self.last = b""

    def _check(self, position: int) -> None:
        if position > self._cap:
            raise tarfile.ReadError("it unpacks out of proportion to its size")

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _HEADER:
            raise tarfile.ReadError("it has a header of an absurd size")
        self._check(self._stream.tell() + size)
        data = self._stream.read(size)
        self.last = data
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 0:
            self._check(offset)
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _is_zip(archive: Path) -> bool:
    with archive.open("rb") as file:
        return file.read(4) == b"PK\3\4"


def _extract_tar(archive: Path, folder: Path, limits: Limits, left_out: list[str] | None) -> None:
    budget = _Budget(archive, folder, limits)
    # Headers and padding come on top of the content: at most 1 KiB and a block for each member.
    cap = 2 * limits.total(archive.stat().st_size) + (64 << 20)
    with archive.open("rb") as raw:
        magic = raw.read(6)
        raw.seek(0)
        guarded = _Guarded(_decompressed(raw, magic), cap)
        with tarfile.open(fileobj=guarded, mode="r:") as tar:
            for member in tar:
                path = budget.add(member.name, member.size)
                if not (member.isreg() or member.isdir()):
                    budget.refuse_link(member.name, left_out)
                elif is_new(archive, folder, path, is_folder=member.isdir()):
                    _extract_member(archive, tar, member, folder)
                elif (again := tar.extractfile(member)) is not None:
                    refuse_other(archive, folder, path, again)
                # Without this every member of a large archive stays in memory.
                tar.members = []  # type: ignore[attr-defined]
        # A tar ends with empty blocks; one that was cut between two members does not, and one whose next
        # member has no sound header is read no further, without a word. What follows the end is read for
        # the checksum of the compression, which stands at the very end.
        if not guarded.last:
            raise tarfile.ReadError("it ends too early")
        if guarded.last.strip(b"\0"):
            raise tarfile.ReadError(f"it is damaged at byte {tar.offset}")
        behind = 0
        while more := guarded.read(_PIECE):
            behind += len(more)
            if behind > _BEHIND:
                raise tarfile.ReadError("it goes on behind its end")


def _extract_member(archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    try:
        tar.extract(member, folder, filter="data")
    except tarfile.FilterError as error:
        raise DataError(f"{archive} is not unpacked: {one_line(error, 200)}") from error


def _decompressed(raw: BinaryIO, magic: bytes) -> Stream:
    """Open what the content says it is: archives are often misnamed."""
    if magic.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw)
    if magic.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    if magic.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMAFile(raw)
    return raw


def _extract_zip(archive: Path, folder: Path, limits: Limits, left_out: list[str] | None) -> None:
    budget = _Budget(archive, folder, limits)
    with zipfile.ZipFile(archive) as bundle:
        if not bundle.infolist() and archive.stat().st_size > _EMPTY_ZIP + len(bundle.comment):
            raise zipfile.BadZipFile("it holds bytes and lists no file")
        for info in bundle.infolist():
            # Of the name the reader keeps what stands before the first NUL. Windows' own tools have written
            # backslashes between folders, which no other name in a zip has.
            name = info.orig_filename if "\0" in info.orig_filename else info.filename
            name = name if PureWindowsPath(name).drive else name.replace("\\", "/")
            is_folder = name.endswith("/")
            path = budget.add(name, info.file_size)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                budget.refuse_link(info.filename, left_out)
                continue
            target = folder / path
            new = is_new(archive, folder, path, is_folder=is_folder)
            if is_folder:
                if info.file_size:
                    raise zipfile.BadZipFile(f"'{one_line(path)}' is a folder and has content")
                target.mkdir(exist_ok=True)
                continue
            # The size that the directory claims is the most that zipfile reads.
            with bundle.open(info) as source:
                if not new:
                    refuse_other(archive, folder, path, source)
                    continue
                with target.open("xb") as sink:
                    shutil.copyfileobj(source, sink, _PIECE)
