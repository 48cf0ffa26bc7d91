"""Lines that are headed by what is to be done: "Training: NAME, X" above "Evaluation: Y, batch size 2".

A place behind "Evaluation:" alone is what a training validates on. Where more is said there, or other lines
are headed by further steps, it is a step of its own; how validation is to be done has no words of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skillbank.plan.reader.actions import Mention
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS

__all__ = ["take_headings"]

_MEASURED = ("evaluate", "inference")
"""Actions whose nouns also say what a place is for."""
_BARE = "places.roles.eval_dataset.bare"


@dataclass(frozen=True)
class _Line:
    """A line with a head: its action, where it begins and ends."""

    action: str
    first: int
    end: int


def take_headings(page: Text) -> None:
    """Account for the heads of lines that are steps beside a training."""
    lines = list(_headed(page))
    if not any(line.action == "train" and _says_more(page, line) for line in lines):
        return
    others = {line.action for line in lines} - {"train", "evaluate"}
    for line in lines:
        tokens = range(line.first, line.end)
        placed = page.ledger.free(line.first) and page.has_kind(tokens, "place")
        if line.action not in _MEASURED or not placed:
            continue
        counted = page.has_kind(tokens, "number")
        while_training = page.word(line.first).startswith("val") or "every" in page.words(tokens)
        if counted and while_training:
            page.ledger.claim("unread", page.unclaimed(_behind_place(page, line)))
        elif (counted or others) and not while_training:
            page.ledger.claim("action", [line.first], Mention(line.action))


def _says_more(page: Text, line: _Line) -> bool:
    """Whether more than where data lies stands behind a head."""
    return any(page.kind(k) not in ("mark", "place") for k in range(line.first + 1, line.end))


def _headed(page: Text) -> Iterator[_Line]:
    """Yield the lines that begin with one word of an action and a colon."""
    for i in range(len(page.tokens)):
        begins = i == 0 or page.word(i - 1) in ("\n", ".", ";")
        if begins and page.word(i + 1) == ":" and (action := _action_at(page, i)):
            stops = (k for k in range(i + 2, len(page.tokens)) if page.word(k) in ("\n", ";"))
            yield _Line(action, i, next(stops, len(page.tokens)))


def _action_at(page: Text, i: int) -> str | None:
    if page.within(i, _BARE):
        return "evaluate"
    return next((a for a in ACTIONS if page.within(i, f"actions.{a}.nouns", f"actions.{a}.base")), None)


def _behind_place(page: Text, line: _Line) -> range:
    last = max(k for k in range(line.first, line.end) if page.kind(k) == "place")
    return range(last + 1, line.end)
