"""Patterns for texts that nobody vouches for: compiled for an engine whose time grows with the text alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

__all__ = ["Linear", "linear", "whole"]

_MEMORY = 64 << 20
_HALF = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """Return a text of the same length without halves of surrogate pairs, which the engine cannot take."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)


class Linear:
    """A compiled pattern; it takes any text."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def search(self, text: str) -> Any:
        """Return the first match, or None."""
        return self._engine.search(whole(text))

    def match(self, text: str) -> Any:
        """Return a match at the beginning, or None."""
        return self._engine.match(whole(text))

    def fullmatch(self, text: str) -> object:
        """Return a match of the whole text, or None."""
        return self._engine.fullmatch(whole(text))

    def finditer(self, text: str) -> Iterator[Any]:
        """Yield all matches."""
        yield from self._engine.finditer(whole(text))

    def findall(self, text: str) -> list[object]:
        """Return the texts of all matches."""
        found: list[Any] = self._engine.findall(whole(text))
        return found


@lru_cache(maxsize=1024)
def linear(pattern: str) -> Linear:
    """Compile a pattern; flags are written into it (``(?i)``), and it holds no look-around or reference."""
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    return Linear(re2.compile(pattern, options))
