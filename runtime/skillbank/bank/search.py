"""Ranked search over skills: BM25, counted by SQLite's full-text index (FTS5) in memory.

A skill's score is the sum of two plain BM25 scores: of its head (name, aliases, tags and description, which
say what it is for) and of its whole text. So the head decides between skills whose texts speak of the same
things. Nothing that shares a word with the query is cut off; a hit whose head knows little of the query is
weak, and says so.
"""

from __future__ import annotations

import re
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from operator import add
from typing import NamedTuple

from skillbank.bank.skill import Skill

__all__ = ["Hit", "SearchIndex"]

_STOP = frozenset(
    re.findall(
        r"\w+",
        """
        a about all an and any are as at be but by can could did do does for from get give had has have how
        i if in into is it its just let like me my not of on or our please should so some something than that
        the their them then there these they this those to up use using want was we were what when where
        which who will with would you your
        """,
    )
)
"""Words that tell nothing about what is meant; they are looked for where a query has no others."""

_GENERAL = frozenset(
    (
        *("evaluate", "evaluation", "export", "find", "inference", "model", "models", "quantize", "run"),
        *("skill", "train", "training"),
    )
)
"""Words of almost every request: they count in the ranking, and beside others make no hit a strong one."""

_DESCRIPTION, _HEAD = 1024, 3072
"""Characters of a description, and of a head with it, that say what a skill is for; the rest is text.

A head that holds a dictionary would else know every query. The Agent Skills standard allows 1,024.
"""
_MOST_SHARES = 2_000_000
"""Words times skills whose part of scores is kept, nine bytes each."""
_MOST_TYPOS = 12
"""Words of a query up to which unknown ones are corrected; a longer one has enough that are right."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One result; ``score`` is larger for better hits of the same query.

    The skill's head knows ``known`` of the ``asked`` words that tell what the query is about.
    """

    skill: Skill
    score: float
    known: int
    asked: int

    @property
    def coverage(self) -> float:
        """The share of the telling words that the skill's head knows."""
        return self.known / max(1, self.asked)

    @property
    def strong(self) -> bool:
        """Whether the skill itself speaks of what was asked; a weak hit may be a coincidence of some text.

        Strong is who knows half of the telling words, or of many words four and a quarter.
        """
        return _is_strong(self.known, self.asked)


class _Share(NamedTuple):
    """What one word gives each skill: its part of the score, and 1 where the head knows it.

    BM25 of several words is the sum of that of each; most words of a query were asked before.
    """

    score: array[float]
    known: bytearray


