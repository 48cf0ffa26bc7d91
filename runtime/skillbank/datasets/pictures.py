"""The pictures of a data set, each looked at once, several at a time; what was seen is kept."""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import msgspec

from skillbank.datasets.document import Picture
from skillbank.datasets.looks import Look, look_at
from skillbank.datasets.tree import Tree

__all__ = ["Gallery"]

_PORTION = 32
_VERSION = 1
"""Of what is kept; raised whenever a look tells more or other things."""
_MORE_THREADS = 2
"""Some wait for a disk while others decode: the decoders let go of the interpreter."""


class Gallery:
    """Looks at pictures of a tree.

    Parameters
    ----------
    cache
        Folder of what can be made again; None keeps nothing.
    """

    def __init__(self, tree: Tree, cache: Path | None = None) -> None:
        self._tree = tree
        self._kept = _Kept(cache / "looks.sqlite") if cache is not None else None
        self._threads = (len(os.sched_getaffinity(0)) or 1) + _MORE_THREADS

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, *_: object) -> None:
        if self._kept is not None:
            self._kept.close()

    def looked(self, pictures: Iterable[Picture]) -> Iterator[tuple[Picture, Look | None]]:
        """Yield pictures with what was seen of them, in order; None for one that has no file.

        Only a few portions are ahead of what is taken, so that memory does not grow with the data set.
        """
        source = iter(pictures)
        waiting: deque[tuple[list[Picture], dict[str, _Stamp], Future[dict[str, Look]]]] = deque()
        with ThreadPoolExecutor(self._threads) as pool:
            try:
                while True:
                    while len(waiting) < 2 * self._threads and (portion := list(islice(source, _PORTION))):
                        stamps, known = self._known(portion)
                        paths = {name: self._tree.path(name) for name in stamps}
                        waiting.append((portion, stamps, pool.submit(_look_at_some, paths, known)))
                    if not waiting:
                        return
                    portion, stamps, future = waiting.popleft()
                    looks = future.result()
                    self._keep(stamps, looks)
                    for picture in portion:
                        yield picture, looks.get(picture.path) if picture.path is not None else None
            finally:
                for _, _, future in waiting:
                    future.cancel()

    def _known(self, portion: list[Picture]) -> tuple[dict[str, _Stamp], dict[str, Look]]:
        """Return what must be looked at with its stamp, and what is known already, by path."""
        names = dict.fromkeys(picture.path for picture in portion if picture.path is not None)
        stamps = {name: _stamp(self._tree.path(name)) for name in names}
        if self._kept is None:
            return stamps, {}
        known = {}
        for name, stamp in list(stamps.items()):
            if stamp and (look := self._kept.get(self._tree.path(name), stamp)) is not None:
                known[name] = look
                del stamps[name]
        return stamps, known

    def _keep(self, stamps: dict[str, _Stamp], looks: dict[str, Look]) -> None:
        if self._kept is not None:
            new = [(self._tree.path(name), stamp, looks[name]) for name, stamp in stamps.items() if stamp]
            self._kept.put(new)


_SELECT = "SELECT stamp, look FROM looks WHERE path=?"
_Stamp = str
"""Size, time and inode of a file, which stay as long as its content does; empty for one that is not there."""


def _stamp(path: Path) -> _Stamp:
    try:
        info = path.stat()
    except OSError:
        return ""
    return f"{info.st_size} {info.st_mtime_ns} {info.st_ino} {info.st_dev}"


def _key(path: Path) -> str:
    return str(path.absolute())


def _look_at_some(paths: dict[str, Path], known: dict[str, Look]) -> dict[str, Look]:
    return {**known, **{name: look_at(path) for name, path in paths.items()}}


class _Kept:
    """Looks in a file, by path; whatever is wrong with that file, it is only made again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._open = self._opened()
        self._read = msgspec.msgpack.Decoder(Look)

    def _opened(self) -> sqlite3.Connection | None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            for _ in range(2):
                try:
                    store = sqlite3.connect(self._file, timeout=30)
                    store.execute("PRAGMA synchronous=OFF")
                    if store.execute("PRAGMA user_version").fetchone()[0] not in (0, _VERSION):
                        store.execute("DROP TABLE IF EXISTS looks")
                    store.execute(
                        "CREATE TABLE IF NOT EXISTS looks (path TEXT PRIMARY KEY, stamp TEXT, look BLOB)"
                    )
                    store.execute(f"PRAGMA user_version={_VERSION}")
                    store.commit()
                    return store
                except sqlite3.DatabaseError as error:
                    store.close()
                    if isinstance(error, sqlite3.OperationalError):
                        return None
                    self._file.unlink(missing_ok=True)
        except (OSError, sqlite3.Error):
            pass
        return None

    def get(self, path: Path, stamp: _Stamp) -> Look | None:
        """Return what was seen of a file, if it is still the same."""
        if self._open is None:
            return None
        try:
            row = self._open.execute(_SELECT, (_key(path),)).fetchone()
            return self._read.decode(row[1]) if row is not None and row[0] == stamp else None
        except (sqlite3.Error, msgspec.MsgspecError, UnicodeError):
            return None

    def put(self, looks: list[tuple[Path, _Stamp, Look]]) -> None:
        if self._open is None or not looks:
            return
        rows = [(_key(path), stamp, msgspec.msgpack.encode(look)) for path, stamp, look in looks]
        try:
            with self._open:
                self._open.executemany("INSERT OR REPLACE INTO looks VALUES (?, ?, ?)", rows)
        except (sqlite3.Error, UnicodeError):  # the disk is full: it is only made again next time
            self._open.close()
            self._open = None

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
