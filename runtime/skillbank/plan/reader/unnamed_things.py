"""Verbs of finding that name no thing, or of a model that finds all it has learned."""

from __future__ import annotations

from collections.abc import Sequence

from skillbank.bank.skill import Skill
from skillbank.plan.reader.finding import FINDERS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrase
from skillbank.plan.reader.skill_meant import gives_masks
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.slot_keys import key_of
from skillbank.plan.slots import slot

__all__ = ["mark_unnamed", "take_segmented"]

_ANYTHING = frozenset({"objects", "items", "things"})


def take_segmented(text: Text, steps: Sequence[Step]) -> list[str]:
    """Account for what a model that knows its own classes is to segment; return a sentence for each.

    "Segment the slides in X" of such a model gives masks of all that it has learned; "only" asks for less.
    """
    notes: list[str] = []
    skills = [s.skill for s in steps if s.action == "inference" and s.skill is not None]
    if not skills or any(not gives_masks(s) or _is_told_what(s) for s in skills):
        return notes
    for claim in text.ledger.of("find"):
        verb = text.within(claim.first, "actions.words.segment")
        if claim.value and verb and not text.holds(claim.tokens, "grammar.operator.only"):
            text.ledger.replace(claim, "find", [])
            said = " and ".join(f"'{each}'" for each in claim.value)
            notes.append(f"{said} chooses nothing: the model finds all the classes that it has learned")
    return notes


def mark_unnamed(text: Text, steps: Sequence[Step]) -> None:
    """Leave "find things in X" unread where a model finds what is said to it, and nothing says what.

    So are a verb of another task ("classify X") and words that read as what something is for.
    """
    for match in text.phrases("unnamed.people_too") if text.ledger.of("find") else ():
        text.ledger.mark("unread", match.tokens("what"))  # no subject of anything, but things to find
    told = any(s.skill is not None and _is_told_what(s.skill) for s in steps if s.action == "inference")
    if not told or any(claim.value for claim in text.ledger.of("find", "captions")):
        return
    _leave_all(text)


def _leave_all(text: Text) -> None:
    """Leave unread what is to be found, sorted or looked for without a name."""
    for claim in text.ledger.of("find"):
        _leave_object(text, claim)
    for claim in text.ledger.of("action"):
        if text.within(claim.first, "actions.words.sort"):
            text.ledger.mark("unread", claim.tokens)
    for match in text.unread().phrases("unnamed.looked_for"):
        if text.kind(match.end) in ("", "mark") or text.word(match.end) in ("with", "in", "on"):
            text.ledger.mark("unread", match.tokens("what"))


def _leave_object(text: Text, claim: Claim) -> None:
    """Leave unread what a verb of finding without a thing has behind it: "find labels", "find two cards"."""
    finds, behind = text.word(claim.first) in FINDERS, claim.last + 1
    unnamed = text.unread().match(phrase("unnamed.anything" if finds else "unnamed.things"), behind)
    text.ledger.mark("unread", unnamed.tokens("what") if unnamed is not None else ())
    text.ledger.mark("unread", [i for i in claim.tokens if text.word(i) in _ANYTHING])
    text.ledger.mark("unread", [behind] if finds and text.owner(behind) == "value" else ())


def _is_told_what(skill: Skill) -> bool:
    """Whether what a skill is to find is said to it."""
    return any(key_of(skill, each, slot("captions")) is not None for each in skill.actions)
