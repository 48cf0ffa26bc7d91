"""What was read of the documents of large banks, kept in the home by content for the next process.

A record says what a text holds, under a digest of the text and of the code that read it: whoever changes
either reads anew. Everything in here can be made again, so whatever is broken, full, or being written by
another process counts as not being there. A record is data as the file that it was read from is: nothing
of it is run.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from skillbank.environment import HOME
from skillbank.errors import SkillbankError
from skillbank.home import documents_dir
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    import sqlite3

    import msgspec
    import yaml

__all__ = ["KeptDocuments", "kept_documents"]

_FORMAT = "1"
_BATCH = 200
"""Records that are written at once; who has read fewer needs none of them kept."""
_LONGEST = 1 << 20
"""Bytes of a record before it is packed."""
_MOST = 128 << 20
"""Bytes of all records; beyond them the older half goes."""
_WAIT = 0.2
"""Seconds that another writer is waited for."""
_TABLE = "CREATE TABLE IF NOT EXISTS record (key BLOB PRIMARY KEY, packed BLOB NOT NULL)"


class KeptDocuments:
    """Records of what texts hold, in one file of a folder.

    Parameters
    ----------
    folder
        Made by the first process that has as many records as are worth keeping.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{_FORMAT}.db"
        self._lock = threading.Lock()
        self._waiting: dict[bytes, bytes] = {}
        self._reading: sqlite3.Connection | None = None
        self._owner = 0
        self._wrote = False

    def get(self, kind: str, *texts: str) -> object:
        """Return what was kept of some texts; None where nothing was."""
        with self._lock, suppress(Exception):  # how reading fails depends on which byte is broken
            connection = self._connection()
            if connection is None:
                return None
            key = _key(kind, texts)
            found = connection.execute("SELECT packed FROM record WHERE key = ?", (key,)).fetchone()
            return None if found is None else _unpacked(key, found[0])
        return None

    def put(self, kind: str, record: object, *texts: str) -> None:
        """Keep a record of some texts, which holds what JSON does; one that cannot be kept is not."""
        with self._lock, suppress(OSError, TypeError, ValueError, OverflowError):
            key = _key(kind, texts)
            packed = _packed(key, record)
            if packed is not None:
                self._waiting[key] = packed
            if len(self._waiting) >= _BATCH:
                self._write()
                if not self._wrote:
                    self._wrote = True
                    atexit.register(self.close)

    def close(self) -> None:
        """Write what waits, where this process has written before."""
        with self._lock:
            if self._wrote and self._owner in (0, os.getpid()):
                self._write()
            self._reading = None

    def _connection(self) -> sqlite3.Connection | None:
        """Return the connection of this process; one of the process that it was forked from is left alone."""
        if self._owner != os.getpid():
            self._reading, self._owner = None, os.getpid()
        if self._reading is None and self._file.is_file():
            self._reading = _opened(self._file, readonly=True)
        return self._reading

    def _write(self) -> None:
        rows, self._waiting = list(self._waiting.items()), {}
        try:
            with suppress(OSError), _written(self._file) as connection:
                connection.executemany("INSERT OR REPLACE INTO record VALUES (?, ?)", rows)
                _shorten(connection)
        except sqlite3.OperationalError:
            return  # another process writes, or nothing can be written here
        except sqlite3.DatabaseError:
            self._reading = None
            with suppress(OSError):
                self._file.unlink()  # no database, or a broken one: the next batch makes it anew


def kept_documents() -> KeptDocuments | None:
    """Return the records of the home; None where there is none, or it is another one in each folder."""
    named = HOME.value
    if named and not named.startswith(("/", "~")):
        return None
    try:
        return _of_home(named or str(Path.home()))
    except RuntimeError:  # this user has no home
        return None


@lru_cache(maxsize=8)
def _of_home(_name: str) -> KeptDocuments | None:
    """Find the home once for each name of it, as every document asks."""
    try:
        return KeptDocuments(documents_dir())
    except SkillbankError:
        return None


@contextmanager
def _written(file: Path) -> Iterator[sqlite3.Connection]:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(_opened(file)) as connection, connection:
        connection.execute(_TABLE)
        yield connection


def _opened(file: Path, *, readonly: bool = False) -> sqlite3.Connection:
    mode = "ro" if readonly else "rwc"
    connection = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=_WAIT, check_same_thread=False
    )
    if not readonly:
        connection.execute("PRAGMA synchronous = OFF")  # what a fall of the machine breaks is made again
    return connection


def _shorten(connection: sqlite3.Connection) -> None:
    pages, free, size = (
        connection.execute(f"PRAGMA {word}").fetchone()[0]
        for word in ("page_count", "freelist_count", "page_size")
    )
    if (pages - free) * size > _MOST:
        connection.execute(
            "DELETE FROM record WHERE rowid <= (SELECT (min(rowid) + max(rowid)) / 2 FROM record)"
        )


def _key(kind: str, texts: tuple[str, ...]) -> bytes:
    whole = hashlib.sha256(f"{kind}\0{_reader()}".encode())
    for text in texts:
        content = text.encode()
        whole.update(b"%d\0" % len(content))
        whole.update(content)
    return whole.digest()


def _packed(key: bytes, record: object) -> bytes | None:
    encoded = msgspec.msgpack.encode(record)
    return zlib.compress(key + encoded, 1) if len(encoded) <= _LONGEST else None


def _unpacked(key: bytes, packed: bytes) -> object:
    """Return what a record holds; None for another text's, and for one that is larger than any is."""
    unpacking = zlib.decompressobj()
    whole = unpacking.decompress(packed, _LONGEST + len(key) + 1)
    if not unpacking.eof or not whole.startswith(key):
        return None
    return msgspec.msgpack.decode(memoryview(whole)[len(key) :])


@lru_cache(maxsize=1)
def _reader() -> str:
    """Return what tells the code that reads from any other: its files, as Python does, and the parser."""
    folder = Path(__file__).parent
    said = [yaml.__version__]
    for place in (folder, folder.parent):
        with os.scandir(place) as entries:
            for entry in sorted(entries, key=lambda each: each.name):
                if entry.name.endswith(".py"):
                    seen = entry.stat()
                    said.append(f"{entry.name} {seen.st_size} {seen.st_mtime_ns}")
    return "\n".join(said)
