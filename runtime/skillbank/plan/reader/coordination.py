"""What goes on with what a clause tells: "we used 20 epochs and 2 GPUs", "Slurm and Docker were tried".

A list is divided into clauses at each "and" and comma, and one verb is that of them all.
"""

from __future__ import annotations

from collections.abc import Sequence

from skillbank.plan.reader.matching import Text

__all__ = ["ADDING", "goes_on", "heads", "is_listed"]

ADDING = frozenset({"and", ",", "&", "+", "plus"})
"""What adds a thing to the one before it."""
_AND = frozenset({"and", "&", "plus", "then", "or", "nor"})
_SAID = frozenset({"value", "platform"})
_BESIDE = ("grammar.group.prep", "grammar.group.det", "grammar.free.adverb", "slots.around.link")
_ORDERS = ("grammar.free.light", "slots.around.set")
"""Verbs with which something is asked for: "take them all"."""
_NOW = frozenset({"now", "today", "instead", "please", "again", "currently", "this", "but", "only"})
"""Words by which a list does not go on: what stands with them is meant now."""


def goes_on(text: Text, clause: range) -> bool:
    """Whether a clause is but a further value or platform, behind a comma or "and": "and 2 GPUs"."""
    first = clause.start
    while first < clause.stop and (text.word(first) in _AND or text.word(first) == ","):
        first += 1
    return first > clause.start and is_listed(text, range(first, clause.stop))


def heads(text: Text, clause: range, behind: range) -> bool:
    """Whether a clause is the first of several subjects of a verb behind it: "Slurm | and Docker failed"."""
    joined = text.word(behind.start) in _AND
    return joined and is_listed(text, clause) and text.owner(behind.start + 1) in _SAID


def is_listed(text: Text, tokens: Sequence[int]) -> bool:
    """Whether words hold values or platforms, and else nothing that says anything."""
    words = [i for i in tokens if text.kind(i) != "mark"]
    numbers = {i for i in text.unclaimed(words) if text.kind(i) == "number"}
    said = {i for i in words if text.owner(i) in _SAID} | numbers
    beside = (text.within(i, *_BESIDE) or (numbers and text.is_plain(i)) for i in words if i not in said)
    return bool(said) and not _asks_now(text, words) and all(beside)


def _asks_now(text: Text, words: Sequence[int]) -> bool:
    """Whether words say that something is meant now: "now 2 GPUs", "take 2 GPUs"."""
    return not _NOW.isdisjoint(text.words(words)) or text.holds(words, *_ORDERS)
