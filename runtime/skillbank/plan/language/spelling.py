"""Typing errors in words that matter, corrected when only one word can be meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from skillbank.plan.language.tokens import Text
from skillbank.plan.language.words import FILLER, KEYWORDS, LOOKALIKES, rx


def distance(a: str, b: str, most: int) -> int:
    """Count the insertions, deletions, replacements and swaps of neighbours from one word to another.

    Returns
    -------
    int
        At most ``most + 1``, which stands for anything beyond.
    """
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        last, before, row = before, row, [i]
        for j, y in enumerate(b, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def allowed(word: str) -> int:
    """Return how many typing errors a word of this length may hold."""
    return 0 if len(word) < 4 else 1 if len(word) < 8 else 2


def is_known(word: str) -> bool:
    """Whether a word is one of ours or plain English that is not to be corrected."""
    return word in rx.vocabulary or word in KEYWORDS or word in FILLER or word in LOOKALIKES


def correct(text: Text, names: Iterable[str]) -> Iterator[str]:
    """Correct the words of a text; yield a sentence for each that was changed.

    Parameters
    ----------
    names
        Words that occur in names of skills: they are right as they are.
    """
    right = frozenset(names)
    changed = False
    for token in text.tokens:
        word = token.text
        if not word.isalpha() or not word.islower() or word in right:
            continue
        if is_known(word) and word not in _SWAPPED:
            continue
        meant = _SWAPPED.get(word) or nearest(word)
        if meant is not None:
            token.text = meant
            changed = True
            yield f"'{text.original[token.start : token.end]}' was read as '{meant}'"
    if changed:
        text.replace(0, 0)


_SWAPPED = {
    w[:i] + w[i + 1] + w[i] + w[i + 2 :]: w
    for w in ("with", "use", "using", "then", "the", "and", "data", "not", "off", "skip", "turn", "stop")
    for i in range(len(w) - 1)
    if w[i] != w[i + 1]
}
for _word in ("sue", "ton"):
    _SWAPPED.pop(_word, None)  # words of their own
"""Short words with two letters in the wrong order; shorter ones than these are not corrected."""


@lru_cache(maxsize=4096)
def nearest(word: str) -> str | None:
    """Return the one word of the vocabulary that a word can be a misspelling of."""
    most = allowed(word)
    found: dict[int, set[str]] = {}
    for known in _by_length(len(word), most) if most else ():
        # The first letter is hardly ever wrong, unless it changed places with the second.
        if known[0] == word[0] or known[:2] == word[1::-1]:
            away = distance(word, known, most)
            if away <= most:
                found.setdefault(away, set()).add(known)
    if not found:
        return None
    best = found[min(found)]
    # Letters that only changed places tell more than one that was replaced.
    best = {w for w in best if sorted(w) == sorted(word)} or best
    stems = {_stem(w) for w in best}
    # "evalute" may be evaluate or evaluated, the same for our purposes; but "traind" is no order. The last
    # letter decides, then the shorter word.
    return min(best, key=lambda w: (w[-1] != word[-1], len(w), w)) if len(stems) == 1 else None


def _by_length(length: int, most: int) -> Iterator[str]:
    for size in range(length - most, length + most + 1):
        yield from _vocabulary().get(size, ())


@lru_cache(maxsize=1)
def _vocabulary() -> dict[int, tuple[str, ...]]:
    words: dict[int, list[str]] = {}
    for word in sorted(KEYWORDS):
        if len(word) >= 4:
            words.setdefault(len(word), []).append(word)
    return {size: tuple(group) for size, group in words.items()}


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
