"""The texts of many skills, by their words: BM25 scores, what a head knows, and what was a typing error."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skillbank.bank.kept_index import KeptIndex, keep, kept_index
from skillbank.bank.postings import Postings, Terms
from skillbank.bank.tokens import tokens

__all__ = ["Text", "TextIndex"]

_WORTH_KEEPING = 200
"""Texts from which reading an index that was kept is faster than making it."""


class Text(NamedTuple):
    """What is indexed of a row: its head, and all of it with the head."""

    head: str
    whole: str


class TextIndex:
    """An index over texts, made once.

    Parameters
    ----------
    text
        Gives the text of a row; asked for one after the other, as all of them together may be large.
    rows
        How many there are.
    kept
        A folder where a large index is read if it was kept, and kept if not.
    """

    def __init__(self, text: Callable[[int], Text], rows: int, kept: Path | None = None) -> None:
        folder = kept if rows >= _WORTH_KEEPING else None
        digests = [_digest(text(row)) for row in range(rows)] if folder is not None else []
        earlier = kept_index(folder, digests) if folder is not None else None
        self._terms = Terms(earlier.terms if earlier is not None else ())
        if earlier is None or earlier.digests != digests:
            earlier = self._made(text, rows, digests, earlier)
            if folder is not None:
                keep(folder, earlier)
        self._head, self._whole, self._words = earlier.head, earlier.whole, earlier.words

    def _made(
        self, text: Callable[[int], Text], rows: int, digests: list[bytes], earlier: KeptIndex | None
    ) -> KeptIndex:
        """Count the words of the texts that an earlier index does not have."""
        places, fresh = _moved(earlier.digests if earlier is not None else [], digests, rows)
        heads = self._terms.count(((row, tokens(text(row).head)) for row in fresh), rows)
        wholes = self._terms.count(((row, tokens(text(row).whole)) for row in fresh), rows)
        if earlier is not None:
            heads += earlier.head.counted(places, rows)
            wholes += earlier.whole.counted(places, rows)
        words = {w for row in range(rows) for w in tokens(text(row).head) if w.isalpha()}
        head, whole = (Postings.of(found, len(self._terms)) for found in (heads, wholes))
        return KeptIndex(digests, list(self._terms), sorted(words), head, whole)

    def close(self) -> None:
        """Free what words are asked of."""
        self._terms.close()

    def terms(self, words: Sequence[str]) -> dict[str, int]:
        """Return the term of each word that a text holds."""
        numbers = zip(words, self._terms.numbers(words), strict=True)
        return {word: term for word, term in numbers if term is not None and len(self._whole.holding(term))}

    def scores(self, terms: Iterable[int]) -> npt.NDArray[np.float64]:
        """Return the score of every row, shape ``(rows,)``; 0 where it holds none of the terms."""
        total = np.zeros(len(self._whole.lengths))
        for term in terms:
            for postings in (self._whole, self._head):
                total[postings.holding(term)] += postings.weights(term)
        return total

    def known(self, terms: Iterable[int]) -> npt.NDArray[np.int64]:
        """Return how many of the terms the head of every row knows, shape ``(rows,)``."""
        total = np.zeros(len(self._head.lengths), np.int64)
        for term in terms:
            total[self._head.holding(term)] += 1
        return total

    def knows(self, row: int, word: str) -> bool:
        """Whether the head of a row knows a word."""
        return any(row in self._head.holding(term) for term in self.terms([word]).values())

    def near(self, word: str) -> str | None:
        """Return the nearest word of a head; None where none is near."""
        found = get_close_matches(word, self._similar(word), n=1, cutoff=0.75)
        return found[0] if found else None

    def _similar(self, word: str) -> list[str]:
        """Known words that are worth a closer look: few typos change the length by much, or both ends."""
        letters = set(word)
        near: dict[str, None] = {}
        for end in _ends(word):
            for length in range(len(word) - 2, len(word) + 3):
                for known, known_letters in self._by_ends.get((end, length), ()):
                    if 3 * len(letters & known_letters) >= 2 * len(letters):
                        near[known] = None
        return list(near)

    @cached_property
    def _by_ends(self) -> dict[tuple[str, int], list[tuple[str, frozenset[str]]]]:
        found: dict[tuple[str, int], list[tuple[str, frozenset[str]]]] = {}
        for word in self._words:
            for end in _ends(word):
                found.setdefault((end, len(word)), []).append((word, frozenset(word)))
        return found


def _ends(word: str) -> tuple[str, str]:
    return word[0], f"-{word[-1]}"


def _digest(text: Text) -> bytes:
    """Return what tells a text from others; a digest has no NUL between the two, and no word has."""
    return blake2b(f"{text.head}\0{text.whole}".encode(errors="replace"), digest_size=16).digest()


def _moved(
    earlier: Sequence[bytes], digests: Sequence[bytes], rows: int
) -> tuple[npt.NDArray[np.int64], list[int]]:
    """Return the row of each earlier text now, -1 for none, and the rows whose text was not there."""
    waiting: defaultdict[bytes, list[int]] = defaultdict(list)
    for row, digest in enumerate(digests):
        waiting[digest].append(row)
    places = [waiting[digest].pop() if waiting.get(digest) else -1 for digest in earlier]
    return np.array(places, np.int64), sorted({*range(rows)} - {*places})
