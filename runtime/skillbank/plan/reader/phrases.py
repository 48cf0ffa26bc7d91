"""Phrases of requests: the table of them, and the grammar of the patterns that it holds.

``words/lists/phrases.toml`` holds, by subject, lists of patterns and the words that a module tells apart.
``{name}`` in a pattern stands for a part of its subject, or of all; ``actions.*.ing`` for the class of every
action.

A pattern is a few items in a row. An item is ``alternative|alternative`` with ``?``, ``*`` or ``+`` behind it
and ``name=`` before it. An alternative is

- ``slots.epochs.nouns``: a phrase of that class of the lexicon; ``group.det`` is ``grammar.group.det``;
- ``'word``: that word or mark;
- ``@number``: a token of that kind;
- ``^value``: a token that a claim of that kind has;
- ``~word``: any word that no other claim has, whatever it is, except marks and operators;
- ``~aside``: the same, passed over: it is no evidence of what the pattern finds, and stays unread;
- ``!`` before an alternative: nothing of the kind follows; ``&``: it follows, and stays;
- ``&$``: a mark follows, or nothing at all.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from skillbank.plan.reader.lexicon import WORDS, lexicon

__all__ = [
    "ACTIONS", "Item", "Pattern", "classes", "groups", "needed", "pattern", "phrase", "phrases", "subjects",
    "word_list", "word_pairs", "words_in_order",
]  # fmt: skip

ACTIONS = (
    "train", "evaluate", "export", "quantize", "prune", "distill", "inference", "gen_trt_engine",
    "dataset_convert",
)  # fmt: skip
_PART = re.compile(r"\{(\w+)\}")
_EVERY = re.compile(r"([\w.]+)\.\*(\.\w+)?")
_Subject = dict[str, str | list[str] | dict[str, str]]


@lru_cache(maxsize=1)
def _table() -> dict[str, _Subject]:
    return tomllib.loads((WORDS / "lists" / "phrases.toml").read_text("utf-8"))


def _parts(subject: str) -> Mapping[str, str]:
    parts = _table()[subject].get("parts", {})
    assert isinstance(parts, dict)
    return parts


@lru_cache(maxsize=512)
def phrases(name: str) -> tuple[str, ...]:
    """Return the patterns of a group with their parts put in, as "jobs.last"; none where there is none."""
    subject, _, group = name.partition(".")
    parts = {**_table()["parts"], **_parts(subject)}
    return tuple(_whole(source, parts) for source in _table()[subject].get(group, ()))


_EXPRESSIONS = ("parts", "students")
"""What is no subject of patterns: the parts of all, and regular expressions."""


def subjects() -> list[str]:
    """Return the subjects that the table has patterns or words of."""
    return [subject for subject in _table() if subject not in _EXPRESSIONS]


def groups(subject: str) -> list[str]:
    """Return the names of the groups of patterns that a subject has, as `phrases` takes them."""
    return [f"{subject}.{group}" for group, listed in _table()[subject].items() if isinstance(listed, list)]


def phrase(name: str) -> str:
    """Return the pattern of a group that has but one."""
    [source] = phrases(name)
    return source


@lru_cache(maxsize=128)
def word_list(name: str) -> frozenset[str]:
    """Return the words that one module tells apart, such as ``spec_keys.common``."""
    return frozenset(words_in_order(name))


def words_in_order(name: str) -> list[str]:
    """Return such words as they are listed."""
    subject, _, group = name.partition(".")
    words = _table()[subject][group]
    assert isinstance(words, str)
    return words.split()


def word_pairs(name: str) -> dict[str, str]:
    """Return what some words stand for, listed as "said=meant"."""
    return dict(pair.split("=") for pair in words_in_order(name))


@lru_cache(maxsize=64)
def classes(name: str) -> frozenset[str]:
    """Return the classes of words that a pattern of one item has as its alternatives."""
    [item] = pattern(phrase(name)).items
    return item.sections


def _whole(source: str, parts: Mapping[str, object]) -> str:
    """Return a pattern with all put in that it stands for; parts may name others."""
    while _PART.search(source):
        source = _PART.sub(lambda found: str(parts[found[1]]), source)
    return _EVERY.sub(lambda found: "|".join(_every(found[1], found[2] or "")), source)


@lru_cache(maxsize=64)
def _every(head: str, leaf: str) -> list[str]:
    """Return all classes of a kind, such as the nouns of slots; what only stands around these is none."""
    one = re.compile(rf"{re.escape(head)}\.(?!around\.)\w+{re.escape(leaf)}")
    return [section for section in lexicon().classes if one.fullmatch(section)]


_ITEM = re.compile(r"(?:(?P<name>\w+)=)?(?P<look>[!&])?(?P<alternatives>[^\s?*+]+)(?P<many>[?*+]?)")


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a pattern, its alternatives by what they are."""

    literals: frozenset[str]
    sections: frozenset[str]
    kinds: frozenset[str]
    owners: frozenset[str]
    plain: bool
    closing: bool
    """Whether the end of the text or of what a mark ends is found."""
    aside: bool
    """Whether the words that only the wildcard finds are none of the match."""
    keys: frozenset[str]
    """What it can begin with, as `Text` knows where that stands."""
    needed: bool
    """Whether a match has it in any case."""
    name: str = ""
    look: str = ""
    many: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that has been read.

    Attributes
    ----------
    leading
        The items that a match can begin with: those up to the first that it has in any case.
    tied
        Items that a match has in any case, and that not just any word is.
    needs
        Of those that no claim is, what they can begin with: where a text has none of one, there is no match.
    """

    items: tuple[Item, ...]
    leading: tuple[Item, ...]
    tied: tuple[Item, ...]
    needs: tuple[frozenset[str], ...]


@lru_cache(maxsize=2048)
def pattern(source: str) -> Pattern:
    """Read a pattern."""
    items = tuple(_item(m) for m in _ITEM.finditer(source))
    upto = next((n for n, item in enumerate(items, start=1) if item.needed), len(items))
    leading = tuple(item for item in items[:upto] if not item.look)
    tied = tuple(item for item in items if item.needed and not item.plain)
    return Pattern(items, leading, tied, tuple(item.keys for item in tied if not item.owners))


@lru_cache(maxsize=512)
def needed(name: str) -> tuple[tuple[str, tuple[frozenset[str], ...]], ...]:
    """Return the patterns of a group, each with what it needs (`Pattern.needs`)."""
    return tuple((source, pattern(source).needs) for source in phrases(name))


def _item(found: re.Match[str]) -> Item:
    alternatives = found["alternatives"].split("|")
    by_mark = {mark: frozenset(a[1:] for a in alternatives if a[0] == mark) for mark in "'@^~$"}
    sections = frozenset(_full(a) for a in alternatives if a[0] not in "'@^~$")
    keys = sections | {a for a in alternatives if a[0] in "'@"}
    needed = not found["look"] and found["many"] in ("", "+")
    return Item(
        by_mark["'"], sections, by_mark["@"], by_mark["^"], bool(by_mark["~"]), bool(by_mark["$"]),
        "aside" in by_mark["~"], keys, needed, found["name"] or "", found["look"] or "", found["many"],
    )  # fmt: skip


def _full(section: str) -> str:
    return f"grammar.{section}" if section.startswith(_GRAMMAR) else section


_GRAMMAR = ("group.", "operator.", "free.", "mode.", "courtesy.", "exclusion.")
