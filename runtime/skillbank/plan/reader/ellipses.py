"""Numbers that stand in for another: "10 epochs, no, make it 20", "5 instead of 8 epochs"."""

from __future__ import annotations

from dataclasses import replace

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import DOING
from skillbank.plan.reader.tokens import Claim, is_number
from skillbank.plan.reader.value import Value, claim_value

__all__ = ["take_ellipses"]


def take_ellipses(text: Text) -> None:
    """Account for numbers that stand in for another, and for those that another stands for."""
    denied = "^value ',? operator.instead|'not|'no|'never group.det? @number"
    for match in [*text.find(denied), *text.find("operator.not @number ',? 'but &^value")]:
        owners = [text.ledger.owner.get(k) for k in (match.first, match.end)]
        if any(c is not None and c.kind == "value" and is_number(c) for c in owners):
            text.ledger.claim("excluded", match.tokens())
    for i, token in enumerate(text.tokens):
        if token.kind == "number" and text.ledger.free(i) and (stood_for := _stood_for(text, i)) is not None:
            claim_value(text, [i], replace(stood_for, value=token.value, negated=False))
    _leave_ones(text)


def _leave_ones(text: Text) -> None:
    """Leave "on 4 GPUs, then export on one" to be asked about: one of what, nothing says."""
    for match in text.find("'on|'for|'with|'using 'just|'only? 'one"):
        alone = match.end == len(text.tokens) or text.tokens[match.end].text in _AFTER_ONE
        if alone and any(c.last < match.first for c in _numbers(text)):
            text.ledger.mark("unread", match.tokens())


_AFTER_ONE = frozenset([",", ".", ";", "!", ")", "and", "then", "on", "in", "at"])


def _numbers(text: Text) -> list[Claim]:
    return [c for c in text.ledger.of("value") if is_number(c)]


def _stood_for(text: Text, i: int) -> Value | None:
    """Return the value that a bare number stands in for: the one it replaces, or the last, corrected."""
    values = _numbers(text)
    after = text.match("'and? operator.instead|operator.not ^value", i + 1)
    replaced = None if after is None else text.ledger.owner[after.end - 1]
    last = next((c for c in values[::-1] if i - 8 < c.last < i), None)
    if replaced in values:
        last = replaced
    elif last is not None and not (_is_corrected(text, last, i) or _is_dealt(text, last, i)):
        last = None
    value: Value | None = None if last is None else last.value
    return value


def _is_dealt(text: Text, last: Claim, i: int) -> bool:
    """Whether each of two numbers is of a step: "batch size 8 for the training and 2 for the evaluation"."""
    of_a_step = f"'for|'in|'during|'( group.det* {DOING} !places.data.nouns"
    return all(text.match(of_a_step, k + 1) is not None for k in (last.last, i))


def _is_corrected(text: Text, last: Claim, i: int) -> bool:
    """Whether the words between a value and a number say that the number is meant: "no, make it 20"."""
    between = range(last.last + 1, i)
    if any(text.tokens[k].kind not in ("word", "mark") for k in between):
        return False
    if any(text.within(k, "grammar.mode.fix") for k in between):
        return True
    rather = any(text.tokens[k].text in ("but", "only", "just", "use", "rather") for k in between)
    return last.value.negated and (rather or text.match("slots.around.enough", i + 1) is not None)
