"""Patterns for texts that nobody vouches for: compiled for an engine whose time grows with the text alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

import re2

__all__ = ["Linear", "Match", "linear", "whole"]

_MEMORY = 64 << 20
_HALF = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """Return a text of the same length without halves of surrogate pairs, which the engine cannot take."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)


class Match(Protocol):
    """Where a pattern was found."""

    def __getitem__(self, group: int | str, /) -> str:
        """Return the text of a group; 0 is all of it."""
        ...

    def groups(self) -> tuple[str | None, ...]:
        """Return the texts of all groups; None of one that took no part."""
        ...

    def start(self, group: int = 0, /) -> int:
        """Return where it begins."""
        ...

    def end(self, group: int = 0, /) -> int:
        """Return where it ends."""
        ...

    def span(self, group: int = 0, /) -> tuple[int, int]:
        """Return both."""
        ...


class _Engine(Protocol):
    """What RE2 compiles a pattern to, as far as it is used here."""

    def search(self, text: str, /) -> Match | None: ...
    def match(self, text: str, /) -> object: ...
    def fullmatch(self, text: str, /) -> object: ...
    def finditer(self, text: str, /) -> Iterator[Match]: ...
    def findall(self, text: str, /) -> list[object]: ...


class Linear:
    """A compiled pattern; it takes any text."""

    def __init__(self, engine: _Engine) -> None:
        self._engine = engine

    def search(self, text: str) -> Match | None:
        """Return the first match, or None."""
        return self._engine.search(whole(text))

    def match(self, text: str) -> object:
        """Return a match at the beginning, or None."""
        return self._engine.match(whole(text))

    def fullmatch(self, text: str) -> object:
        """Return a match of the whole text, or None."""
        return self._engine.fullmatch(whole(text))

    def finditer(self, text: str) -> Iterator[Match]:
        """Yield all matches."""
        yield from self._engine.finditer(whole(text))

    def findall(self, text: str) -> list[object]:
        """Return the texts of all matches."""
        return self._engine.findall(whole(text))


@lru_cache(maxsize=1024)
def linear(pattern: str) -> Linear:
    """Compile a pattern; flags are written into it (``(?i)``), and it holds no look-around or reference."""
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    return Linear(re2.compile(pattern, options))
