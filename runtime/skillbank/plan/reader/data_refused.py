"""Runs that a request about a data set says are not to be: "no training today. Just check X"."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS
from skillbank.plan.reader.refusals import denied, negation_before, trailing

__all__ = ["take_refused_runs"]

_RUNS = tuple(
    f"actions.{action}.{form}"
    for action in ACTIONS if action != "dataset_convert" for form in (*FORMS, "nouns")
)  # fmt: skip
_SMALL = (
    "grammar.free.glue", "grammar.free.light", "grammar.free.adverb", "grammar.courtesy.words",
    "grammar.operator.trailing", "grammar.group.det",
)  # fmt: skip
"""What may stand beside a refusal and says no part of a data set that is not wanted ("no training set")."""

_LABELS = frozenset({"prediction", "predictions"})
"""What runs leave, which may be labels of a data set as well; so may an export behind the data be theirs."""


def take_refused_runs(text: Text, clauses: Clauses) -> None:
    """Account for clauses that do no more than take a run back, which nothing else asks for."""
    for clause in clauses.all:
        tokens = range(clause.first, clause.end)
        said = next(filter(None, (_refusal(text, clause.first, i) for i in tokens)), [])
        rest = [i for i in tokens if i not in said and text.kind(i) != "mark"]
        if said and all(_is_small(text, i) for i in rest):
            text.ledger.claim("refused", [*said, *(i for i in rest if text.word(i) == "anything")])


def _is_small(text: Text, i: int) -> bool:
    return text.within(i, *_SMALL) or text.owner(i) == "courtesy" or text.word(i) == "anything"


def _refusal(text: Text, first: int, i: int) -> list[int]:
    """Return the words that take back the run whose word stands at a token."""
    for end in _ends(text, i):
        taken_back = negation_before(text, first, i) or denied(text, end)
        if taken_back:
            said = {*taken_back, *range(i, end)}
            return sorted({*said, *trailing(text, max(said) + 1)})
    return []


def _ends(text: Text, i: int) -> Iterator[int]:
    """Yield where the words of runs end that begin at a token that nothing has accounted for."""
    written = text.word(i).startswith("export") and text.has_kind(range(i), "place")
    run = text.ledger.free(i) and text.word(i) not in _LABELS and not written
    for section in _RUNS if run else ():
        yield from text.ends(i, section)
