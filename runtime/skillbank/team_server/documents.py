"""The documents of what a team's server answers beside the page's and the tools'."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["AnswerQuestion", "MeDocument", "PlanDocument", "QuestionDocument", "QuestionsDocument"]


class _Answer(BaseModel):
    def document(self) -> dict[str, object]:
        """Return it as JSON."""
        return self.model_dump(mode="json")


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MeDocument(_Answer):
    """``GET /api/me``: who one is here; ``signs_in`` says whether the page knows people by tokens."""

    name: str
    project: str
    rights: list[str]
    agent: bool
    signs_in: bool


class PlanDocument(_Answer):
    """``GET /api/plans/{plan_id}``: a plan as it is kept, and its sentence."""

    plan_id: str
    sentence: str
    plan: dict[str, object]


class QuestionDocument(_Answer):
    """A question that waits for a person; ``question`` is to be shown whole."""

    number: int
    subject: str
    question: str
    project: str
    asked_by: str
    asked: datetime


class QuestionsDocument(_Answer):
    """``GET /api/questions``, the newest first; ``asks_code`` says that an approval needs its code."""

    questions: list[QuestionDocument]
    asks_code: bool


class AnswerQuestion(_Request):
    """``POST /api/questions/{number}``: a person's answer to the question as it stands.

    ``question`` is the text that the person saw, so that no other one is answered.
    """

    approve: bool
    question: str = Field(max_length=200_000)
    code: str | None = Field(None, max_length=200)
