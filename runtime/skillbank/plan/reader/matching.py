"""Patterns over the words of a text: a few items in a row, each a class of phrases, a word or a kind of token.

An item is ``alternative|alternative`` with ``?``, ``*`` or ``+`` behind it and ``name=`` before it. An alternative is

- ``slots.epochs.nouns``: a phrase of that class of the lexicon; ``group.det`` stands for ``grammar.group.det``;
- ``'word``: that word or mark;
- ``@number``: a token of that kind;
- ``^value``: a token that a claim of that kind has;
- ``~word``: any word that no other claim has, whatever it is, except marks and operators;
- ``!`` before an alternative: nothing of the kind follows; ``&``: it follows, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from skillbank.plan.reader.lexicon import Lexicon, Span
from skillbank.plan.reader.tokens import Ledger

__all__ = ["Match", "Text", "pattern"]

_ITEM = re.compile(r"(?:(?P<name>\w+)=)?(?P<look>[!&])?(?P<alternatives>[^\s?*+]+)(?P<many>[?*+]?)")
_MOST = 12
"""Phrases that an item with a star takes."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a pattern."""

    alternatives: tuple[str, ...]
    name: str = ""
    look: str = ""
    many: str = ""


@lru_cache(maxsize=1024)
def pattern(source: str) -> tuple[Item, ...]:
    """Read a pattern."""
    return tuple(
        Item(tuple(_full(a) for a in m["alternatives"].split("|")), m["name"] or "", m["look"] or "", m["many"])
        for m in _ITEM.finditer(source)
    )


def _full(alternative: str) -> str:
    return f"grammar.{alternative}" if alternative.startswith(("group.", "operator.", "free.", "mode.", "courtesy.")) else alternative


@dataclass(frozen=True, slots=True)
class Match:
    """Where a pattern was found: tokens from ``first`` up to ``end``, and those of its named items."""

    first: int
    end: int
    named: tuple[tuple[str, int, int], ...] = ()

    def tokens(self, name: str = "") -> list[int]:
        """Return the indexes of the tokens of a named item; all without a name."""
        if not name:
            return list(range(self.first, self.end))
        return [i for n, a, b in self.named if n == name for i in range(a, b)]


class Text:
    """A ledger with the phrases that stand in it."""

    def __init__(self, ledger: Ledger, lexicon: Lexicon) -> None:
        self.ledger, self.lexicon = ledger, lexicon
        self.tokens = ledger.tokens
        self.spans: list[list[Span]] = [list(lexicon.spans(self.tokens, i))[::-1] for i in range(len(self.tokens))]
        self._at: dict[str, set[int]] = {}
        for i, token in enumerate(self.tokens):
            self._at.setdefault(f"@{token.kind}", set()).add(i)
            self._at.setdefault(f"'{token.text}", set()).add(i)
            if token.kind == "word":
                self._at.setdefault("~word", set()).add(i)
            for span in self.spans[i]:
                for section in span.classes:
                    self._at.setdefault(section, set()).add(i)

    def ends(self, i: int, section: str) -> list[int]:
        """Return where phrases of a class that begin at a token end, the longest first."""
        return [span.end for span in self.spans[i] if section in span.classes] if i < len(self.tokens) else []

    def within(self, i: int, *sections: str) -> bool:
        """Whether a phrase of one of these classes begins at a token."""
        return i < len(self.tokens) and any(s in span.classes for span in self.spans[i] for s in sections)

    def find(self, source: str, first: int = 0, end: int | None = None) -> Iterator[Match]:
        """Yield where a pattern is found, from left to right; matches do not overlap."""
        items, end = pattern(source), len(self.tokens) if end is None else end
        starts: set[int] = set()
        for item in items:
            if item.look:
                continue
            for alternative in item.alternatives:
                if alternative[0] == "^":
                    starts |= {i for i, owner in self.ledger.owner.items() if owner.kind == alternative[1:]}
                starts |= self._at.get(alternative, set())
            if item.many in ("", "+"):
                break
        at = first
        for i in sorted(starts):
            if at <= i < end and (match := self.match(source, i, end)) is not None:
                yield match
                at = max(match.end, i + 1)

    def match(self, source: str, i: int, end: int | None = None) -> Match | None:
        """Match a pattern at a token."""
        last = len(self.tokens) if end is None else end
        for stop, named in self._match(pattern(source), 0, i, last):
            if stop > i:
                return Match(i, stop, named)
        return None

    def _match(
        self, items: tuple[Item, ...], n: int, i: int, last: int
    ) -> Iterator[tuple[int, tuple[tuple[str, int, int], ...]]]:
        if n == len(items):
            yield i, ()
            return
        item = items[n]
        if item.look:
            found = any(True for _ in self._item(item, i, last))
            if found == (item.look == "&"):
                yield from self._match(items, n + 1, i, last)
            return
        for stop in self._many(item, i, last):
            for finish, named in self._match(items, n + 1, stop, last):
                yield finish, (((item.name, i, stop), *named) if item.name and stop > i else named)

    def _many(self, item: Item, i: int, last: int, taken: int = 0) -> Iterator[int]:
        """Yield where an item can end, the longest first."""
        if item.many in ("*", "+") and taken < _MOST:
            for stop in self._item(item, i, last):
                yield from self._many(item, stop, last, taken + 1)
        elif item.many in ("", "?"):
            yield from self._item(item, i, last)
        if item.many in ("*", "?") or (item.many == "+" and taken):
            yield i

    def _item(self, item: Item, i: int, last: int) -> Iterator[int]:
        if i >= last:
            return
        token, free = self.tokens[i], self.ledger.free(i)
        seen: set[int] = set()
        for alternative in item.alternatives:
            if alternative[0] == "@":
                found = [i + 1] if token.kind == alternative[1:] else []
            elif alternative[0] == "^":
                found = [i + 1] if not free and self.ledger.owner[i].kind == alternative[1:] else []
            elif not free:
                found = []
            elif alternative[0] == "'":
                found = [i + 1] if token.text == alternative[1:] and token.kind in ("word", "mark", "flag") else []
            elif alternative == "~word":
                found = [i + 1] if self.is_plain(i) else []
            else:
                found = [e for e in self.ends(i, alternative) if e <= last and all(map(self.ledger.free, range(i, e)))]
            for stop in found:
                if stop not in seen:
                    seen.add(stop)
                    yield stop

    def is_plain(self, i: int) -> bool:
        """Whether a token is a word that no operator, action or slot is made of: a mere description."""
        if self.tokens[i].kind != "word" or not self.ledger.free(i):
            return False
        classes = {s for span in self.spans[i] for s in span.classes}
        return not any(s.startswith(_TELLING) and not s.startswith(_LOOSE) for s in classes)


_TELLING = (
    "grammar.operator.", "grammar.mode.condition", "grammar.mode.schedule", "grammar.mode.directive", "grammar.mode.order",
    "grammar.mode.fix", "actions.", "slots.", "places.roles.", "places.weights", "places.results", "places.platform", "policy.search",
)  # fmt: skip
"""Classes whose words mean something for a run, wherever they stand."""
_LOOSE = ("slots.around", "slots.units", "slots.algorithm.values", "actions.words", "actions.gen_trt_engine")
