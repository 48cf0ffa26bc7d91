"""Words made plain before anything is read: other languages and typing errors."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from skillbank.plan.reader.lexicon import Lexicon, lexicon, split
from skillbank.plan.reader.numerals import NUMBERS, count_words
from skillbank.plan.reader.phrases import word_list, word_pairs
from skillbank.plan.reader.tokens import Token

__all__ = ["allowed", "correct", "count_words", "distance", "part", "read_as", "translate"]

_FOREIGN = "languages.words."


def part(tokens: list[Token], words: Lexicon) -> list[Token]:
    """Divide "nohpo", where a negation is written to what it denies."""
    made: list[Token] = []
    for token in tokens:
        denied = token.text.removeprefix("no")
        joined = token.kind == "word" and denied != token.text and words.has(denied, "policy.search.nouns")
        if joined and not words.is_word(token.text):
            middle = token.start + len("no")
            made += [Token("word", "no", token.start, middle), Token("word", denied, middle, token.end)]
        else:
            made.append(token)
    return made


def translate(tokens: list[Token], words: Lexicon) -> list[Token]:
    """Put English words in the place of foreign ones; grammar stays English."""
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        spans = [s for s in words.spans(tokens, at) if all(c.startswith(_FOREIGN) for c in s.classes)]
        if not spans:
            made.append(tokens[at])
            at += 1
            continue
        span = spans[-1]
        start, end = tokens[at].start, tokens[span.end - 1].end
        meant = min(span.classes).removeprefix(_FOREIGN)
        made += [Token("word", word, start, end) for word in split(meant)]
        at = span.end
    return made


# -- typing errors -----------------------------------------------------------------------------


def correct(
    text: str, tokens: list[Token], right: frozenset[str], named: frozenset[str], words: Lexicon
) -> tuple[list[Token], list[str]]:
    """Correct the words of a text; return them and a sentence for each that was changed.

    Parameters
    ----------
    right
        Words that are right as they are, such as those of names of skills.
    named
        Words of names of skills: what may be a misspelling of one is left to the names.
    """
    made: list[Token] = []
    notes: list[str] = []
    looked_for = 0
    for i, token in enumerate(tokens):
        word, meant = token.text, ""
        looked_for = _looked_for(made, words, looked_for)
        if token.kind == "word" and word.isalpha() and word.isascii() and word not in right:
            wrong = not (looked_for or _is_known(word, words) or _is_called(text, tokens, i))
            near = nearest(word, opening=_opens(made)) if wrong else None
            meant = _swapped(word, words) or near or ""
        if meant and _may_be(text, made, token, meant, words) and not _nearer(word, meant, named):
            notes.append(read_as(word, meant))
            token = replace(token, text=meant)
        made.append(token)
    return made, notes


def _swapped(word: str, words: Lexicon) -> str:
    """Return what a word is a known misspelling of, or drawn out from."""
    return _SWAPPED.get(word) or _unstretched(word, words)


_STRETCHED = re.compile(r"(.)\1{2,}")


def _unstretched(word: str, words: Lexicon) -> str:
    """Return a word that somebody has drawn out: "plsss", "gooo"."""
    if _STRETCHED.search(word) is None:
        return ""
    short = (_STRETCHED.sub(r"\1" * n, word) for n in (1, 2))
    return next((_SWAPPED.get(each, each) for each in short if each in _SWAPPED or words.is_word(each)), "")


def read_as(word: str, meant: str) -> str:
    """Say that a word was corrected."""
    return f"'{word}' was read as '{meant}'"


def _may_be(text: str, before: list[Token], token: Token, meant: str, words: Lexicon) -> bool:
    """Whether a word may be a misspelling: no other word's form, and no part of a word with a hyphen."""
    joined = "-" in (text[token.end : token.end + 1], text[max(0, token.start - 1) : token.start])
    apart = joined and not _is_joined(before, token, meant, words)
    return not apart and not _is_inflected(token.text, meant, words)


def _is_known(word: str, words: Lexicon) -> bool:
    return words.is_word(word) or word in NUMBERS or word in _ORDINARY


_ORDINARY = word_list("normal.ordinary")


def _is_called(text: str, tokens: list[Token], i: int) -> bool:
    """Whether a word is written as somebody's name, as in "Marek, train ..."."""
    behind = tokens[i + 1].text if i + 1 < len(tokens) else ""
    written = text[tokens[i].start : tokens[i].end].istitle()
    return written and (not _opens(tokens[:i]) or behind in (",", "here"))


def _is_inflected(word: str, meant: str, words: Lexicon) -> bool:
    """Whether a word is another one's form: "straighten" is no "straight", "datas" is meant for "data"."""
    ending, does = word.removeprefix(meant), _DOER.search(word)
    forms = ("", "s", "en", "er", "est", "ly", "ed", "ing")
    if does and not _DOER.search(meant) and meant.startswith(word[: does.start()]):
        return True  # who does something: "porter" is no "ported", "annotator" no "annotation"
    return word == meant or (ending in forms and not words.has(meant, "places.data.nouns"))


_DOER = re.compile(r"(?:i?er|or)s?$")


def _opens(before: list[Token]) -> bool:
    """Whether the next word begins a sentence or what is to be done."""
    return not before or before[-1].kind == "mark" or before[-1].text in ("please", "and", "then", "to")


