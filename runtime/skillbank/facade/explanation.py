"""A plan explained: what it does, where each value came from, and what is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillbank.plan.model import Override, Question
from skillbank.ways import said, spoken

if TYPE_CHECKING:
    from skillbank.plan.model import Plan

__all__ = ["Explanation"]


@dataclass(frozen=True)
class Explanation:
    """What a plan does and why; as text it has a line for each thing.

    Attributes
    ----------
    sentence
        The plan read back; reading it gives the same plan.
    route
        Whether it is searched or run as it is, and why.
    values
        What differs from the skill's template, each with its source.
    questions
        What must be answered before it can be launched.
    warnings
        What a person should know before it is.
    """

    sentence: str
    route: str
    values: tuple[Override, ...] = ()
    questions: tuple[Question, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, plan: Plan, sentence: str) -> Explanation:
        """Explain a plan."""
        route = f"{plan.route.name}: {said(plan.route.reason, spoken())}"
        return cls(sentence, route, plan.overrides, plan.questions, plan.warnings)

    def __str__(self) -> str:
        values = (
            f"{each.key} = {each.value!r} ({each.source}{each.detail and f': {said(each.detail, spoken())}'})"
            for each in self.values
        )
        questions = (
            f"question: {each.key}: "
            + " or ".join(said(text, spoken()) for text in (each.why, *each.choices))
            for each in self.questions
        )
        warnings = (f"warning: {said(warning, spoken())}" for warning in self.warnings)
        return "\n".join((self.sentence, self.route, *values, *questions, *warnings))
