"""Numbers that stand in for another: "10 epochs, no, make it 20", "5 instead of 8 epochs"."""

from __future__ import annotations

from dataclasses import replace

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrase
from skillbank.plan.reader.tokens import Claim, is_number
from skillbank.plan.reader.value import claim_value

__all__ = ["take_ellipses"]

_RATHER = frozenset({"but", "only", "just", "use", "rather"})


def take_ellipses(text: Text) -> None:
    """Account for numbers that stand in for another, and for those that another stands for."""
    for match in list(text.phrases("corrections.denied")):
        owners = (text.ledger.owner.get(k) for k in (match.first, match.end))
        if any(c is not None and c.kind == "value" and is_number(c) for c in owners):
            text.ledger.claim("excluded", match.tokens())
    for i, token in enumerate(text.tokens):
        if token.kind == "number" and text.ledger.free(i) and (other := _stood_for(text, i)) is not None:
            claim_value(text, [i], replace(other.value, value=token.value, negated=False))
    for match in list(text.phrases("corrections.one")):  # "on 4 GPUs, then export on one"
        if any(c.last < match.first for c in text.ledger.of("value") if is_number(c)):
            text.ledger.mark("unread", match.tokens())


def _stood_for(text: Text, i: int) -> Claim | None:
    """Return the value that a bare number stands in for: the one it replaces, or the last, corrected."""
    values = [c for c in text.ledger.of("value") if is_number(c)]
    after = text.match(phrase("corrections.replaced"), i + 1)
    replaced = None if after is None else text.ledger.owner[after.end - 1]
    if replaced in values:
        return replaced
    last = next((c for c in values[::-1] if i - 8 < c.last < i), None)
    if last is None:
        return None
    # Each of two numbers is of a step: "batch size 8 for the training and 2 for the evaluation".
    of_a_step = phrase("corrections.of_a_step")
    dealt = all(text.match(of_a_step, k + 1) is not None for k in (last.last, i))
    return last if dealt or _is_corrected(text, last, i) else None


def _is_corrected(text: Text, last: Claim, i: int) -> bool:
    """Whether the words between a value and a number say that the number is meant: "no, make it 20"."""
    between = range(last.last + 1, i)
    if any(text.kind(k) not in ("word", "mark") for k in between):
        return False
    rather = not _RATHER.isdisjoint(text.words(between)) or text.match("slots.around.enough", i + 1)
    return text.holds(between, "grammar.mode.fix") or (last.value.negated and bool(rather))
