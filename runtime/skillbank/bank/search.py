"""Ranked search over skills with SQLite's full-text index (FTS5, BM25), in memory."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from skillbank.bank.skill import Skill

_STOP = frozenset(
    # One string keeps the list readable.
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "by",
        "can",
        "do",
        "evaluate",
        "evaluation",
        "export",
        "find",
        "for",
        "from",
        "get",
        "give",
        "have",
        "how",
        "i",
        "in",
        "inference",
        "into",
        "is",
        "it",
        "me",
        "model",
        "models",
        "my",
        "of",
        "on",
        "or",
        "our",
        "please",
        "quantize",
        "run",
        "skill",
        "so",
        "some",
        "something",
        "than",
        "that",
        "the",
        "them",
        "this",
        "to",
        "train",
        "training",
        "use",
        "using",
        "want",
        "we",
        "what",
        "which",
        "with",
        "you",
        "your",
    ]
)
"""Words that occur in almost every request and tell nothing about which skill is meant."""

WEIGHTS = (12.0, 10.0, 5.0, 3.0, 1.0)
"""BM25 weights of name, aliases, tags, description and body."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One result; ``score`` is larger for better hits.

    ``coverage`` is the share of the query's words that name, aliases, tags or description know:
    below a half the hit is a coincidence of some body text.
    """

    skill: Skill
    score: float
    coverage: float

    @property
    def strong(self) -> bool:
        """Whether the skill itself speaks of what was asked."""
        return self.coverage >= 0.5


class SearchIndex:
    """An index over a fixed set of skills."""

    def __init__(self, skills: Iterable[Skill]) -> None:
        self._skills = list(skills)
        self._ranks = {bank: i for i, bank in enumerate(dict.fromkeys(s.bank for s in self._skills))}
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.execute(
            "CREATE VIRTUAL TABLE skill USING fts5(name, aliases, tags, description, body, tokenize='porter')"
        )
        self._db.executemany(
            "INSERT INTO skill(rowid, name, aliases, tags, description, body) VALUES (?, ?, ?, ?, ?, ?)",
            ((i, *_columns(s)) for i, s in enumerate(self._skills)),
        )
        self._words: dict[tuple[str, int], list[tuple[str, frozenset[str]]]] = {}
        words = {w for s in self._skills for c in _columns(s)[:4] for w in _tokens(c) if w.isalpha()}
        for word in sorted(words):
            for end in _ends(word):
                self._words.setdefault((end, len(word)), []).append((word, frozenset(word)))

    def close(self) -> None:
        """Free the index."""
        self._db.close()

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """Return the best hits first; an empty list when nothing fits.

        Words that no skill's name, tags or description knows are corrected to the nearest known
        one, so a typo still finds its skill. A bank writes its texts itself, so of skills that know as many
        of the words those of an earlier bank come first.
        """
        words = [w for w in _tokens(query) if w not in _STOP] or _tokens(query)
        corrected = [self._corrected(w) for w in dict.fromkeys(words)]
        if not corrected:
            return []
        match = " OR ".join(f'"{w}"' for w in corrected)
        rows = self._db.execute(
            f"SELECT rowid, -bm25(skill, {', '.join(map(str, WEIGHTS))}) AS score FROM skill "
            "WHERE skill MATCH ? ORDER BY score DESC, rowid",
            (match,),
        ).fetchall()
        of_bank: dict[str, list[tuple[int, float]]] = {}
        for i, score in rows:
            of_bank.setdefault(self._skills[i].bank, []).append((i, score))
        rows = [row for found in of_bank.values() for row in found[:limit]]
        covered = self._coverage(corrected, [i for i, _ in rows])
        hits = [Hit(self._skills[i], score, covered.get(i, 0.0)) for i, score in rows]
        if len(of_bank) < 2:
            return hits
        hits.sort(key=lambda h: (-round(h.coverage, 2), self._ranks[h.skill.bank], -h.score))
        return hits[:limit]

    def knows(self, skill: Skill, word: str) -> bool:
        """Whether a word occurs in a skill's name, aliases, tags or description."""
        row = next((i for i, s in enumerate(self._skills) if s.qualified == skill.qualified), None)
        match = f'{{name aliases tags description}} : "{word}"'
        found = self._db.execute("SELECT 1 FROM skill WHERE skill MATCH ? AND rowid = ?", (match, row))
        return found.fetchone() is not None

    def _coverage(self, words: list[str], rows: list[int]) -> dict[int, float]:
        covered: dict[int, float] = {}
        among = f"SELECT rowid FROM skill WHERE skill MATCH ? AND rowid IN ({', '.join(map(str, rows))})"
        for word in words:
            match = f'{{name aliases tags description}} : "{word}"'
            for (i,) in self._db.execute(among, (match,)):
                covered[i] = covered.get(i, 0.0) + 1 / len(words)
        return covered

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
        found = self._db.execute("SELECT 1 FROM skill WHERE skill MATCH ? LIMIT 1", (f'"{word}"',)).fetchone()
        if found:
            return word
        near = get_close_matches(word, self._similar(word), n=1, cutoff=0.75)
        return near[0] if near else word


def _ends(word: str) -> tuple[str, str]:
    return word[0], f"-{word[-1]}"


def _columns(skill: Skill) -> tuple[str, str, str, str, str]:
    info = skill.info
    # 'rtdetr' should also be found as 'rt detr', so names are indexed split and joined.
    name = f"{skill.name.replace('-', ' ')} {info.network_arch} {info.network_arch.replace('_', '')}"
    return (
        name,
        " ".join(info.aliases),
        " ".join(skill.frontmatter.tags),
        skill.frontmatter.description,
        skill.frontmatter.body,
    )


def _tokens(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())
