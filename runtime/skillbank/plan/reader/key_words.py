"""The words of the names of spec keys: how people say them, and what of them tells nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from skillbank.plan.reader.lexicon import lexicon
from skillbank.plan.reader.phrases import word_list, word_pairs

__all__ = [
    "COMMON", "FILLERS", "IN_PHRASES", "canonical", "letters", "part_of", "parts_near", "spells", "stem",
    "stems_of",
]  # fmt: skip

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


_ABBREVIATIONS = word_pairs("key_words.abbreviations")
_SILENT = word_list("key_words.silent")
_PHRASES = {
    ("wd",): ("weight", "decay"), ("learning", "rate"): ("lr",), ("l", "r"): ("lr",),
    ("data", "loader"): (), ("data", "loading"): (), ("warm", "up"): ("warmup",),
    ("exponential", "moving", "average"): ("ema",), ("moving", "average"): ("ema",),
}  # fmt: skip
_LONGEST = max(map(len, _PHRASES))
IN_PHRASES = frozenset(w for phrase in _PHRASES for w in phrase)


def canonical(spoken: Sequence[str]) -> frozenset[str]:
    """Return spoken words as the names of keys have them."""
    return _canonical(tuple(spoken))


@lru_cache(maxsize=1 << 14)
def part_of(word: str) -> frozenset[str]:
    """Return one word so: a part of a name, or nothing where it says nothing."""
    return canonical([word])


def parts_near(spoken: Sequence[str]) -> frozenset[str]:
    """Return every part of a key's name that any row of some spoken words may be."""
    rows = (spoken[i : i + n] for n in range(1, _LONGEST + 1) for i in range(len(spoken) - n + 1))
    return frozenset[str]().union(*map(canonical, rows))


@lru_cache(maxsize=1 << 14)
def _canonical(spoken: tuple[str, ...]) -> frozenset[str]:
    words = list(spoken)
    for said, meant in _PHRASES.items():
        for i in range(len(words) - len(said) + 1):
            if tuple(words[i : i + len(said)]) == said:
                words[i : i + len(said)] = meant
    return frozenset(_part(_ABBREVIATIONS.get(w, w)) for w in words if w not in _SILENT) - {""}


@lru_cache(maxsize=4096)
def _part(word: str) -> str:
    """Return the stem of a word; a verb that says nothing by itself ("process 5 images") stays as it is."""
    return word if lexicon().has(word, "grammar.free.light") else stem(word)


COMMON = canonical([*word_list("key_words.common")])
"""Parts of names that tell nothing apart by themselves."""
FILLERS = canonical([*word_list("key_words.fillers")])
"""Parts of names that people leave out."""


@lru_cache(maxsize=4096)
def stems_of(description: str) -> frozenset[str]:
    """Return the words of a description, as `canonical` has them and as their stems alone."""
    words = re.findall(r"[a-z]+", description.lower())
    return canonical(words) | {_part(word) for word in words}


def spells(leaf: str, word: str, *, exactly: bool = False) -> bool:
    """Whether a word is a part of a last name (but for the plural where not exactly), or stands for one."""
    short = _ABBREVIATIONS.get(word, word)
    forms = {short} if exactly else {short, f"{short}s", short.removesuffix("s"), short.removesuffix("es")}
    return short != word or not forms.isdisjoint(leaf.lower().split("_"))


@lru_cache(maxsize=4096)
def letters(text: str) -> str:
    """Return the letters and digits of a value: ``resnet_50`` and "ResNet-50" are one."""
    return re.sub(r"[\W_]+", "", text.lower())
