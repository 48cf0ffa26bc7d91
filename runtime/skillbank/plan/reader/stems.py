"""Forms of one word: "flips", "flipping" and "flip" have the same stem."""

from __future__ import annotations

from functools import lru_cache

__all__ = ["stem"]

_ENDINGS = (
    "ements", "ement", "ations", "ation", "ates", "ated", "ate", "ings", "ing", "ions", "ion", "ers", "er",
    "ed", "es", "s", "e",
)  # fmt: skip
_IRREGULAR = {"frozen": "freeze", "froze": "freeze"}
_LEAST = 3
"""Letters that a stem has at least."""


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Return what the forms of an English word have in common; two words may share it by chance."""
    word = _IRREGULAR.get(word, word)
    for ending in _ENDINGS:
        cut = word.removesuffix(ending)
        if cut != word and len(cut) >= _LEAST:
            word = cut
            break
    return word[:-1] if len(word) > _LEAST and word[-1] == word[-2] else word
