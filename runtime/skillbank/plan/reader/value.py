"""A value as it was said, and the words that belong to it: a negation, a verb that sets it, "is enough"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from skillbank.plan.reader.matching import Text
from skillbank.plan.slots import SLOTS, Fills

__all__ = [
    "MORE", "SIZE", "UNITS", "Value", "claim_key", "claim_value", "denied_before", "duration", "hedges",
    "led_by", "set_before",
]  # fmt: skip

SIZE = "size"
"""The slot-like name of a width and height."""
UNITS = {"seconds": (1, "s"), "minutes": (1, "m"), "hours": (1, "h"), "days": (1, "d"), "weeks": (7, "d")}
"""Units of time: how many of which unit that settings write."""


def duration(amount: float, unit: str) -> str:
    """Return a time as settings write it."""
    times, short = UNITS[unit]
    return f"{amount * times:g}{short}"


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it was said.

    Attributes
    ----------
    slot
        Name of a slot, `SIZE`, or empty for a spec key.
    key
        The spec key or shorthand, where one was written.
    negated
        Whether it was said not to be so.
    total
        Whether a number of GPUs is that of all nodes together.
    unit
        What an interval counts where it is not epochs.
    most
        Whether a number was said to be the most ("at most 8 images").
    limit
        Whether it was only said to be a limit ("not more than 8"): it is no value where a spec has no limit.
    """

    slot: str
    value: Any
    key: str = ""
    negated: bool = False
    total: bool = False
    unit: str = ""
    most: bool = False
    limit: bool = False


_BOUNDED = frozenset({"threshold", *(s.name for s in SLOTS if s.fills is Fills.SEARCH)})
"""Slots that are limits themselves: "no more than 12 trials" is what they say."""

_BEYOND = frozenset({"over", "above", "beyond", "past", "exceed", "exceeding", "under", "below"})


def hedges(text: Text, tokens: list[int], section: str) -> list[int]:
    """Return the words in or beside a number that make it another one: "5 more", "20 or more", "at least"."""
    first, end = min(tokens), max(tokens) + 1
    found: list[int] = []
    for i in range(max(0, first - 4), min(end + 1, len(text.tokens))):
        for stop in text.ends(i, f"slots.around.{section}")[:1]:
            between = range(min(i, end), max(first, stop))
            beside = all(text.ledger.free(k) and text.tokens[k].kind != "mark" for k in between)
            if beside and max(i, stop) >= first:
                found += range(i, stop)
    return found


def claim_value(text: Text, tokens: list[int], value: Value) -> None:
    """Claim a value with a negation right before it, a verb that sets it, and "is enough" behind it.

    A number that is not meant exactly is no value: what is said of it stays unread.
    """
    first = min(tokens)
    if value.slot not in _BOUNDED and not value.key.startswith("automl."):
        if isinstance(value.value, int | float) and (vague := hedges(text, tokens, "vague")):
            if value.slot == "epochs" and _goes_on(text, tokens, vague):
                text.ledger.claim("value", [*tokens, *vague], value)
            else:
                text.ledger.claim("unread", [*tokens, *vague])
            return
        if limit := hedges(text, tokens, "limit"):
            tokens, value = [*limit, *tokens], replace(value, most=True, limit=True)
            first = min(tokens)
    denied = denied_before(text, first)
    beyond = denied and any(text.tokens[k].text in _BEYOND for k in [*denied, *tokens])  # "not over 20"
    if beyond and value.slot not in _BOUNDED:
        value = replace(value, most=True, limit=True)
        denied, tokens = [], [*denied, *tokens]
    tokens = [*(denied or set_before(text, first)), *tokens]
    value = replace(value, negated=value.negated or bool(denied))
    text.ledger.claim("value", [*tokens, *_enough(text, max(tokens) + 1)], value)


def _enough(text: Text, at: int) -> list[int]:
    """Return the words that say that a value is enough; what leaves open for what, or whether, stays unread.

    "30 epochs should do it for the first go" and "30 epochs should do it?" say so of none of a plan's runs.
    """
    match = text.match("slots.around.enough", at)
    if match is None:
        return []
    marks = (k for k in range(match.end, len(text.tokens)) if text.kind(k) == "mark")
    end = next(marks, len(text.tokens))
    bound = text.word(match.end) in _BOUNDING and text.word(match.end + 1) not in _FOR_IT
    if not bound and text.word(end) != "?":
        return match.tokens()
    text.ledger.mark("unread", [*match.tokens(), *(range(match.end, end) if bound else ())])
    return []


_BOUNDING = frozenset({"for", "in", "at", "until", "till", "if", "unless", "as", "per", "each"})
"""What says behind "is enough" of what, of how many or when it is."""
_FOR_IT = frozenset({"me", "us", "now", "this", "it", "that", "today"})
"""Of what it is where that is the run itself: "is enough for now"."""


def claim_key(text: Text, tokens: Iterable[int], key: str, value: Any, *, negated: bool = False) -> bool:
    """Claim a value of a spec key with a verb that sets it before it, and "is enough" behind it."""
    own = sorted(tokens)
    own += [*set_before(text, own[0]), *_enough(text, own[-1] + 1)]
    text.ledger.claim("value", own, Value("", value, key=key, negated=negated))
    return True


MORE = frozenset({"more", "another", "additional", "further", "extra"})
"""What makes a number one beside those that a job has."""


def _goes_on(text: Text, tokens: list[int], hedged: list[int]) -> bool:
    """Whether "10 more epochs" are behind those of a job, from whose model a training starts at epoch 0.

    "10 more epochs than the last training" are as many as that one had and 10.
    """
    compared = "than" in text.words(range(max(tokens) + 1, min(max(tokens) + 3, len(text.tokens))))
    return MORE.issuperset(text.words(hedged)) and bool(text.ledger.of("job")) and not compared


def denied_before(text: Text, first: int) -> list[int]:
    """Return the tokens of a negation right before a value; who is "not against" it asks for nothing."""
    denied = led_by(text, first, "operator.not group.det|slots.around.before|free.light|free.glue*", 5)
    return [] if "against" in text.words(denied) else denied


def set_before(text: Text, first: int) -> list[int]:
    """Return the tokens of "set the", "fix", "raise the" right before a value, and of "a smaller"."""
    return led_by(text, first, "slots.around.set group.det*", 3) or led_by(text, first, _COMPARED, 1)


_COMPARED = "'smaller|'lower|'higher|'larger|'bigger|'reduced|'increased|'longer"
"""What a value is beside another one: "a smaller learning rate of 5e-5"."""


def led_by(text: Text, first: int, source: str, reach: int) -> list[int]:
    """Return the tokens of a pattern that ends right before a token and begins within some before it."""
    for start in range(max(0, first - reach), first):
        match = text.match(source, start, first)
        if match is not None and match.end == first:
            return match.tokens()
    return []
