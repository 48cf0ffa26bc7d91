"""A text with the phrases that stand in it, and where patterns over them are found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from skillbank.plan.reader.lexicon import Lexicon, Span
from skillbank.plan.reader.phrases import Item, needed, pattern
from skillbank.plan.reader.tokens import Ledger

__all__ = ["STOPS", "Match", "Text"]

STOPS = frozenset(".!?;")
"""Marks that end what one sentence says."""

_MOST = 24
"""Ends of an item with a star that are tried."""
_RARE = 40
_REACH = 48
"""Tokens within which a match has all that it needs."""


@dataclass(frozen=True, slots=True)
class Match:
    """Where a pattern was found: tokens from ``first`` up to ``end``, and those of its named items.

    ``aside`` are the words in it that the pattern has only passed over: they are evidence of nothing.
    """

    first: int
    end: int
    named: tuple[tuple[str, int, int], ...] = ()
    aside: frozenset[int] = frozenset()

    def tokens(self, name: str = "") -> list[int]:
        """Return the indexes of the tokens of a named item; without a name of all that are evidence."""
        if not name:
            return [i for i in range(self.first, self.end) if i not in self.aside]
        return [i for n, a, b in self.named if n == name for i in range(a, b)]


class Text:
    """A ledger with the phrases that stand in it."""

    def __init__(self, ledger: Ledger, lexicon: Lexicon) -> None:
        self.ledger, self.lexicon = ledger, lexicon
        self.tokens, self._end = ledger.tokens, len(ledger.tokens)
        self.spans: list[list[Span]] = [
            list(lexicon.spans(self.tokens, i))[::-1] for i in range(len(self.tokens))
        ]
        self.classes: list[frozenset[str]] = [_classes_of(spans) for spans in self.spans]
        """The classes of the phrases that begin at each token."""
        self._at: dict[str, set[int]] = {}
        for i, token in enumerate(self.tokens):
            for key in (f"@{token.kind}", f"'{token.text}", *self.classes[i]):
                self._at.setdefault(key, set()).add(i)
        self._fixed: dict[str, set[int] | None] = {}
        self._any_of: dict[tuple[str, ...], set[int] | None] = {}
        self._there = set(self._at)

    def unread(self) -> Text:
        """Return the same text before anything of it has been claimed."""
        made = object.__new__(Text)
        made.__dict__.update(self.__dict__)
        made.ledger = Ledger(self.ledger.original, self.tokens)
        return made

    def word(self, i: int) -> str:
        """Return the text of a token; "" before the first and behind the last."""
        return self.tokens[i].text if 0 <= i < self._end else ""

    def kind(self, i: int) -> str:
        """Return the kind of a token; "" before the first and behind the last."""
        return self.tokens[i].kind if 0 <= i < self._end else ""

    def sentence(self, i: int, stops: frozenset[str] = STOPS) -> range:
        """Return the tokens of the sentence that a token stands in, without what ends it."""
        before = (k + 1 for k in range(i - 1, -1, -1) if self.tokens[k].text in stops)
        behind = (k for k in range(i, len(self.tokens)) if self.tokens[k].text in stops)
        return range(next(before, 0), next(behind, len(self.tokens)))

    def opens(self, i: int) -> bool:
        """Whether a token begins a part of a sentence: behind a mark, "and" or "but", or the first of all."""
        return self.kind(i - 1) in ("", "mark") or self.word(i - 1) in ("and", "but")

    def begins(self, sources: tuple[str, ...], i: int) -> bool:
        """Whether one of some patterns is found at a token."""
        if sources not in self._any_of:
            starts = [self._fixed_starts(source) for source in sources]
            self._any_of[sources] = None if None in starts else set[int]().union(*filter(None, starts))
        where = self._any_of[sources]
        return (where is None or i in where) and any(self.match(source, i) is not None for source in sources)

    def ends(self, i: int, section: str) -> list[int]:
        """Return where phrases of a class that begin at a token end, the longest first."""
        if i < self._end and section in self.classes[i]:
            return [span.end for span in self.spans[i] if section in span.classes]
        return []

    def within(self, i: int, *sections: str) -> bool:
        """Whether a phrase of one of these classes begins at a token."""
        return 0 <= i < self._end and not self.classes[i].isdisjoint(sections)

    def has(self, *sections: str) -> bool:
        """Whether a phrase of one of these classes stands anywhere."""
        return not self._there.isdisjoint(sections)

    def holds(self, tokens: Iterable[int], *sections: str) -> bool:
        """Whether a phrase of one of these classes begins at any of some tokens."""
        return any(self.within(k, *sections) for k in tokens)

    def has_kind(self, tokens: Iterable[int], *kinds: str) -> bool:
        """Whether any of some tokens is of one of these kinds."""
        return any(self.tokens[k].kind in kinds for k in tokens)

    def words(self, tokens: Iterable[int]) -> list[str]:
        """Return the texts of some tokens."""
        return [self.tokens[k].text for k in tokens]

    def owner(self, i: int) -> str:
        """Return the kind of the claim that has a token; nothing where none has it."""
        claim = self.ledger.owner.get(i)
        return claim.kind if claim is not None else ""

    def owners(self, tokens: Iterable[int]) -> set[str]:
        """Return the kinds of the claims that have any of some tokens."""
        return {self.owner(k) for k in tokens} - {""}

    def unclaimed(self, tokens: Iterable[int]) -> list[int]:
        """Return those of some tokens that no claim has."""
        return [k for k in tokens if self.ledger.free(k)]

    def own_words(self) -> list[int]:
        """Return the tokens that are no part of what somebody else is reported to say."""
        return [k for k in range(self._end) if self.owner(k) != "report"]

    def said(self, match: Match, name: str = "n") -> Any:
        """Return the value of the token of a named item."""
        return self.tokens[match.tokens(name)[0]].value

    def meaning(self, match: Match, name: str, section: str) -> str:
        """Return what the phrase of a named item means of a section, as "minutes" of ``slots.units``."""
        tokens = match.tokens(name)
        means = (
            s for s in self.lexicon.below(section) if tokens and tokens[-1] + 1 in self.ends(tokens[0], s)
        )
        return next(means, "").rpartition(".")[2]

    def find(self, source: str) -> Iterator[Match]:
        """Yield where a pattern is found, from left to right; matches do not overlap."""
        at = 0
        for i in sorted(self._starts(source)):
            if i >= at and (match := self.match(source, i)) is not None:
                yield match
                at = max(match.end, i + 1)

    def phrases(self, *names: str) -> Iterator[Match]:
        """Yield where the patterns of some groups of the table are found, one pattern after the other."""
        for name in names:
            for source, needs in needed(name):
                for keys in needs:
                    if keys.isdisjoint(self._there):
                        break  # most are nowhere, and this is soon seen
                else:
                    yield from self.find(source)

    def take(self, name: str) -> None:
        """Account for what such patterns find, as what their subject is called: ``order.joining``."""
        for match in self.phrases(name):
            self.ledger.claim(name.partition(".")[0], match.tokens("w") or match.tokens())

    def _starts(self, source: str) -> set[int]:
        """Return where a match can begin: where its first item can, with all that it needs not far behind."""
        items = pattern(source)
        for keys in items.needs:
            if keys.isdisjoint(self._there):
                return set()
        starts = self._fixed_starts(source)
        if starts is None:
            starts = set[int]().union(*map(self._where, items.leading))
        for item in items.tied if starts else ():
            if items.leading != (item,) and len(there := self._where(item)) < _RARE:
                starts = starts & {i for k in there for i in range(k - _REACH, k + 1)}
        return starts

    def _fixed_starts(self, source: str) -> set[int] | None:
        """Return where a match can begin whatever has been claimed; None where a claim or any word begins it.

        It is the index of a text: made once for a pattern, however often that is tried.
        """
        if source not in self._fixed:
            leading = pattern(source).leading
            free = any(item.plain or item.owners for item in leading)
            self._fixed[source] = None if free else set[int]().union(*map(self._where, leading))
        return self._fixed[source]

    def _where(self, item: Item) -> set[int]:
        if item.plain:
            return set(range(len(self.tokens)))
        found = set[int]().union(*(self._at[key] for key in item.keys if key in self._at))
        if item.owners:
            found |= {i for i, owner in self.ledger.owner.items() if owner.kind in item.owners}
        return found

    def match(self, source: str, i: int, end: int | None = None) -> Match | None:
        """Match a pattern at a token."""
        last = len(self.tokens) if end is None else end
        if (starts := self._fixed_starts(source)) is not None and i not in starts:
            return None  # most are none, and this is soon seen
        items = pattern(source).items
        for stop, named in self._match(items, 0, i, last, set()):
            if stop > i:
                passed = [(items[int(n[1:])], range(a, b)) for n, a, b in named if n.startswith("~")]
                aside = frozenset(k for item, part in passed for k in part if self._is_aside(item, k))
                return Match(i, stop, tuple(n for n in named if not n[0].startswith("~")), aside)
        return None

    def _is_aside(self, item: Item, k: int) -> bool:
        """Whether only the wildcard of an item finds a word."""
        if self.tokens[k].text in item.literals or not self.is_plain(k):
            return False
        spans = (span for i in range(max(0, k - 5), k + 1) for span in self.spans[i])
        return not any(span.end > k and not item.sections.isdisjoint(span.classes) for span in spans)

    def _match(
        self, items: tuple[Item, ...], n: int, i: int, last: int, dead: set[tuple[int, int]]
    ) -> Iterator[tuple[int, tuple[tuple[str, int, int], ...]]]:
        """Yield where the items from the nth on end; ``dead`` holds what is known to lead nowhere."""
        if n == len(items):
            yield i, ()
            return
        if (n, i) in dead:
            return
        item, lived = items[n], False
        if item.look:
            found = bool(self._ends_of(item, i, last)) or (item.closing and self.kind(i) in ("", "mark"))
            stops: Iterator[int] = iter((i,) if found == (item.look == "&") else ())
        else:
            stops = self._many(item, i, last)
        for stop in stops:
            name = f"~{n}" if item.aside else item.name
            for finish, named in self._match(items, n + 1, stop, last, dead):
                lived = True
                yield finish, (((name, i, stop), *named) if name and stop > i else named)
        if not lived:
            dead.add((n, i))

    def _many(self, item: Item, i: int, last: int) -> Iterator[int]:
        """Yield where an item can end, the longest first, each end once."""
        if item.many in ("", "?"):
            yield from self._ends_of(item, i, last)
        else:
            reached, seen = [i], {i}
            for at in reached:
                for stop in self._ends_of(item, at, last):
                    if stop not in seen and len(seen) < _MOST:
                        seen.add(stop)
                        reached.append(stop)
            yield from sorted(seen - {i}, reverse=True)
        if item.many in ("*", "?"):
            yield i

    def _ends_of(self, item: Item, i: int, last: int) -> list[int]:
        if i >= last:
            return []
        token, owner = self.tokens[i], self.ledger.owner.get(i)
        if token.kind in item.kinds or (owner is not None and owner.kind in item.owners):
            return [i + 1]
        if owner is not None:
            return []
        found = []
        for span in self.spans[i]:
            there = span.end <= last and not item.sections.isdisjoint(span.classes)
            if there and all(map(self.ledger.free, range(i + 1, span.end))):
                found.append(span.end)
        if i + 1 not in found and (
            (token.text in item.literals and token.kind in ("word", "mark", "flag"))
            or (item.plain and self.is_plain(i))
        ):
            found.append(i + 1)
        return found

    def is_plain(self, i: int) -> bool:
        """Whether a token is a word that no operator, action or slot is made of: a mere description."""
        if self.kind(i) != "word" or not self.ledger.free(i):
            return False
        return not _tells(self.classes[i])


_NOWHERE = frozenset[str]()


def _classes_of(spans: list[Span]) -> frozenset[str]:
    """Return the classes of some phrases."""
    if len(spans) < 2:
        return spans[0].classes if spans else _NOWHERE
    return _NOWHERE.union(*(span.classes for span in spans))


@lru_cache(maxsize=4096)
def _tells(classes: frozenset[str]) -> bool:
    """Whether any of the classes of a word means something for a run."""
    return any(
        s.startswith(_TELLING) and not s.startswith(_LOOSE) and not s.endswith((".path", ".flags"))
        for s in classes
    )


_TELLING = (
    "grammar.operator.", "grammar.mode.condition", "grammar.mode.schedule", "grammar.mode.directive",
    "grammar.mode.order", "grammar.mode.fix", "actions.", "slots.", "places.roles.", "places.weights",
    "places.results", "places.platform", "policy.search",
)  # fmt: skip
"""Classes whose words mean something for a run, wherever they stand."""
_LOOSE = (
    "slots.around", "slots.on_broken", "slots.units", "slots.algorithm.values", "actions.words",
    "actions.gen_trt_engine",
)  # fmt: skip
