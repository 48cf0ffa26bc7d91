"""Which variant of an action is meant: the one that takes an engine, or the one whose word is said."""

from __future__ import annotations

from skillbank.bank.actions import Action
from skillbank.plan.model import Question
from skillbank.plan.planner import accepted_products
from skillbank.plan.reader.key_words import stem
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.step import Step
from skillbank.ways import Sentence, option

__all__ = ["action_of", "settle_variant"]

_STEM = 6
"""Letters that all forms of a long word have: "deployment" is one of "deploy"."""


def action_of(step: Step, engine: bool) -> Action | None:
    """Return the action of a step: the variant that takes an engine where one is spoken of."""
    return next(iter(_fitting(step, engine)), None)


def settle_variant(text: Text, step: Step, engine: bool) -> tuple[Action | None, Question | None]:
    """Return the action of a step, and a question where variants fit that no word tells apart."""
    fitting = _fitting(step, engine)
    if len(fitting) < 2:
        return next(iter(fitting), None), None
    parts = [frozenset((a.variant or "").lower().split("-")) for a in fitting]
    shared = parts[0].intersection(*parts[1:])
    said = [a for a, own in zip(fitting, parts, strict=True) if _says(text, own - shared)]
    if len(said) == 1:
        return said[0], None
    choices = tuple(Sentence(f"{option('variant', a.variant)}") for a in fitting)
    named = " and ".join(str(a.variant) for a in fitting)
    why = f"{step.action} has the variants {named}; say which is meant"
    return fitting[0], Question(key="variant", why=why, choices=choices)


def _fitting(step: Step, engine: bool) -> list[Action]:
    """Return the variants that a step may mean, the plain action alone where there is one."""
    assert step.skill is not None
    named = [a for a in step.skill.actions if a.name == step.action]
    if engine:
        taking = [a for a in named if "engine" in accepted_products(a)]
        return [a for a in taking if a.variant] or (taking or named)[:1]
    return [a for a in named if a.variant is None] or named


def _says(text: Text, words: frozenset[str]) -> bool:
    """Whether a text has one of some words in any form; the word is accounted for."""
    found = False
    parts = {part for word in words if word for part in (stem(word), word[:_STEM])}
    for i, token in enumerate(text.tokens):
        if token.kind == "word" and not parts.isdisjoint((stem(token.text), token.text[:_STEM])):
            found = True
            if text.ledger.free(i):
                text.ledger.claim("described", [i])
    return found
