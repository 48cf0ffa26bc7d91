"""A text under reading: tokens that patterns rewrite, each of which remembers where it stood.

Words are lower case. What a stage has understood becomes one token whose text is a capital letter:

====  =========================================  ====  ==========================================
D     a number (int or float)                    K     a dotted spec key
P     a place (`Place`)                          S     a setting (`Setting`)
Q     a quoted text (str)                        N     a skill's name (tuple of skills)
J     a job (str)
E     ``key=value`` as written (`Pair`)          C     captions (list of str)
V     an action asked for (its names)            G, T  an action as a noun, as a participle
====  =========================================  ====  ==========================================

So a pattern over the tokens is a plain regular expression over words and capital letters.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any


@dataclass(slots=True, eq=False)
class Token:
    """A word, a mark of punctuation or something understood; ``start`` and ``end`` are of the original.

    Two tokens are the same only where they are one.
    """

    text: str
    start: int
    end: int
    value: Any = None


@dataclass(slots=True)
class Found:
    """A match of a pattern: the tokens from ``first`` up to ``last``."""

    text: Text
    match: re.Match[str]
    first: int
    last: int

    def tokens(self, group: str | int = 0) -> list[Token]:
        """Return the tokens of a group; none when it did not take part."""
        start, end = self.match.span(group)
        if start < 0:
            return []
        return self.text.tokens[self.text.index(start) : self.text.index(end - 1) + 1]

    def values(self, kind: str, group: str | int = 0) -> list[Any]:
        """Return the values of a group's tokens of one kind."""
        return [t.value for t in self.tokens(group) if t.text == kind]

    def said(self, group: str | int = 0) -> str:
        """Return a group as it was written."""
        tokens = self.tokens(group)
        return self.text.source(tokens) if tokens else ""

    def kept(self, kinds: str) -> list[Token]:
        """Return the tokens of these kinds, for rewriting that takes only the words."""
        return [t for t in self.tokens() if t.text in kinds]

    def one(self, kind: str, value: Any = None) -> Token:
        """Return one token in place of the whole match."""
        tokens = self.tokens()
        return Token(kind, tokens[0].start, tokens[-1].end, value)


Make = Callable[[Found], "Iterable[Token] | None"]


class Text:
    """The tokens of a text, and the text that they came from."""

    def __init__(self, original: str, tokens: Iterable[Token]) -> None:
        self.original = original
        self.tokens = list(tokens)
        self._joined: str | None = None
        self._starts: list[int] = []

    @property
    def joined(self) -> str:
        """The tokens' texts with a blank between them and around them; made when it is asked for."""
        if self._joined is None:
            self._joined = f" {' '.join(t.text for t in self.tokens)} "
            self._starts = list(accumulate((len(t.text) + 1 for t in self.tokens), initial=1))[:-1]
        return self._joined

    def _rejoin(self) -> None:
        self._joined = None

    def index(self, offset: int) -> int:
        """Return the token at an offset of the joined text."""
        found = bisect_left(self._starts, offset)
        return found if found < len(self._starts) and self._starts[found] == offset else found - 1

    def find(self, pattern: re.Pattern[str]) -> Iterator[Found]:
        """Find a pattern; its matches begin and end with whole tokens."""
        for match in pattern.finditer(self.joined):
            if match.end() > match.start():
                yield Found(self, match, self.index(match.start()), self.index(match.end() - 1) + 1)

    def has(self, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern occurs."""
        return pattern.search(self.joined) is not None

    def rewrite(self, pattern: re.Pattern[str], make: Make) -> None:
        """Put other tokens in the place of every match; None leaves it as it is."""
        changes = [(f.first, f.last, made) for f in self.find(pattern) if (made := make(f)) is not None]
        if changes:
            kept, at = [], 0
            for first, last, made in changes:
                kept += self.tokens[at:first]
                kept += made
                at = last
            self.tokens = kept + self.tokens[at:]
            self._rejoin()

    def replace(self, first: int, last: int, tokens: Sequence[Token] = ()) -> None:
        """Put tokens in the place of those from `first` up to `last`."""
        self.tokens[first:last] = tokens
        self._rejoin()

    def take(self, pattern: re.Pattern[str], kinds: str = "") -> list[str]:
        """Take every match out but for tokens of these kinds; return how they were written."""
        taken = []

        def out(found: Found) -> list[Token]:
            taken.append(found.said())
            return found.kept(kinds)

        self.rewrite(pattern, out)
        return taken

    def source(self, tokens: Sequence[Token]) -> str:
        """Return the original text that neighbouring tokens came from."""
        return self.original[tokens[0].start : max(t.end for t in tokens)]

    def sentences(self) -> Iterator[tuple[int, int]]:
        """Yield where sentences begin and end, without the marks between them."""
        first = 0
        for i, token in enumerate([*self.tokens, Token(".", 0, 0)]):
            if token.text in (".", "!", "?", ";"):
                if i > first:
                    yield first, i
                first = i + 1


_IN_A_ROW = 9
"""How often what may be repeated is repeated at most."""


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set; a table of words is easier to read as text."""
    return frozenset(text.split())


class Grammar:
    """Named groups of words, and patterns written with them.

    In a pattern ``<name>`` is one of the group's words, ``<name?>`` at most one with the blank after it, and
    ``<name*>`` any number of them.
    """

    def __init__(self, groups: Mapping[str, str]) -> None:
        self.groups = {name: f"(?:{words})" for name, words in groups.items()}
        self._members = {name: frozenset(words.split("|")) for name, words in groups.items()}
        self.vocabulary: set[str] = set()
        for words in groups.values():
            self._learn(words)

    def is_one_of(self, word: str, group: str) -> bool:
        """Whether a word is one of a group's."""
        return word in self._members[group]

    def __call__(self, pattern: str) -> re.Pattern[str]:
        """Compile a pattern that begins and ends with whole tokens, and learn its words."""
        self._learn(re.sub(r"<\w+[?*+]?>|\(\?P<\w+>|\\\w", " ", pattern))
        expanded = re.sub(r"(?<!\?P)<(\w+)([?*+]?)>", self._group, pattern)
        # Nobody says a word more than a few times in a row; without bounds a hostile text takes for ever.
        expanded = re.sub(r"\)([*+])(\??)", lambda m: f"){{{'01'[m[1] == '+']},{_IN_A_ROW}}}{m[2]}", expanded)
        expanded = re.sub(
            r"\(\?:([a-z |]+)\)", lambda m: f"(?:{'|'.join(dict.fromkeys(m[1].split('|')))})", expanded
        )
        # An optional word at the end leaves its blank to the next token.
        return re.compile(rf"(?<= )(?:{expanded})(?:(?<= )|(?= ))")

    def _group(self, match: re.Match[str]) -> str:
        words = self.groups[match[1]]
        return f"(?:{words} ){match[2]}" if match[2] else words

    def _learn(self, source: str) -> None:
        # "disabl(?:e|ed|ing)" and "epochs?" are several words each; the first is none by itself.
        for stem, endings, optional in re.findall(r"([a-z]+)\(\?:([a-z|]+)\)(\??)", source):
            self.vocabulary.update(
                stem + ending for ending in [*endings.split("|"), *([""] if optional else [])]
            )
        source = re.sub(r"[a-z]+\(\?:[a-z|]+\)\??", " ", re.sub(r"\[[a-z]+\]", "s", source))
        for word, optional in re.findall(r"([a-z]+)(\??)", source):
            self.vocabulary.add(word)
            if optional:
                self.vocabulary.add(word[:-1])
