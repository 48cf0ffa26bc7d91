"""The words of requests: files of phrases by class, read once, and what a text has of them.

A *class* is the way to a list in ``words/*.toml``: ``slots.epochs.nouns``, ``grammar.free.glue``. A verb
written with ``~`` stands for all its forms; verbs of actions have classes by form (``actions.train.base``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from skillbank.plan.reader.offered import offered_words
from skillbank.plan.reader.tokens import Token

__all__ = ["FORMS", "WORDS", "Lexicon", "Span", "forms", "lexicon", "split"]

WORDS = Path(__file__).parent / "words"
FORMS = ("base", "third", "ing", "past")
_DOUBLED = frozenset({"begin", "forget", "omit", "prefer", "submit"})
"""Longer verbs that double their last consonant; of those with one vowel all do that end as `_SHORT` does."""
_SHORT = re.compile(r"(?:[^aeiou]|qu)*[aeiou][bdgklmnprtz]")
_IRREGULAR = {
    "teach": "taught", "learn": "learnt|learned", "find": "found", "build": "built", "make": "made",
    "run": "ran|run", "get": "got|gotten", "put": "put", "fit": "fitted|fit", "set": "set",
    "begin": "began|begun",
    "write": "wrote|written", "take": "took|taken", "do": "did|done", "give": "gave|given", "go": "went|gone",
    "have": "had", "keep": "kept", "leave": "left", "let": "let", "choose": "chose|chosen",
    "know": "knew|known",
    "see": "saw|seen", "show": "showed|shown", "tell": "told", "bring": "brought", "come": "came|come",
    "lie": "lay|lain", "sit": "sat", "hold": "held", "become": "became|become", "read": "read",
    "mean": "meant",
    "draw": "drew|drawn", "cut": "cut", "forget": "forgot|forgotten", "shut": "shut", "send": "sent",
    "lose": "lost", "spin": "spun", "split": "split", "hit": "hit", "think": "thought",
    "forgo": "forwent|forgone", "grow": "grew|grown", "rise": "rose|risen",
}  # fmt: skip
_NONE = frozenset[str]()
_WORD = re.compile(r"[^\W_]+(?:_[^\W_]+)+|[^\W_]+(?:['.-][^\W_]+)*|[^\w\s]|_")


def _stem(verb: str) -> str:
    """Return what -ed and -ing are put to."""
    if verb in _DOUBLED or _SHORT.fullmatch(verb):
        return verb + verb[-1]
    return verb[:-1] if verb.endswith("e") and not verb.endswith("ee") else verb


@lru_cache(maxsize=1024)
def forms(verb: str) -> dict[str, tuple[str, ...]]:
    """Return base form, third person, ing-form and past of a verb; the words behind the first stay."""
    head, _, tail = verb.partition(" ")
    after = f" {tail}" if tail else ""
    stem = _stem(head)
    third = f"{head}es" if head.endswith(("ch", "sh", "x", "ss", "o")) else f"{head}s"
    past: tuple[str, ...] = (f"{stem}ed",)
    ing: tuple[str, ...] = (f"{stem}ing",)
    if head.endswith("l") and head[-2:-1] in "eiau" and head not in ("fail", "feel"):
        past, ing = (f"{head}ed", f"{head}led"), (f"{head}ing", f"{head}ling")
    elif head.endswith("y") and head[-2:-1] not in "aeiou":
        third, past = f"{head[:-1]}ies", (f"{head[:-1]}ied",)
    elif head == "lie":
        ing = ("lying",)
    if head in _IRREGULAR:
        past = tuple(_IRREGULAR[head].split("|"))
    found = {"base": (head,), "third": (third,), "ing": ing, "past": past}
    return {form: tuple(f"{word}{after}" for word in words) for form, words in found.items()}


@dataclass(frozen=True, slots=True)
class Span:
    """A phrase of the lexicon in a text: tokens from ``first`` up to ``end``, and the classes it has."""

    first: int
    end: int
    classes: frozenset[str]


class Lexicon:
    """The phrases of all files, in a tree by their words."""

    def __init__(self, files: Mapping[str, Mapping[str, object]]) -> None:
        self.classes: dict[str, frozenset[str]] = {}
        self._tree: dict[str, Any] = {}
        self.words: set[str] = set()
        self._below: dict[str, tuple[str, ...]] = {}
        for name, content in files.items():
            for section, group in _lists(content, name):
                self.classes[section] = self.classes.get(section, frozenset()) | frozenset(group)
        its: dict[str, frozenset[str]] = {}
        # Thousands of phrases have the same few hundred sets of classes: each is made once.
        made: dict[tuple[frozenset[str], str], frozenset[str]] = {}
        for section, phrases in self.classes.items():
            for phrase in phrases:
                key = (its.get(phrase, _NONE), section)
                its[phrase] = made.get(key) or made.setdefault(key, key[0] | {section})
        for phrase, sections in its.items():
            self._put(phrase, sections)

    def add(self, files: Mapping[str, Mapping[str, object]]) -> None:
        """Take in phrases that mean nothing yet: what a package says changes no words of ours."""
        for name, content in files.items():
            for section, group in _lists(content, name):
                new = frozenset(phrase for phrase in group if not self._means_something(phrase))
                self.classes[section] = self.classes.get(section, frozenset()) | new
                for phrase in new:
                    self._put(phrase, frozenset({section}))
        self._below.clear()

    def _means_something(self, phrase: str) -> bool:
        node = self._tree
        for word in split(phrase):
            if word not in node:
                return False
            node = node[word]
        return "" in node

    def _put(self, phrase: str, sections: frozenset[str]) -> None:
        words = split(phrase)
        node = self._tree
        for word in words:
            if word not in node:
                node[word] = {}
                if word.isalpha():
                    self.words.add(word)
            node = node[word]
        node[""] = node[""] | sections if "" in node else sections

    def spans(self, tokens: list[Token], first: int) -> Iterator[Span]:
        """Yield the phrases that begin at a token, the shortest first."""
        node = self._tree
        for i in range(first, len(tokens)):
            word = tokens[i].text
            if tokens[i].kind not in ("word", "mark") or word not in node:
                return
            node = node[word]
            if "" in node:
                yield Span(first, i + 1, node[""])

    def has(self, word: str, section: str) -> bool:
        """Whether a phrase is in a class."""
        return word in self.classes.get(section, ())

    def below(self, section: str) -> tuple[str, ...]:
        """Return the classes of a section, such as those of ``slots.algorithm.alias``."""
        if section not in self._below:
            self._below[section] = tuple(s for s in self.classes if s.startswith(f"{section}."))
        return self._below[section]

    def is_word(self, word: str) -> bool:
        """Whether a word means anything in requests."""
        return word in self.words or "" in self._tree.get(word, {})

    def are_alike(self, words: list[str]) -> bool:
        """Whether words are of one kind, as alternatives are: two actions, two roles of data, two names."""
        classes = (self._tree.get(word, {}).get("", ()) for word in words)
        kinds = [{_kind(c) for c in each} - {""} or {"name"} for each in classes]
        return bool(set[str].intersection(*kinds))


def _kind(section: str) -> str:
    """Return what the phrases of a class are alternatives of: all actions are, and all roles of data."""
    if section.endswith((".flags", ".path", ".noun", ".runs", ".told")):
        return ""
    found = re.match(r"actions|places\.roles|policy\.(?:search|state)", section)
    return found[0] if found else section


def split(phrase: str) -> list[str]:
    """Split a phrase as the lexer does: what a hyphen joins is one word only where it is listed so."""
    if phrase.isalpha():  # most are: the lexicon splits thousands at every start
        return [phrase.lower()]
    return _WORD.findall(phrase.lower())


def _lists(content: object, section: str) -> Iterator[tuple[str, list[str]]]:
    """Yield classes and their phrases; verbs by form where the file asks for it."""
    if isinstance(content, Mapping):
        for name, inner in content.items():
            yield from _lists(inner, f"{section}.{name}")
        return
    listed = [" ".join(p.split()) for p in re.split(r",\s", str(content)) if p.strip()]
    plain: list[str] = []
    for phrase in (p.strip(" \n") for p in listed):
        if section.startswith("actions.") and section.endswith(".verbs"):
            for form, words in forms(phrase).items():
                yield section.removesuffix("verbs") + form, list(words)
        elif phrase.startswith("~"):
            plain += [word for words in forms(phrase[1:]).values() for word in words]
        elif " = " in phrase:
            said, _, meant = phrase.partition(" = ")
            yield f"{section}.{meant}", [said]
        else:
            plain.append(phrase)
    yield section, plain


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Return the lexicon, read once."""
    files = {file.stem: tomllib.loads(file.read_text("utf-8")) for file in sorted(WORDS.glob("*.toml"))}
    for name, sections in offered_words(packaged=False).items():
        for section, words in sections.items():
            files[name][section] = {**files[name].get(section, {}), **words}
    made = Lexicon(files)
    made.add(offered_words(packaged=True))
    return made