class SearchIndex:
    """An index over a fixed set of skills."""

    def __init__(self, skills: Iterable[Skill]) -> None:
        self._skills = list(skills)
        self._rows = {skill.qualified: row for row, skill in enumerate(self._skills)}
        ranks = {bank: i for i, bank in enumerate(dict.fromkeys(s.bank for s in self._skills))}
        self._ranks = [ranks[skill.bank] for skill in self._skills]
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        heads = [_head(skill, _DESCRIPTION)[:_HEAD] for skill in self._skills]
        self._fill("head", heads)
        self._fill("whole", [f"{_head(skill)} {skill.frontmatter.body}" for skill in self._skills])
        self._share = lru_cache(max(_MOST_SHARES // max(1, len(self._skills)), 64))(self._shares_of)
        self._words: dict[tuple[str, int], list[tuple[str, frozenset[str]]]] = {}
        for word in sorted({w for head in heads for w in _tokens(head) if w.isalpha()}):
            for end in _ends(word):
                self._words.setdefault((end, len(word)), []).append((word, frozenset(word)))

    def _fill(self, table: str, texts: Sequence[str]) -> None:
        """Index the texts, and as many empty ones and one: BM25 weighs a word by the rows without it.

        FTS5 takes a word that half of the rows hold for worthless, and in a bank of two skills that is each.
        """
        rows = enumerate([*texts, *([""] * (len(texts) + 1))])
        self._db.execute(f"CREATE VIRTUAL TABLE {table} USING fts5(text, content='', tokenize='porter')")
        self._db.executemany(f"INSERT INTO {table}(rowid, text) VALUES (?, ?)", rows)

    def close(self) -> None:
        """Free the index."""
        self._share.cache_clear()
        self._db.close()

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """Return the skills that share a word with a query, the best first, weak ones among them.

        Words that no skill knows are corrected to the nearest one of a head, so a typo still finds its skill.
        A bank writes its texts itself, so no skill comes before one of an earlier bank that knows as many of
        the query's telling words.
        """
        return self._found(query, limit, strong=False)

    def strong(self, query: str, limit: int = 10) -> list[Hit]:
        """Return only the hits whose skill itself speaks of what was asked, the best first."""
        return self._found(query, limit, strong=True)

    def _found(self, query: str, limit: int, *, strong: bool) -> list[Hit]:
        corrected = self.corrections(query)
        words = list(dict.fromkeys(corrected.get(w, w) for w in self._wanted(query)))
        telling = [w for w in words if w not in _GENERAL and w not in _STOP]
        telling = telling or [w for w in words if w not in _STOP]
        scores = self._scores(words)
        rows = sorted(scores, key=lambda row: (-round(scores[row], 9), row))
        known = self._known(telling, rows)
        if strong:
            rows = [row for row in rows if _is_strong(known[row], len(telling))]
        best = islice(self._by_bank(rows, known), limit)
        return [Hit(self._skills[row], scores[row], known[row], len(telling)) for row in best]

    def corrections(self, query: str) -> dict[str, str]:
        """Return the words of a query that are looked for as another word, each with that one."""
        words = self._wanted(query)
        meant = {word: self._corrected(word) for word in words if len(words) <= _MOST_TYPOS}
        return {said: word for said, word in meant.items() if word != said}

    def knows(self, skill: Skill, word: str) -> bool:
        """Whether a word occurs in a skill's name, aliases, tags or description."""
        query = "SELECT 1 FROM head WHERE head MATCH ? AND rowid = ?"
        row = self._rows.get(skill.qualified, -1)
        return self._db.execute(query, (f'"{word}"', row)).fetchone() is not None

    def _wanted(self, query: str) -> list[str]:
        """Return the words that are looked for, each once, as they were said."""
        said = list(dict.fromkeys(_tokens(query)))
        return [w for w in said if w not in _STOP] or said

    def _scores(self, words: Sequence[str]) -> dict[int, float]:
        """Return the score of every row that holds one of the words."""
        shares = (self._share(word).score for word in words)
        return {row: score for row, score in enumerate(self._added(shares)) if score}

    def _known(self, words: Sequence[str], rows: Sequence[int]) -> dict[int, int]:
        """Return how many of the words the head of each of these rows knows."""
        counts = self._added(self._share(word).known for word in words)
        return {row: int(counts[row]) for row in rows}

    def _added(self, columns: Iterable[Iterable[float]]) -> list[float]:
        total = [0.0] * len(self._skills)
        for column in columns:
            total = list(map(add, total, column))
        return total

    def _shares_of(self, word: str) -> _Share:
        share = _Share(array("d", bytes(8 * len(self._skills))), bytearray(len(self._skills)))
        for table in ("whole", "head"):
            query = f"SELECT rowid, -bm25({table}) FROM {table} WHERE {table} MATCH ?"
            for row, score in self._db.execute(query, (f'"{word}"',)):
                share.score[row] += score
                share.known[row] = table == "head"
        return share

    def _by_bank(self, rows: Sequence[int], known: dict[int, int]) -> Iterator[int]:
        """Yield the rows; before each come those of earlier banks that know as many of the words."""
        left = list(rows)
        while len({self._ranks[row] for row in left}) > 1:
            as_good = (row for row in left if known[row] >= known[left[0]])
            first = min(as_good, key=self._ranks.__getitem__)
            left.remove(first)
            yield first
        yield from left

    def _similar(self, word: str) -> list[str]:
        """Known words that are worth a closer look: few typos change the length by much, or both ends."""
        letters = set(word)
        near: dict[str, None] = {}
        for end in _ends(word):
            for length in range(len(word) - 2, len(word) + 3):
                for known, known_letters in self._words.get((end, length), ()):
                    if 3 * len(letters & known_letters) >= 2 * len(letters):
                        near[known] = None
        return list(near)

    def _corrected(self, word: str) -> str:
        if len(word) < 4:
            return word
        found = self._db.execute("SELECT 1 FROM whole WHERE whole MATCH ? LIMIT 1", (f'"{word}"',)).fetchone()
        if found:
            return word
        near = get_close_matches(word, self._similar(word), n=1, cutoff=0.75)
        return near[0] if near else word


def _is_strong(known: int, asked: int) -> bool:
    return 0 < asked <= 2 * known or 4 <= known >= asked / 4


def _ends(word: str) -> tuple[str, str]:
    return word[0], f"-{word[-1]}"


def _head(skill: Skill, longest: int | None = None) -> str:
    info = skill.info
    # 'widepainter' should also be found as 'wide painter', so names are indexed split and joined.
    name = f"{skill.name.replace('-', ' ')} {info.network_arch} {info.network_arch.replace('_', '')}"
    said = skill.frontmatter.description[:longest]
    return " ".join((name, said, *skill.frontmatter.tags, *info.aliases))


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())