def _is_joined(made: list[Token], token: Token, meant: str, words: Lexicon) -> bool:
    """Whether a word joined by a hyphen makes a listed one with that before it: "fine-tunning"."""
    return (
        bool(made)
        and made[-1].end == token.start - 1
        and (words.is_word(f"{made[-1].text}-{meant}") or words.is_word(f"{made[-1].text}{meant}"))
    )


def _nearer(word: str, meant: str, named: frozenset[str]) -> bool:
    """Whether a word of a name is as near as what a misspelled word is taken for."""
    away = distance(word, meant, allowed(word))
    return any(len(n) > 4 and n[0] == word[0] and distance(word, n, away) <= away for n in named)


_VERBS = ("train", "evaluate", "export", "quantize")
_NAMED = ("actions.words.find", "actions.words.segment", "actions.words.interested", "slots.captions.nouns")


def _looked_for(before: list[Token], words: Lexicon, since: int) -> int:
    """Return where in a text the name of things to be found begins, 0 where the next word is none of it.

    What people look for can be called anything ("dogs", "sheep"): no word of it is a misspelling of ours.
    """
    if not before:
        return 0
    last, size = before[-1], len(before)
    if last.kind == "pair" and words.has(str(last.value[0]).lower(), "slots.captions.flags"):
        return size
    if last.kind in ("place", "job", "number", "pair") or last.text in (".", "!", "?", "using", "by", "with"):
        return 0
    if last.text not in _last_words(words):
        return since
    for first in range(max(0, size - 5), size):
        if any(s.end == size and s.classes.intersection(_NAMED) for s in words.spans(before, first)):
            return size
    return since


@lru_cache(maxsize=8)
def _last_words(words: Lexicon) -> frozenset[str]:
    """Return the last words of the phrases behind which stands what is looked for."""
    return frozenset(split(phrase)[-1] for section in _NAMED for phrase in words.classes[section])


_SWAPPED = (
    word_pairs("normal.swapped")
    | {
        w[:i] + w[i + 1] + w[i] + w[i + 2 :]: w
        for w in word_list("normal.short")
        for i in range(len(w) - 1)
        if w[i] != w[i + 1] and w[:i] + w[i + 1] + w[i] + w[i + 2 :] not in ("sue", "ton")
    }
    | {w[:i] + w[i + 1 :]: w for w in ("disable", "without") for i in range(1, len(w))}
)
"""Short words with two letters in the wrong order; shorter ones than these are not corrected."""
_CORRECTED = (
    "actions.", "slots.", "places.roles.", "places.weights", "places.results", "places.platform",
    "policy.search", "policy.state.o", "english.plain.typed",
)  # fmt: skip
"""Classes whose words are what a typing error may stand for."""


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


@lru_cache(maxsize=4096)
def nearest(word: str, *, opening: bool = False) -> str | None:
    """Return the one word of requests that a word can be a misspelling of.

    Where what is to be done is ``opening``, a short verb counts as well.
    """
    most = allowed(word)
    found: dict[int, set[str]] = {}
    sizes = range(len(word) - most, len(word) + most + 1) if most else ()
    # The first letter is hardly ever wrong, unless it changed places with the second.
    for known in (
        k for size in sizes for k in _vocabulary().get(size, ()) if k[0] == word[0] or k[:2] == word[1::-1]
    ):
        away = distance(word, known, most)
        if away <= most and (not _is_another(word, known) or (opening and _is_verb(known))):
            found.setdefault(away, set()).add(known)
    return _likeliest(word, found[min(found)]) if found else None


def _is_verb(word: str) -> bool:
    return any(lexicon().has(word, f"actions.{a}.base") for a in _VERBS)


def _likeliest(word: str, best: set[str]) -> str | None:
    """Return the one of equally near words that is meant; None where nothing tells which.

    Letters that only changed places, or stand there twice, tell more than one that is missing, and that
    more than one that was replaced: "traning" is "training", not "tracing".
    """
    swapped = {w for w in best if sorted(w) == sorted(word)}
    doubled = {w for w in best if _single(w) == _single(word)}
    best = swapped or doubled or {w for w in best if len(w) > len(word)} or best
    stems = {re.sub(r"(?<=...)(?:ing|ed|es|s|e)$", "", w) for w in best}
    return min(best, key=lambda w: (w[-1] != word[-1], len(w), w)) if len(stems) == 1 else None


def _single(word: str) -> str:
    """Return a word with its doubled letters once: "tunning" and "tuning" are one."""
    return re.sub(r"(.)\1", r"\1", word)


def _is_another(word: str, known: str) -> bool:
    """Whether a short word is another word and no misspelling: "dogs" and "does", "aisha" and "asha"."""
    size = len(word)
    if len(known) < 5 and lexicon().has(known, "slots.algorithm.values"):
        return sorted(word) != sorted(known)
    return size < 6 and sorted(word) != sorted(known) and (size < 5 or size == len(known))


@lru_cache(maxsize=1)
def _vocabulary() -> dict[int, tuple[str, ...]]:
    listed = {
        word
        for section, phrases in lexicon().classes.items()
        if section.startswith(_CORRECTED) and ".around" not in section
        for phrase in phrases
        for word in split(phrase)
        if word.isalpha() and word.isascii() and len(word) > 3
    } - {
        w for s in ("grammar.free.glue", "grammar.group.det") for p in lexicon().classes[s] for w in split(p)
    }
    sized: dict[int, list[str]] = {}
    for word in sorted(listed):
        sized.setdefault(len(word), []).append(word)
    return {size: tuple(group) for size, group in sized.items()}
