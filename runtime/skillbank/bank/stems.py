"""Words and their stems, by the Porter stemmer that comes with SQLite's full-text index (FTS5)."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence

__all__ = ["Stems"]


class Stems:
    """What words are without their endings and accents: "pruning" and "prunes" are "prune"."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.execute("CREATE VIRTUAL TABLE said USING fts5(word, content='', tokenize='porter')")
        self._db.execute("CREATE VIRTUAL TABLE stem USING fts5vocab(said, 'instance')")

    def of(self, words: Sequence[str]) -> list[str]:
        """Return the stem of each word; a word of letters that SQLite does not know is its own."""
        stems: list[list[str]] = [[] for _ in words]
        with self._lock:
            self._db.executemany("INSERT INTO said(rowid, word) VALUES (?, ?)", enumerate(words))
            for place, stem in self._db.execute("SELECT doc, term FROM stem ORDER BY doc, offset"):
                stems[place].append(stem)
            self._db.execute("INSERT INTO said(said) VALUES ('delete-all')")
        return [" ".join(found) or word for found, word in zip(stems, words, strict=True)]

    def close(self) -> None:
        """Free the stemmer."""
        self._db.close()
