"""What was seen of pictures, kept in a file for the next time; where that is damaged, it is made again."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TypeAlias

import msgspec
import PIL

from skillbank.datasets.looks import Look

__all__ = ["KeptLooks", "Stamp", "stamp_of"]

_VERSION = 3
"""Of what is kept; raised whenever a look tells more or other things."""
_MANY = 1024
"""So many are written at once."""
_SELECT = "SELECT stamp, look FROM looks WHERE path=?"
_INSERT = "INSERT OR REPLACE INTO looks VALUES (?, ?, ?)"

Stamp: TypeAlias = str
"""What changes with a file's content, and with what decodes it; empty for a file that is not there."""


def stamp_of(path: Path) -> Stamp:
    """Return the stamp of a file."""
    try:
        info = path.stat()
    except OSError:
        return ""
    return f"{info.st_size} {info.st_mtime_ns} {info.st_ino} {info.st_dev} {PIL.__version__}"


class KeptLooks:
    """Looks by path, for one thread.

    Parameters
    ----------
    file
        Made where it is not there; where it cannot be, nothing is kept.
    """

    def __init__(self, file: Path) -> None:
        self._store = _opened(file)
        self._decoder = msgspec.msgpack.Decoder(Look)
        self._new: list[tuple[str, Stamp, bytes]] = []

    def get(self, path: Path, stamp: Stamp) -> Look | None:
        """Return what was seen of a file, if it is still the same."""
        if self._store is None:
            return None
        try:
            row = self._store.execute(_SELECT, (_key(path),)).fetchone()
            return self._decoder.decode(row[1]) if row is not None and row[0] == stamp else None
        except (sqlite3.Error, msgspec.MsgspecError, ValueError):
            return None

    def put(self, path: Path, stamp: Stamp, look: Look) -> None:
        """Keep a look; not one at a file that could not be read, which may be readable the next time."""
        if self._store is None or not stamp or not look.digest:
            return
        self._new.append((_key(path), stamp, msgspec.msgpack.encode(look)))
        if len(self._new) >= _MANY:
            self._write()

    def close(self) -> None:
        """Write what is new."""
        self._write()
        if self._store is not None:
            self._store.close()
            self._store = None

    def _write(self) -> None:
        if self._store is None or not self._new:
            return
        try:
            with self._store:
                self._store.executemany(_INSERT, self._new)
        except (sqlite3.Error, ValueError):  # the disk is full, or a name is no text: next time again
            self._store.close()
            self._store = None
        self._new.clear()


def _opened(file: Path) -> sqlite3.Connection | None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return _prepared(file)
    except sqlite3.OperationalError:  # a file system that cannot lock, or another who writes
        return None
    except sqlite3.DatabaseError:
        pass
    except OSError:
        return None
    try:
        file.unlink(missing_ok=True)
        return _prepared(file)
    except (OSError, sqlite3.Error):
        return None


def _prepared(file: Path) -> sqlite3.Connection:
    store = sqlite3.connect(file, timeout=30)
    try:
        store.execute("PRAGMA synchronous=OFF")
        if store.execute("PRAGMA user_version").fetchone()[0] not in (0, _VERSION):
            store.execute("DROP TABLE IF EXISTS looks")
        store.execute("CREATE TABLE IF NOT EXISTS looks (path TEXT PRIMARY KEY, stamp TEXT, look BLOB)")
        store.execute(f"PRAGMA user_version={_VERSION}")
        store.commit()
    except sqlite3.Error:
        store.close()
        raise
    return store


def _key(path: Path) -> str:
    return str(path.absolute())
