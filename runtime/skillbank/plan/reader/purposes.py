"""What something is for, or is called, by the words of a clause: "for the warehouse project"."""

from __future__ import annotations

from itertools import pairwise

from skillbank.plan.reader.clauses import Clause
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.value import UNITS
from skillbank.plan.reader.wording import of

__all__ = ["PURPOSE", "UNITS_OF_TIME", "purpose_of"]

_TELLING = ("grammar.operator.", "grammar.mode.directive", "grammar.mode.condition", "grammar.mode.schedule")
PURPOSE = "purpose"
UNITS_OF_TIME = tuple(f"slots.units.{unit}" for unit in (*UNITS, "months"))


def purpose_of(
    text: Text, clause: Clause, open_: list[int], known: frozenset[str], listed: frozenset[str]
) -> list[int]:
    """Return the words of a clause that only say what something is for, or what it is called."""
    means = any(_is_telling(text, i, known) or text.tokens[i].text in listed for i in open_)
    if means or any(text.tokens[i].text == "enough" for i in range(clause.first, clause.end)):
        return []
    asked = "action" in text.owners(range(clause.first, clause.end))
    goes_on = _goes_on(text, clause, open_)
    return (
        _purpose(text, clause.first, open_)
        or (open_ if goes_on else [])
        or (_called(text, open_) if asked else [])
    )


def _goes_on(text: Text, clause: Clause, open_: list[int]) -> bool:
    """Whether plain words go on with what something is for: "a classifier for ripe and unripe mangoes"."""
    before = text.ledger.owner.get(clause.first - 1)
    plain = all(text.is_plain(i) and not text.lexicon.has(text.word(i), "told.choosing") for i in open_)
    joined = text.word(clause.first) in ("and", "or") and open_[0] == clause.first + 1
    return joined and plain and before is not None and before.value == PURPOSE


def _is_telling(text: Text, i: int, known: frozenset[str]) -> bool:
    """Whether a word means something for a run."""
    classes = text.classes[i]
    word = text.tokens[i].text
    forms = {word, word.removesuffix("s"), word.removesuffix("ing"), word.removesuffix("ed")}
    return (
        bool(forms & known)
        or "grammar.mode.technical" in classes
        or any(c.startswith(_TELLING) for c in classes)
    )


def _purpose(text: Text, first: int, open_: list[int]) -> list[int]:
    """Return the words of "for the warehouse project", where nothing but they is open in a clause."""
    start = open_[0]
    lead = text.words(range(max(first, start - 4), start))
    gains = any(a == "to" and b in of("gains") for a, b in pairwise(lead))  # "to get a first impression"
    same = "same" in text.words(range(first, start))
    return open_ if ("for" in lead or gains) and not (same or _says_more(text, open_, lead)) else []


def _says_more(text: Text, open_: list[int], lead: list[str]) -> bool:
    """Whether words behind a "for" measure, divide or name what is to be found: "a folder for each day"."""
    after = range(open_[0], open_[-1] + 1)
    divides = "for" in lead and not {"each", "every"}.isdisjoint(lead)
    named = not word_list("purposes.of_things").isdisjoint(text.words(after))
    held = bool(text.owners(after) - {"courtesy"})
    return divides or named or held or _goes_on_finding(text, lead) or any(_measures(text, i) for i in open_)


def _measures(text: Text, i: int) -> bool:
    """Whether a word is a number, a unit or a metric, or holds a number: "for 1h30", "for mAP75"."""
    number = text.kind(i) == "number" or any(map(str.isdigit, text.word(i)))
    return number or text.within(i, *UNITS_OF_TIME, "actions.words.metric")


def _goes_on_finding(text: Text, lead: list[str]) -> bool:
    """Whether a "for" says what else is to be found: "search X for cars and then for trucks"."""
    return bool({"and", "then"}.intersection(lead)) and bool(text.ledger.of("find", "captions"))


def _called(text: Text, open_: list[int]) -> list[int]:
    """Return the words before a detector or data set by which a person calls it: "the sorting belt data"."""
    after = open_[-1] + 1
    whole = len(open_) < 4 and open_ == list(range(open_[0], after)) and all(map(text.is_plain, open_))
    called = text.word(after) in word_list("purposes.called")
    led = open_[0] > 0 and text.within(open_[0] - 1, "grammar.group.det", "grammar.free.adjective")
    chosen = any(text.lexicon.has(text.tokens[i].text, "told.choosing") for i in open_)
    return open_ if whole and called and led and not chosen and text.ledger.of("place") else []
