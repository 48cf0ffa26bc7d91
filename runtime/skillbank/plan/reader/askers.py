"""Whose wish is passed on: "Dr. Osei would like to have", "the user wants to"."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.people import is_name
from skillbank.plan.reader.phrases import ACTIONS
from skillbank.plan.reader.reports import asks

__all__ = ["take_askers"]


def take_askers(text: Text) -> None:
    """Account for whose wish is passed on: "Dr. Osei would like to have", "the user wants to"."""
    for match in text.phrases("courtesy.askers"):
        behind = match.tokens("who")[-1] + 1
        first = _begin_of_asker(text, match.first, behind)
        who = [i for i in range(first, behind) if text.kind(i) == "word"]
        who = who[text.within(first, "grammar.group.det") :]  # "the customer", "my boss"
        theirs = text.word(behind) == "needs" and text.word(behind + 1) in ("the", "all", "every")
        if not theirs and _is_somebody(text, who) and _passes_on(text, first, match.end):
            said = range(first, match.end)
            text.ledger.claim("courtesy", [i for i in said if text.word(i) not in ("a", "an")])


def _is_somebody(text: Text, who: list[int]) -> bool:
    """Whether words name who has a wish, by name or by what they are; one that nobody has is none."""
    named = all(is_name(text, i) for i in who) or _is_body(text, who)
    return 0 < len(who) < 4 and {"nobody", "noone"}.isdisjoint(text.words(who)) and named


def _is_body(text: Text, who: list[int]) -> bool:
    """Whether words name people by what they are: "my boss", "the radiology department"."""
    of = all(text.within(i, "told.askers") or text.is_plain(i) for i in who)
    return of and text.within(who[-1], "told.askers")


_JOINED = frozenset({"and", "but", "because", "so"})
_DONE = ("actions.words.found_in", *(f"actions.{action}.past" for action in ACTIONS))


def _passes_on(text: Text, first: int, end: int) -> bool:
    """Whether a wish of somebody begins the text, or opens a clause that says what is to be run."""
    opens = text.kind(first - 1) == "mark" or text.word(first - 1) in _JOINED
    behind = range(end, text.sentence(end).stop)
    return first == 0 or (opens and any(asks(text, k) or text.within(k, *_DONE) for k in behind))


def _begin_of_asker(text: Text, first: int, behind: int) -> int:
    """Return where the words begin that name who wishes something: behind a mark or what joins clauses."""
    for k in range(behind - 1, first - 1, -1):
        if text.kind(k) == "mark" or text.word(k) in _JOINED:
            return k + 1
    return first
