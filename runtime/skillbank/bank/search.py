"""Ranked search over skills by BM25.

A skill's score is the sum of two plain BM25 scores: of its head (name, aliases, tags and description, which
say what it is for) and of its whole text. So the head decides between skills whose texts speak of the same
things. Nothing that shares a word with the query is cut off; a hit whose head knows little of the query is
weak, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.bank.skill import Skill
from skillbank.bank.tokens import tokens
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    import numpy as np

    from skillbank.bank import text_index  # with NumPy, which most plans do without

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.int64]

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
_MOST_TYPOS = 12
"""Words of a query up to which unknown ones are corrected; a longer one has enough that are right."""
_LEAST_TYPO = 4
"""Letters of a word that is corrected; of a shorter one too many are near."""


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
    def strong(self) -> bool:
        """Whether the skill itself speaks of what was asked; a weak hit may be a coincidence of some text.

        Strong is who knows half of the telling words, or of many words four and a quarter.
        """
        return _is_strong(self.known, self.asked)


class SearchIndex:
    """An index over a fixed set of skills; it is made, or read where it was kept, at the first question."""

    def __init__(self, skills: Iterable[Skill], kept: Path | None = None) -> None:
        self._skills = list(skills)
        self._kept = kept
        self._rows = {skill.qualified: row for row, skill in enumerate(self._skills)}

    @cached_property
    def _ranks(self) -> Rows:
        """The place of each skill's bank among the banks."""
        ranks = {bank: i for i, bank in enumerate(dict.fromkeys(s.bank for s in self._skills))}
        return np.array([ranks[skill.bank] for skill in self._skills], np.int64)

    @cached_property
    def _texts(self) -> text_index.TextIndex:
        def text(row: int) -> text_index.Text:
            skill = self._skills[row]
            return text_index.Text(
                _head(skill, _DESCRIPTION)[:_HEAD], f"{_head(skill)} {skill.frontmatter.body}"
            )

        return text_index.TextIndex(text, len(self._skills), self._kept)

    def close(self) -> None:
        """Free the index; another question makes it anew."""
        if (made := self.__dict__.pop("_texts", None)) is not None:
            made.close()

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
        terms = self._texts.terms(words)
        scores = self._texts.scores(terms[word] for word in words if word in terms)
        known = self._texts.known(terms[word] for word in telling if word in terms)
        # What is as good to the ninth place comes in the order of the banks.
        rows = (-scores.round(9)).argsort(kind="stable")
        rows = rows[scores[rows] > 0]
        if strong:
            rows = rows[[_is_strong(count, len(telling)) for count in known[rows].tolist()]]
        best = self._by_bank(rows, known[rows], limit)
        return [Hit(self._skills[row], float(scores[row]), int(known[row]), len(telling)) for row in best]

    def corrections(self, query: str) -> dict[str, str]:
        """Return the words of a query that are looked for as another word, each with that one."""
        words = self._wanted(query)
        if len(words) > _MOST_TYPOS:
            return {}
        terms = self._texts.terms(words)
        unknown = [word for word in words if len(word) >= _LEAST_TYPO and word not in terms]
        return {word: near for word in unknown if (near := self._texts.near(word)) is not None}

    def knows(self, skill: Skill, word: str) -> bool:
        """Whether a word occurs in a skill's name, aliases, tags or description."""
        row = self._rows.get(skill.qualified)
        return row is not None and self._texts.knows(row, word)

    def _wanted(self, query: str) -> list[str]:
        """Return the words that are looked for, each once, as they were said."""
        said = list(dict.fromkeys(tokens(query)))
        return [w for w in said if w not in _STOP] or said

    def _by_bank(self, rows: Rows, known: Rows, limit: int) -> list[int]:
        """Return the first rows; before each come those of earlier banks that know as many of the words."""
        found: list[int] = []
        ranks = self._ranks[rows]
        while len(found) < limit and len(rows):
            as_good = (known >= known[0]).nonzero()[0]
            first = as_good[ranks[as_good].argmin()]
            found.append(int(rows[first]))
            left = rows != rows[first]
            rows, known, ranks = rows[left], known[left], ranks[left]
        return found


def _is_strong(known: int, asked: int) -> bool:
    return 0 < asked <= 2 * known or 4 <= known >= asked / 4


def _head(skill: Skill, longest: int | None = None) -> str:
    arch = skill.called.network_arch
    # 'widepainter' should also be found as 'wide painter', so names are indexed split and joined.
    name = f"{skill.name.replace('-', ' ')} {arch} {arch.replace('_', '')}"
    said = skill.frontmatter.description[:longest]
    return " ".join((name, said, *skill.frontmatter.tags, *skill.called.aliases))
