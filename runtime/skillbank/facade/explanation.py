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

    Ways out are in the words of this process, in a program those of Python. (The plan itself holds them as
    the command line says them, wherever it was made: its document is the same at every door.)

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
        return cls(
            sentence,
            f"{plan.route.name}: {_spoken(plan.route.reason)}",
            tuple(each.model_copy(update={"detail": _spoken(each.detail)}) for each in plan.overrides),
            tuple(_asked(question) for question in plan.questions),
            tuple(map(_spoken, plan.warnings)),
        )

    def __str__(self) -> str:
        values = (
            f"{each.key} = {each.value!r} ({each.source}{each.detail and f': {each.detail}'})"
            for each in self.values
        )
        questions = (
            f"question: {each.key}: {' or '.join((each.why, *each.choices))}" for each in self.questions
        )
        warnings = (f"warning: {warning}" for warning in self.warnings)
        return "\n".join((self.sentence, self.route, *values, *questions, *warnings))


def _spoken(text: str) -> str:
    return said(text, spoken())


def _asked(question: Question) -> Question:
    choices = tuple(map(_spoken, question.choices))
    return question.model_copy(update={"why": _spoken(question.why), "choices": choices})
