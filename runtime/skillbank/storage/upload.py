"""Files to a prefix of a bucket: what is there already is not sent again, what was sent is verified."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.errors import DataError, PlatformError, a_few
from skillbank.lazy_imports import lazy_imports
from skillbank.storage.progress import Meter, Report
from skillbank.storage.s3 import CONNECTIONS, Object, clean_etag, client, explained, list_objects
from skillbank.storage.uri import Uri
from skillbank.storage.verification import composite_etag
from skillbank.visible import one_line

with lazy_imports():
    from s3transfer import manager as transfers
    from s3transfer import utils

if TYPE_CHECKING:
    from s3transfer.manager import TransferManager

__all__ = ["upload"]

_PART = 16 << 20
"""Bytes of a part; a larger file is sent in several, each with its checksum."""
_MOST_PARTS = 10_000
_LONGEST_KEY = 1024
_SHOWN = 5


def upload(files: Mapping[str, Path], root: Uri, notes: Path, report: Report | None = None) -> list[str]:
    """Bring files to their places below a prefix and return the ones that had to be sent.

    Doing it again, after a break or at the same content, sends only what is missing. The caller sees to it
    that one process at a time does it for a prefix.

    Parameters
    ----------
    files
        Local files by their path below the prefix.
    notes
        A file of our own that remembers what was sent; without it everything is compared by checksum.

    Raises
    ------
    PlatformError, DataNotFoundError
        One sentence, when the server refuses or what it says to have is not what was sent.
    DataError
        When everything has arrived but files that cannot be: of a name that no key can be, unreadable ones,
        and such as were written to meanwhile.
    """
    there = {thing.key: thing for thing in list_objects(root)}
    _abort_leftovers(root, {_key(root, path) for path in files})
    book = _Notes(notes)
    faults: dict[str, str] = {}
    wanted, total = dict[str, Path](), 0
    for path, file in files.items():
        if fault := _no_key(_key(root, path)):
            faults[path] = fault
            continue
        with _noted(path, faults):
            known = there.get(_key(root, path))
            if known is None or not _same(file, known, book.etag(file)):
                total += file.stat().st_size
                wanted[path] = file
    meter = Meter(str(root), total, report)

    def send(path: str) -> None:
        with _noted(path, faults):
            _send(manager, root, path, wanted[path], book, meter)

    with ThreadPoolExecutor(CONNECTIONS // 2, thread_name_prefix="upload") as pool:
        try:
            # Large files share one pool of their own, so that few parts wait in memory at a time.
            with _manager() as manager:
                list(pool.map(send, wanted))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if faults:
        said = a_few([f"'{one_line(path, 100)}' ({why})" for path, why in sorted(faults.items())], _SHOWN)
        raise DataError(
            f"{said} did not come to {root}, where all else is; rename or remove what cannot be sent"
        )
    return list(wanted)


def _no_key(key: str) -> str:
    """Say why no object can have a key; nothing when one can."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "its name is not UTF-8, as keys are"
    return f"its key would have {size:,} bytes, and may have {_LONGEST_KEY:,}" if size > _LONGEST_KEY else ""


@contextmanager
def _noted(path: str, faults: dict[str, str]) -> Iterator[None]:
    """Write down why one file cannot be sent, so that others are; one that is gone is no file any more."""
    try:
        yield
    except FileNotFoundError:
        pass
    except _WrittenError:
        faults[path] = "it was written to while it was sent"
    except OSError as error:
        faults[path] = f"it cannot be read: {error.strerror or error}"


class _WrittenError(Exception):
    """A file was not the same after it was sent as before."""


def _key(root: Uri, path: str) -> str:
    return f"{root.key}/{path}" if root.key else path


def _manager() -> transfers.TransferManager:
    config = transfers.TransferConfig(
        multipart_threshold=_PART + 1, multipart_chunksize=_PART, max_request_concurrency=8
    )
    return transfers.TransferManager(client(), config)


