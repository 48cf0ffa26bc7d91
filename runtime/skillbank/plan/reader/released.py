"""Released models that a text names by the id by which a skill lists them: they are weights, and no data."""

from __future__ import annotations

from dataclasses import replace

from skillbank.bank.discovery import Library
from skillbank.bank.names import shown
from skillbank.bank.skill import Skill
from skillbank.plan.reader.matching import Text
from skillbank.plan.weights import released_models
from skillbank.visible import one_line

__all__ = ["mark_foreign_models", "mark_released", "skill_of_weights"]

_AS_DATA = (None, "train_datasets", "eval_dataset", "inference_dataset")
"""What a place is for where it is read as data."""


def mark_released(text: Text, library: Library) -> None:
    """Give places that are such models the role of weights: "fine-tune MODEL on D", "run MODEL on D"."""
    released = {model for skill in library.skills for model in released_models(skill)}
    for claim in text.ledger.of("place"):
        if claim.value.role in _AS_DATA and claim.value.uri in released:
            text.ledger.replace(claim, "place", replace(claim.value, role="weights"))


def mark_foreign_models(text: Text, skills: list[Skill], library: Library) -> None:
    """Ask about such models that other skills list than those that are to run."""
    own = {model for skill in skills for model in released_models(skill)}
    others = {model for skill in library.skills for model in released_models(skill)} - own
    for claim in text.ledger.of("place"):
        if claim.value.uri in others:
            text.ledger.mark("unread", claim.tokens)


def skill_of_weights(page: Text, library: Library) -> tuple[Skill, str] | None:
    """Return the one skill that lists a released model which is named, and the sentence that says so."""
    for claim in page.ledger.of("place"):
        skills = [s for s in library.skills if claim.value.uri in released_models(s)]
        first = [s for s in skills if s.bank == skills[0].bank]
        if len(first) == 1:
            said, model = shown(library.said(first[0])), one_line(claim.value.uri)
            return first[0], f"no skill was named; '{said}' is that of the model {model}"
    return None
