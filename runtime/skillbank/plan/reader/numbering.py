"""Numbers that only count what is to be done: "step 2:", "1. ... 2. ...", "two things:"."""

from __future__ import annotations

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import ACTIONS
from skillbank.plan.reader.wording import of
from skillbank.plan.slots import SLOTS, Kind

__all__ = ["COUNTED", "VERBS", "take_numbering"]

VERBS = "|".join(("actions.words.find", *(f"actions.{action}.base" for action in ACTIONS)))


def take_numbering(text: Text) -> None:
    """Account for numbers that only count what is to be done: "step 2:", "1. ... 2. ...", "two things:"."""
    for match in text.phrases("order.steps"):
        if _is_count(text, match):
            text.ledger.claim("order", match.tokens("w"))
    for match in text.find(f"'second|'third|'fourth|'fifth|'sixth @mark|{VERBS}"):
        if text.word(match.first - 1) in _ENDS:
            text.ledger.claim("order", [match.first])  # "Fourth, evaluate the engine", "second find cones"
    marks = [m.first for m in text.find("@number '.|') &@word") if not _is_value(text, m.first)]
    values = [text.tokens[i].value for i in marks]
    counts = (list(range(first, first + len(values))) for first in (1, 2))
    if len(values) > 1 and values in counts:
        text.ledger.claim("order", marks)


def _is_count(text: Text, match: Match) -> bool:
    """Whether a small number counts steps, and says no more: not "every 2 steps", "4 steps of warmup".

    Behind what has been said ("train X on Y, 5 steps") it would be the length of a run.
    """
    counts = [text.tokens[i].value for i in match.tokens("w") if text.tokens[i].kind == "number"]
    few = all(isinstance(n, int) and n < 10 for n in counts) and not _is_length(text, match)
    led = text.word(match.first - 1) in of("prepositions") - {"in"} | {"every"}
    return few and not led and text.word(match.end) != "of"


def _is_length(text: Text, match: Match) -> bool:
    """Whether a number of steps is a part of a sentence by itself that begins and opens nothing."""
    last = match.end - 1
    end = last if text.kind(last) == "mark" else match.end
    first = match.first - (text.word(match.first - 1) == "in")
    alone = text.word(first - 1) in _PARTING and text.word(end) in {"", ".", "\n", *_PARTING}
    return alone and text.word(end - 1) in _STEPS


_PARTING = frozenset({",", ";", "(", ")"})
_STEPS = frozenset({"steps", "things"})
_ENDS = frozenset({".", ";", ",", "\n"})
COUNTED = frozenset(
    f"slots.{s.name}.{part}"
    for s in SLOTS
    if s.kind in (Kind.COUNT, Kind.NUMBER, Kind.DURATION)
    for part in ("nouns", "before")
)


def _is_value(text: Text, i: int) -> bool:
    """Whether a number before a full stop is that of a noun: "batch size: 2. Epochs: 3."."""
    k = i - 1 if i and text.tokens[i - 1].text in (":", "=", "of", "is", "to") else i
    return any(
        span.end == k and not span.classes.isdisjoint(COUNTED)
        for first in range(max(0, k - 4), k)
        for span in text.spans[first]
    )
