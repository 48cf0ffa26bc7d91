"""Patterns over the words of a text: a few items in a row, each a class of phrases, a word, a kind of token.

An item is ``alternative|alternative`` with ``?``, ``*`` or ``+`` behind it and ``name=`` before it. An
alternative is

- ``slots.epochs.nouns``: a phrase of that class of the lexicon; ``group.det`` is ``grammar.group.det``;
- ``'word``: that word or mark;
- ``@number``: a token of that kind;
- ``^value``: a token that a claim of that kind has;
- ``~word``: any word that no other claim has, whatever it is, except marks and operators;
- ``~aside``: the same, passed over: it is no evidence of what the pattern finds, and stays unread;
- ``!`` before an alternative: nothing of the kind follows; ``&``: it follows, and stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Item", "Pattern", "pattern"]

_ITEM = re.compile(r"(?:(?P<name>\w+)=)?(?P<look>[!&])?(?P<alternatives>[^\s?*+]+)(?P<many>[?*+]?)")


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a pattern, its alternatives by what they are."""

    literals: frozenset[str]
    sections: frozenset[str]
    kinds: frozenset[str]
    owners: frozenset[str]
    plain: bool
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
    """

    items: tuple[Item, ...]
    leading: tuple[Item, ...]
    tied: tuple[Item, ...]


@lru_cache(maxsize=2048)
def pattern(source: str) -> Pattern:
    """Read a pattern."""
    items = tuple(_item(m) for m in _ITEM.finditer(source))
    upto = next((n for n, item in enumerate(items, start=1) if item.needed), len(items))
    leading = tuple(item for item in items[:upto] if not item.look)
    return Pattern(items, leading, tuple(item for item in items if item.needed and not item.plain))


def _item(found: re.Match[str]) -> Item:
    alternatives = found["alternatives"].split("|")
    by_mark = {mark: frozenset(a[1:] for a in alternatives if a[0] == mark) for mark in "'@^~"}
    sections = frozenset(_full(a) for a in alternatives if a[0] not in "'@^~")
    keys = sections | {a for a in alternatives if a[0] in "'@"}
    needed = not found["look"] and found["many"] in ("", "+")
    return Item(
        by_mark["'"], sections, by_mark["@"], by_mark["^"], bool(by_mark["~"]), "aside" in by_mark["~"],
        keys, needed, found["name"] or "", found["look"] or "", found["many"],
    )  # fmt: skip


def _full(section: str) -> str:
    return f"grammar.{section}" if section.startswith(_GRAMMAR) else section


_GRAMMAR = ("group.", "operator.", "free.", "mode.", "courtesy.", "exclusion.")