def _send(manager: TransferManager, root: Uri, path: str, file: Path, book: _Notes, meter: Meter) -> None:
    place, before = root.child(path), file.stat()
    with explained(place):
        if before.st_size <= _PART:
            # No more than it has now: what is written to it meanwhile would spoil the next request.
            with utils.ReadFileChunk.from_filename(str(file), 0, before.st_size) as body:
                manager.client.put_object(Bucket=root.bucket, Key=_key(root, path), Body=body)
            meter.add(before.st_size)
        else:
            manager.upload(str(file), root.bucket, _key(root, path), subscribers=[_Counter(meter)]).result()
        head = manager.client.head_object(Bucket=root.bucket, Key=_key(root, path))
    thing = Object(_key(root, path), head["ContentLength"], clean_etag(head["ETag"]))
    encrypted = head.get("ServerSideEncryption", "AES256") != "AES256"
    after = file.stat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise _WrittenError  # the next upload takes it as it is then
    if thing.size != before.st_size or not (encrypted or _etag(file) == thing.etag):
        raise PlatformError(
            f"{place} is not what was sent ({thing.size} of {before.st_size} bytes); try again"
        )
    book.add(file, thing.etag)


class _Counter:
    """Passes the progress of s3transfer on."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def on_queued(self, **_: object) -> None:
        """Nothing has been sent yet."""

    def on_progress(self, bytes_transferred: int, **_: object) -> None:
        """Count bytes; they are taken back when a part is sent again."""
        self._meter.add(bytes_transferred)

    def on_done(self, **_: object) -> None:
        """Everything has been counted."""


def _same(file: Path, there: Object, noted: str | None) -> bool:
    """Say whether the object is this very file; its own checksum is computed only when nothing was noted."""
    return file.stat().st_size == there.size and there.etag in (noted, None if noted else _etag(file))


def _etag(file: Path) -> str:
    """Return the ETag that an object of this content has when it was sent by `upload`."""
    if file.stat().st_size > _PART:
        return composite_etag(file, _part_size(file.stat().st_size))
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _part_size(size: int) -> int:
    """Return the size of the parts that s3transfer makes: doubled until there are few enough."""
    part = _PART
    while -(-size // part) > _MOST_PARTS:
        part *= 2
    return part


def _abort_leftovers(root: Uri, keys: Collection[str]) -> None:
    """Throw away parts of our uploads that were killed: nobody sees them, and they are paid for.

    Those of other files stay: a job whose results go below ours may be sending them.
    """
    s3 = client()
    with explained(root), suppress(s3.exceptions.ClientError):  # not everybody who may write may list these
        prefix = f"{root.key}/" if root.key else ""
        found = s3.list_multipart_uploads(Bucket=root.bucket, Prefix=prefix).get("Uploads", ())
        for one in (each for each in found if each["Key"] in keys):
            s3.abort_multipart_upload(Bucket=root.bucket, Key=one["Key"], UploadId=one["UploadId"])


class _Notes:
    """What was sent: a line of JSON for each file; a line that was cut off is as good as none."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock, self._known = path, threading.Lock(), dict[str, str]()
        try:
            lines = path.read_text().splitlines()
        except FileNotFoundError:
            lines = []
        for line in lines:
            try:
                name, etag = json.loads(line)
            except ValueError:
                continue
            self._known[str(name)] = str(etag)

    @staticmethod
    def _name(file: Path) -> str:
        info = file.stat()
        return f"{file} {info.st_size} {info.st_mtime_ns}"

    def etag(self, file: Path) -> str | None:
        """Return the ETag that a file had when it was sent, if it is still the same file."""
        return self._known.get(self._name(file))

    def add(self, file: Path, etag: str) -> None:
        """Remember a file."""
        with self._lock, self._path.open("a") as notes:
            notes.write(json.dumps([self._name(file), etag]) + "\n")
