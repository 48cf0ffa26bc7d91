"""Which texts hold which term how often, and what BM25 makes of it."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np
import numpy.typing as npt

__all__ = ["Counts", "Postings", "Stems", "Terms"]

_K1, _B = 1.2, 0.75
_LEAST_IDF = 1e-6
_TOKENS_AT_ONCE = 4_000_000
_ROW = np.uint64(32)
"""A posting's key holds its term above these bits and its row below: keys in order are postings in order."""

Array = npt.NDArray[np.uint32]
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Postings:
    """The postings of all terms, one term after the other, rows ascending.

    Attributes
    ----------
    starts
        Where the postings of each term begin, and the end of all; shape ``(terms + 1,)``.
    rows, counts
        The row of each posting, and how often it holds the term; shape ``(postings,)``.
    lengths
        Words of each row's text; shape ``(rows,)``.
    """

    starts: npt.NDArray[np.int64]
    rows: Array
    counts: Array
    lengths: Array

    @classmethod
    def of(cls, found: Counts, terms: int) -> Postings:
        """Put what was counted in order; what counts the same term of the same row is added up."""
        order = np.argsort(found.keys, kind="stable")
        keys, counts = found.keys[order], found.counts[order]
        first = np.flatnonzero(np.diff(keys, prepend=~keys[:1]))
        keys = keys[first]
        summed = np.add.reduceat(counts, first) if len(first) else counts
        starts = np.searchsorted(keys, np.arange(terms + 1, dtype=np.uint64) << _ROW)
        return cls(starts, keys.astype(np.uint32), summed.astype(np.uint32), found.lengths)

    def holding(self, term: int) -> Array:
        """Return the rows that hold a term, ascending."""
        return self.rows[self.starts[term] : self.starts[term + 1]]

    def weights(self, term: int) -> npt.NDArray[np.float64]:
        """Return the BM25 weight of a term in each row of `holding`, always above 0.

        As if there were as many empty texts and one: a term counts by the rows without it, and in a bank of
        two skills one that both hold would else tell nothing.
        """
        rows, texts = self.holding(term), 2 * len(self.lengths) + 1
        idf = max(math.log((texts - len(rows) + 0.5) / (len(rows) + 0.5)), _LEAST_IDF)
        often = self.counts[self.starts[term] : self.starts[term + 1]]
        weights: npt.NDArray[np.float64] = idf * (_K1 + 1) * often / (often + self._norms[rows])
        return weights

    @cached_property
    def _norms(self) -> npt.NDArray[np.float64]:
        """How often a row holds a term that weighs half of what it can; more in long texts."""
        average = max(float(self.lengths.sum()) / (2 * len(self.lengths) + 1), 1e-9)
        return _K1 * (1 - _B + _B / average * self.lengths.astype(np.float64))

    def counted(self, places: npt.NDArray[np.int64], rows: int) -> Counts:
        """Return the counts again, for a row its new number (-1: the row is gone) among so many rows."""
        lengths = np.zeros(rows, np.uint32)
        stays = places >= 0
        lengths[places[stays]] = self.lengths[stays]
        terms = np.repeat(np.arange(len(self.starts) - 1, dtype=np.uint64), np.diff(self.starts))
        moved = places[self.rows]
        kept = moved >= 0
        return Counts(_key(terms[kept], moved[kept].astype(np.uint64)), self.counts[kept], lengths)


@dataclass(frozen=True)
class Counts:
    """Postings in any order: their keys, how often each was seen, and the length of every row's text."""

    keys: Keys
    counts: Array
    lengths: Array

    def __add__(self, other: Counts) -> Counts:
        """Return both, of different rows of the same index."""
        keys = np.concatenate([self.keys, other.keys])
        return Counts(keys, np.concatenate([self.counts, other.counts]), self.lengths + other.lengths)


class Terms:
    """The terms of an index: stems of words, numbered.

    Parameters
    ----------
    known
        Terms that have numbers already, in their order.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._stems = Stems()
        self._numbers = {term: number for number, term in enumerate(known)}

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def numbers(self, words: Sequence[str]) -> list[int | None]:
        """Return the term of each word; None for one that no text holds."""
        return [self._numbers.get(stem) for stem in self._stems.of(words)]

    def count(self, texts: Iterable[tuple[int, Sequence[str]]], rows: int) -> Counts:
        """Count the words of some of the rows; new ones become terms.

        Parameters
        ----------
        texts
            Row and words of each.
        rows
            Rows of the whole index.
        """
        words: defaultdict[str, int] = defaultdict(count().__next__)
        lengths = np.zeros(rows, np.uint32)
        found: list[tuple[Keys, Array]] = []
        waiting: list[Keys] = []
        left = _TOKENS_AT_ONCE
        for row, said in texts:
            lengths[row] = len(said)
            numbers = np.fromiter(map(words.__getitem__, said), np.uint64, len(said))
            waiting.append(_key(numbers, np.uint64(row)))
            left -= len(said)
            if left < 0:
                found.append(_unique(waiting))
                waiting, left = [], _TOKENS_AT_ONCE
        found.append(_unique(waiting))
        keys = np.concatenate([keys for keys, _ in found])
        terms = self._learnt(list(words))[keys >> _ROW] if len(words) else keys
        mask = (np.uint64(1) << _ROW) - np.uint64(1)
        return Counts(_key(terms, keys & mask), np.concatenate([often for _, often in found]), lengths)

    def close(self) -> None:
        """Free the stemmer."""
        self._stems.close()

    def _learnt(self, words: Sequence[str]) -> Keys:
        stems = self._stems.of(words)
        for stem in stems:
            self._numbers.setdefault(stem, len(self._numbers))
        return np.fromiter(map(self._numbers.__getitem__, stems), np.uint64, len(stems))


def _key(terms: Keys, rows: Keys | np.uint64) -> Keys:
    key: Keys = terms << _ROW | rows
    return key


def _unique(keys: Sequence[Keys]) -> tuple[Keys, Array]:
    """Return each key once, and how often it is there."""
    each, often = np.unique(np.concatenate([np.zeros(0, np.uint64), *keys]), return_counts=True)
    return each, often.astype(np.uint32)


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
