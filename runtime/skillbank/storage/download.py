"""Objects of a bucket to files: many at a time, large ones in ranges, each whole and verified or not there.

A file is written under a temporary name and gets its own name once its size and checksum are right. What a
download that broke off has fetched of a large object is noted beside it and not fetched again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path

from skillbank.errors import DataError, PlatformError
from skillbank.lazy_imports import lazy_imports
from skillbank.storage.progress import Meter
from skillbank.storage.s3 import CONNECTIONS, Object, client, explained, unavailable
from skillbank.storage.uri import Uri
from skillbank.storage.verification import Expected, S3Answer, etag_of_parts, part_digest

with lazy_imports():
    from botocore import exceptions as boto
    from urllib3 import exceptions

__all__ = ["RANGE", "download"]

RANGE = 8 << 20
"""Bytes of one request; larger objects take several, a few at a time."""
_LARGEST_RANGE = 64 << 20
_PIECE = 1 << 20
_TRIES = 8
"""How often in a row a body may break off without a byte of news."""
_LONGEST_PAUSE = 5.0


def download(root: Uri, items: Iterable[tuple[Object, Path]], meter: Meter) -> None:
    """Bring objects of one bucket to files; files that are there with the right size are left alone.

    Raises
    ------
    DataNotFoundError, DataError, PlatformError
        One sentence. What is complete stays, and the next call goes on from there.
    """
    transfer = _Transfer(root, meter)
    small: list[_Small] = []
    large: list[_Large] = []
    for thing, target in items:
        if target.is_file() and target.stat().st_size == thing.size:
            meter.add(thing.size)
        elif thing.size <= RANGE:
            small.append(_Small(transfer, thing, target))
        else:
            large.append(_Large(transfer, thing, target))
    for folder in {target.parent for _, target in [*_targets(small), *_targets(large)]}:
        folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="download") as pool:
        try:
            _all(pool, small)
            for one in large:
                _all(pool, one.ranges())
                one.finish()
        except BaseException:
            transfer.stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _targets(transfers: Iterable[_Small | _Large]) -> Iterator[tuple[Object, Path]]:
    return ((one.thing, one.target) for one in transfers)


def _all(pool: ThreadPoolExecutor, tasks: Sequence[Callable[[], None]]) -> None:
    futures: list[Future[None]] = [pool.submit(task) for task in tasks]
    done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    for future in done:
        future.result()


class _Transfer:
    """What the parts of one call share."""

    def __init__(self, root: Uri, meter: Meter) -> None:
        self.root, self.meter, self.stop = root, meter, threading.Event()
        self.client = client()

    def place(self, thing: Object) -> Uri:
        return Uri("s3", f"{self.root.bucket}/{thing.key}", f"s3://{self.root.bucket}/{thing.key}")

    def get(self, thing: Object, **more: object) -> S3Answer:
        """Ask for the object as it was listed; one that has changed since is not taken."""
        try:
            answer: S3Answer = self.client.get_object(
                Bucket=self.root.bucket, Key=thing.key, IfMatch=f'"{thing.etag}"', **more
            )
        except self.client.exceptions.ClientError as error:
            if error.response["ResponseMetadata"].get("HTTPStatusCode") == 412:
                raise DataError(f"{self.place(thing)} was changed while it was read; run again") from None
            raise
        return answer

    def pieces(self, thing: Object, answer: S3Answer, length: int) -> Iterator[bytes]:
        """Yield a body of exactly this many bytes."""
        if answer["ContentLength"] != length:
            raise _BrokenError(f"{answer['ContentLength']} bytes announced instead of {length}")
        body, got = answer["Body"], 0
        with contextlib.closing(body):
            while piece := body.read(_PIECE):
                got += len(piece)
                self.meter.add(len(piece))
                yield piece
                if self.stop.is_set():
                    raise PlatformError("stopped")
        if got != length:
            raise _BrokenError(f"{got} of {length} bytes came")

    def persist(self, thing: Object, step: Callable[[], int]) -> None:
        """Repeat a step until it returns -1; before, it says how many bytes were news when it broke off.

        A server that is in trouble, or away, is waited for as one whose answers break off.
        """
        idle, place = 0, self.place(thing)
        with explained(place):
            while True:
                trouble: Exception = PlatformError(
                    f"{place} breaks off each time it is read ({_TRIES} tries); check the network"
                )
                try:
                    news = step()
                except (boto.ClientError, boto.ConnectionError) as error:
                    if isinstance(error, boto.ClientError) and not unavailable(error):
                        raise
                    news, trouble = 0, error
                if news < 0:
                    return
                idle = 0 if news else idle + 1
                if idle >= _TRIES:
                    raise trouble
                pause = min(_LONGEST_PAUSE, 0.1 * 2**idle) * random.uniform(0.5, 1)
                if self.stop.wait(pause):
                    raise PlatformError("stopped")


class _BrokenError(Exception):
    """A body was not what its head had announced."""


def _breaks() -> tuple[type[Exception], ...]:
    """Return what a body that breaks off raises, through botocore or past it."""
    return (
        _BrokenError, boto.IncompleteReadError, boto.ResponseStreamingError, boto.ReadTimeoutError,
        boto.FlexibleChecksumError, boto.ConnectionClosedError, exceptions.HTTPError, ConnectionError,
        TimeoutError,
    )  # fmt: skip


class _Small:
    """An object that one request brings."""

    def __init__(self, transfer: _Transfer, thing: Object, target: Path) -> None:
        self._transfer, self.thing, self.target = transfer, thing, target

    def __call__(self) -> None:
        self._transfer.persist(self.thing, self._step)

    def _step(self) -> int:
        temporary, got = _temporary(self.target, self.thing), 0
        try:
            answer = self._transfer.get(self.thing, ChecksumMode="ENABLED")
            expected = Expected.of(answer)
            check = _hash(expected.kind)
            with temporary.open("wb", buffering=0) as file:
                for piece in self._transfer.pieces(self.thing, answer, self.thing.size):
                    file.write(piece)
                    got += len(piece)
                    if check is not None:
                        check.update(piece)
            # botocore itself compares the other checksums while it reads.
            if check is not None and check.hexdigest() != expected.value:
                raise _BrokenError("the checksum does not fit")
        except _breaks():
            self._transfer.meter.add(-got)
            return 0
        temporary.replace(self.target)
        return -1


class _Large:
    """An object that is fetched in ranges into one file; finished ranges are noted in a second one."""

    def __init__(self, transfer: _Transfer, thing: Object, target: Path) -> None:
        self._transfer, self.thing, self.target = transfer, thing, target
        self._temporary = _temporary(target, thing)
        self._notes = self._temporary.with_suffix(".ranges")
        self._expected, self._range = Expected(), RANGE
        self._digests: dict[int, bytes] = {}
        self._lock = threading.Lock()

    def ranges(self) -> list[Callable[[], None]]:
        """Return one task for each range that is still missing."""
        self._expected = self._head()
        # Ranges that are the parts of the upload are hashed while they come, and nothing is read twice.
        by_parts = self._expected.kind == "parts" and self._expected.part_size <= _LARGEST_RANGE
        self._range = self._expected.part_size if by_parts else RANGE
        self._digests = self._finished()
        if not self._digests:
            self._notes.unlink(missing_ok=True)
            with self._temporary.open("wb") as file:
                file.truncate(self.thing.size)
        self._transfer.meter.add(sum(map(self._length, self._digests)))
        return [_Range(self, start) for start in self._starts() if start not in self._digests]

    def _starts(self) -> range:
        return range(0, self.thing.size, self._range)

    def _head(self) -> Expected:
        transfer, key = self._transfer, self.thing.key
        about = {"Bucket": transfer.root.bucket, "Key": key}
        with explained(transfer.place(self.thing)):
            head = transfer.client.head_object(**about, ChecksumMode="ENABLED")
            expected = Expected.of(head)
            if not expected.kind and "-" in self.thing.etag:
                with contextlib.suppress(transfer.client.exceptions.ClientError):
                    part = transfer.client.head_object(**about, PartNumber=1)["ContentLength"]
                    return Expected.of(head, part)
        return expected

    def _finished(self) -> dict[int, bytes]:
        """Return the ranges that an earlier download has fetched, with their digests."""
        # Without a checksum nobody would notice what a machine that lost its power has not written.
        if not self._expected.kind or not self._temporary.exists() or not self._notes.exists():
            return {}
        found = {}
        for line in self._notes.read_text().split("\n")[:-1]:
            start, _, digest = line.partition(" ")
            if start.isdecimal() and int(start) in self._starts():
                known = part_digest(self._temporary, int(start), self._length(int(start)))
                if known.hex() == digest:
                    found[int(start)] = known
        return found

    def _length(self, start: int) -> int:
        return min(self._range, self.thing.size - start)

    def fetch(self, start: int) -> None:
        """Fetch one range and note it; a body that breaks off is continued where it broke."""
        length, got, check = self._length(start), 0, hashlib.md5(usedforsecurity=False)

        def step() -> int:
            nonlocal got
            before = got
            try:
                wanted = f"bytes={start + got}-{start + length - 1}"
                answer = self._transfer.get(self.thing, Range=wanted)
                for piece in self._transfer.pieces(self.thing, answer, length - got):
                    os.pwrite(descriptor, piece, start + got)
                    check.update(piece)
                    got += len(piece)
            except _breaks():
                return got - before
            return -1

        descriptor = os.open(self._temporary, os.O_WRONLY)
        try:
            self._transfer.persist(self.thing, step)
        finally:
            os.close(descriptor)
        with self._lock, self._notes.open("a") as notes:
            notes.write(f"{start} {check.hexdigest()}\n")
            self._digests[start] = check.digest()

    def finish(self) -> None:
        """Verify the whole and give it its name."""
        if not self._fits():
            self._temporary.unlink()
            self._notes.unlink()
            raise PlatformError(
                f"what came of {self._transfer.place(self.thing)} has another checksum than the server says; "
                "it is thrown away, run again"
            )
        self._temporary.replace(self.target)
        self._notes.unlink()

    def _fits(self) -> bool:
        if self._expected.kind == "parts" and self._range == self._expected.part_size:
            return etag_of_parts([self._digests[start] for start in self._starts()]) == self._expected.value
        return self._expected.fits(self._temporary)


class _Range:
    """One range of a large object, as a task."""

    def __init__(self, large: _Large, start: int) -> None:
        self._large, self._start = large, start

    def __call__(self) -> None:
        self._large.fetch(self._start)


def _hash(kind: str) -> hashlib._Hash | None:
    return hashlib.new(kind, usedforsecurity=False) if kind in ("md5", "sha256") else None


def _temporary(target: Path, thing: Object) -> Path:
    """Return the name under which an object of exactly this content is written.

    It is of a fixed length: a long file name would leave no room for more.
    """
    mark = hashlib.sha256(f"{target.name}\0{thing.etag}\0{thing.size}".encode()).hexdigest()[:32]
    return target.with_name(f".{mark}.part")
