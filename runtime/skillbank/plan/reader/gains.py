"""When a run ends because nothing gets better: "stop after 5 validations without improvement".

The clause is told by what it holds, in any order: a stop, a number with what it counts, and a gain that is
denied. Every other word of it must be one that says nothing beside these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.spec_keys import Keys
from skillbank.plan.reader.value import Value

__all__ = ["take_gains"]

_REACH = 14
"""Words before or behind a number that may belong to it."""
_STOP = "slots.search_settings.stop"
_TRIALS, _ROUNDS, _EPOCHS = "slots.patience.trials", "slots.patience.rounds", "slots.epochs.nouns"
_COUNTED = (_TRIALS, _ROUNDS, _EPOCHS)
_GAIN, _IDLE, _DENIED = "slots.patience.gain", "slots.patience.idle", "grammar.operator.not"
_BESIDE = (
    *_COUNTED, _GAIN, _IDLE, _DENIED, "slots.patience.beside", "slots.search_settings.reached",
    "grammar.free.glue", "grammar.free.adverb", "grammar.group.det", "grammar.group.it",
)  # fmt: skip


class _Clause(NamedTuple):
    """The words of a stop around a number, and the class of what the number counts."""

    tokens: list[int]
    counted: str


def take_gains(text: Text, keys: Sequence[Keys]) -> None:
    """Account for what ends a search (by trials) or a training (by validations) that brings nothing more.

    Parameters
    ----------
    keys
        Spec keys of the skills that are named, one of which may count the lack of a gain.
    """
    counting = sorted({key for each in keys for key in each.lacks})
    for i, token in enumerate(text.tokens):
        whole = token.kind == "number" and float(token.value).is_integer()
        if not whole or not text.ledger.free(i) or (clause := _clause(text, i)) is None:
            continue
        if _is_unclear(text, clause, token.value):
            text.ledger.claim("unread", clause.tokens)
        elif clause.counted == _TRIALS:
            text.ledger.claim("value", clause.tokens, Value("patience", int(token.value)))
        elif clause.counted == _EPOCHS and _validates_rarely(text):
            text.ledger.claim("unread", clause.tokens)
        elif len(counting) == 1:
            text.ledger.claim("value", clause.tokens, Value("", int(token.value), key=counting[0]))


def _is_unclear(text: Text, clause: _Clause, number: float) -> bool:
    """Whether it is open what ends, or when: "stop bad trials after 3 epochs", "after about 5", "after 0"."""
    trials = clause.counted != _TRIALS and text.holds(clause.tokens, _TRIALS)
    vague = text.holds(clause.tokens, "slots.around.vague") or not _ABOUT.isdisjoint(
        text.words(clause.tokens)
    )
    return trials or vague or number < 1


def _validates_rarely(text: Text) -> bool:
    """Whether not every epoch is validated, so that epochs without a gain are no validations."""
    said = (claim.value for claim in text.ledger.of("value"))
    named = (v for v in said if "validation_interval" in (v.slot, v.key.rpartition(".")[2]))
    return any(value.value != 1 for value in named)


def _clause(text: Text, i: int) -> _Clause | None:
    """Return the words around a number that end something for want of a gain; what it counts is behind it."""
    before = _own(text, range(i - 1, max(-1, i - 1 - _REACH), -1))
    behind = _own(text, range(i + 1, min(len(text.tokens), i + 1 + _REACH)))
    first = _stop(text, sorted(before))
    if first is None:
        first, behind = _stopped_behind(text, i, before, behind)
    if first is None or not _is_order(text, first):
        return None
    tokens = sorted({k for k in (first, *before, i, *behind) if k >= first})
    while tokens[-1] > i and text.within(tokens[-1], "grammar.free.glue"):
        tokens.pop()
    counted = next((c for k in behind for c in _COUNTED if text.within(k, c)), None)
    if counted is None or not _wants_gain(text, tokens):
        return None
    return _Clause(tokens, counted)


def _stopped_behind(text: Text, i: int, before: list[int], behind: list[int]) -> tuple[int | None, list[int]]:
    """Return the first word and those behind the number where the stop stands there, or goes on from one."""
    first, end = min(before, default=i), max(behind, default=i) + 1
    if text.word(end) == ",":  # "if nothing improves for 4 validations, stop"
        stop = text.match(f"', 'then? {_STOP} group.it|group.det|'training|'search*", end)
        if stop is not None and text.kind(stop.end) in ("", "mark"):
            return first, [*behind, *stop.tokens()]
    if (stop_at := _stop(text, behind)) is not None:
        return first, [k for k in behind if k < max(text.ends(stop_at, _STOP))]
    said = text.ledger.owner.get(first - 2) if text.word(first - 1) in ("or", "and") else None
    if said is not None and text.holds(said.tokens, _STOP):
        return first - 1, behind  # "after 8 hours or when 5 trials bring nothing"
    return None, behind


def _own(text: Text, tokens: Iterable[int]) -> list[int]:
    """Return the words of a row up to the first that may mean something else."""
    found: list[int] = []
    for k in tokens:
        inside = any(k < end for s in range(max(0, k - 3), k + 1) for end in text.ends(s, _STOP))
        if text.kind(k) != "word" or not text.ledger.free(k) or not (inside or text.within(k, *_BESIDE)):
            break
        found.append(k)
    return found


def _stop(text: Text, tokens: Sequence[int]) -> int | None:
    """Return where the first verb of stopping begins that lies within some words."""
    return next((k for k in tokens if any(end - 1 in tokens for end in text.ends(k, _STOP))), None)


def _is_order(text: Text, first: int) -> bool:
    """Whether nothing before a stop makes it a report or a denial: "the last run stopped after"."""
    if text.kind(first - 1) == "word" and (text.word(first).endswith("ed") or text.word(first) == "gave"):
        return False
    apart = text.kind(first - 1) in ("", "mark") or text.owner(first - 1) not in ("", "job")
    return (apart or text.word(first) == "early" or text.word(first - 1) in _LEADING) and not text.within(
        first - 1, _DENIED
    )


_ABOUT = frozenset({"about", "around"})
_LEADING = frozenset({
    "and", "but", "then", "or", "please", "also", "to", "should", "must", "shall", "will", "may", "can",
    "with", "use", "using", "it", "instead", "otherwise", "which",
})  # fmt: skip
"""Words between which and a stop nothing stands that would be stopped."""


def _wants_gain(text: Text, tokens: Sequence[int]) -> bool:
    """Whether words deny a gain: "without improvement", "nothing better", "5 bad validations"."""
    nothing = "nothing" in text.words(tokens)
    denied = any(
        text.within(k + 1, _GAIN) if text.within(k, _STOP) else text.within(k, _DENIED) for k in tokens
    )  # "stops improving", "without improvement"
    return text.holds(tokens, _IDLE) or nothing or (denied and text.holds(tokens, _GAIN))
