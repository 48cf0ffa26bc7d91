"""The tokens of a text in plain words, with the names that stand in it put together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from skillbank.bank.discovery import Library
from skillbank.plan.reader import lexer, names, normal
from skillbank.plan.reader.label_sets import SetNames, sets_named
from skillbank.plan.reader.lexicon import Lexicon, lexicon
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.roots import mark_folders
from skillbank.plan.reader.tokens import Ledger, Token

__all__ = ["page_of"]


def page_of(text: str, library: Library, set_names: SetNames) -> tuple[Text, list[str]]:
    """Return the tokens of a text in plain words, names put together, and what was corrected."""
    words, known = lexicon(), names.names_of(library)

    def is_word(word: str) -> bool:
        return words.is_word(word) or word in known.words

    def whole(clean: str) -> Iterator[Token]:
        sets = list(sets_named(clean, is_word, set_names))
        skills = (t for t in known.qualified(clean) if not any(s.start <= t.start < s.end for s in sets))
        yield from sorted([*sets, *skills], key=lambda token: token.start)

    tokens = lexer.lex(text, whole, is_word)
    tokens = mark_folders(text, tokens)
    tokens = normal.translate(normal.part(tokens, words), words)
    tokens, notes = normal.correct(
        text, tokens, frozenset(known.words | known.described), _own(known.words, words), words
    )
    tokens = normal.count_words(tokens, words)
    tokens, more = known.take(text, tokens)
    return Text(Ledger(text, tokens), words), [*notes, *more]


@lru_cache(maxsize=8)
def _own(names: frozenset[str], words: Lexicon) -> frozenset[str]:
    """Return the longer words of names that mean nothing else in requests."""
    return frozenset(name for name in names if len(name) > 4 and not words.is_word(name))
