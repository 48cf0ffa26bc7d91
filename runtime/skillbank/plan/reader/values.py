"""Numbers, choices and sizes that belong to a slot: each by the noun that stands with it."""

from __future__ import annotations

from collections.abc import Sequence

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.ellipses import take_ellipses
from skillbank.plan.reader.gains import take_gains
from skillbank.plan.reader.hardware import (
    take_gpu_ids,
    take_no_gpus,
    take_owned,
    take_the_gpu,
    take_totals,
)
from skillbank.plan.reader.intervals import take_durations, take_intervals
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.policy import UNCERTAIN
from skillbank.plan.reader.slot_numbers import take_number
from skillbank.plan.reader.spec_keys import Keys
from skillbank.plan.reader.value import SIZE, Value, claim_value, denied_before
from skillbank.plan.slots import Slot, slot

__all__ = ["take_values"]


def take_values(text: Text, clauses: Clauses, keys: Sequence[Keys], *, searching: bool) -> None:
    """Account for the values of slots.

    Parameters
    ----------
    keys
        Spec keys of the skills that are named: a noun in a longer name ("backbone learning rate")
        is left to them.
    searching
        Whether the text speaks of a search: a time without a noun is then the search's.
    """
    take_intervals(text)
    _sizes(text)
    take_gpu_ids(text)
    take_no_gpus(text)
    _scores(text)
    take_durations(text, searching=searching)
    take_gains(text, keys)
    for i, token in enumerate(text.tokens):
        if token.kind in ("number", "percent") and text.ledger.free(i):
            take_number(text, clauses, keys, i, searching)
    take_totals(text)
    take_the_gpu(text)
    take_owned(text)
    take_ellipses(text)
    for name in ("precision", "algorithm"):
        _choices(text, slot(name))


def _scores(text: Text) -> None:
    """Read "keep boxes above 0.4", "drop everything under 45 percent": the least score that is shown."""
    for match in list(text.phrases("values.scores")):
        [i] = match.tokens("n")
        value = text.tokens[i].value / (100 if text.kind(i) == "percent" else 1)
        if value > 1 or not text.ledger.free(i):
            continue
        if denied := denied_before(text, match.first):
            text.ledger.claim("unread", [*denied, *match.tokens()])  # "drop boxes above 0.9"
        else:
            claim_value(text, text.unclaimed(match.tokens()), Value("threshold", value))


def _sizes(text: Text) -> None:
    for match in text.phrases("values.sizes"):
        claim_value(text, text.unclaimed(match.tokens()), Value(SIZE, text.said(match)))


def _choices(text: Text, each: Slot) -> None:
    """Read a choice by its value, with the slot's noun beside it where the value may mean something else."""
    for match in text.phrases(f"values.{each.name}"):
        said = match.tokens("v")
        if not all(map(text.ledger.free, said)):
            continue
        word = " ".join(text.words(said))
        value = text.meaning(match, "v", f"slots.{each.name}.alias") or word
        beside = match.tokens("before") or match.tokens("after") or _called(text, match.end, each)
        uncertain = each.name == "algorithm" and word in UNCERTAIN and not beside
        if value not in each.choices or (uncertain and not _is_of_trials(text, said)):
            continue
        claim_value(text, text.unclaimed({*match.tokens(), *beside}), Value(each.name, value))


def _called(text: Text, at: int, each: Slot) -> list[int]:
    """Return the words behind a choice that say what it is: "asha as the algorithm"."""
    called = text.match(f"'as group.det? slots.{each.name}.nouns", at)
    return called.tokens() if called is not None else []


def _is_of_trials(text: Text, said: list[int]) -> bool:
    """Whether a number of trials stands beside a word: "8 random trials"."""
    around = (text.ledger.owner.get(k) for k in (said[0] - 1, said[-1] + 1))
    return any(c is not None and getattr(c.value, "slot", "") == "trials" for c in around)
