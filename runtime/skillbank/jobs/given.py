"""An approval as it was given: for what, how, by whom, when, and whether with the approval code."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from skillbank.jobs.data_digest import SeenData
from skillbank.plan.model import canonical_json
from skillbank.visible import one_line

__all__ = ["GivenApproval", "How"]

How: TypeAlias = Literal["terminal", "page", "elicitation", "flag", "setting", "program", "unknown"]
"""``flag`` is an option of a command (``--yes``), ``setting`` SKILLBANK_APPROVE, ``program`` a program that
uses skillbank's Python: nobody was asked there. ``unknown`` is one that an earlier version kept, which did
not say how it was given."""


class GivenApproval(BaseModel):
    """One approval; the ``seal`` is the signature of all the rest, by the key of the approval code."""

    model_config = ConfigDict(frozen=True)

    subject: str
    how: How
    by: str = ""
    at: datetime
    code: bool = False
    """Whether the approval code was asked."""
    nonce: str = ""
    """What tells it apart from every other one, so that it is worth one launch."""
    seen: tuple[SeenData, ...] = ()
    """What lay there when it was given; kept here where it is sealed."""
    parents: tuple[str, ...] = Field(default=(), exclude_if=lambda value: not value)
    """The jobs that it goes on from, see `skillbank.jobs.approved_parents`."""
    person: str = Field(default="", exclude_if=lambda value: not value)
    """Who approved, by their token, where a team works here; ``by`` is what the door says of them."""
    project: str = Field(default="", exclude_if=lambda value: not value)
    """For whose jobs alone it counts."""
    seal: str = ""

    def content(self) -> bytes:
        """Return what is sealed."""
        return canonical_json(self.model_dump(mode="json", exclude={"seal"}))

    def document(self) -> dict[str, object]:
        """Return what people and agents are told of it."""
        facts = {"how": self.how, "by": self.by, "code": self.code, "at": self.at.isoformat()}
        told = {name: value for name in ("person", "project") if (value := getattr(self, name))}
        return {**facts, **told, "said": self.said}

    @property
    def said(self) -> str:
        """The same in a few words."""
        whose = self.person or self.by
        by = f" by {one_line(whose, 60)}" if whose else ""
        return f"{self.how}{by}, {'with the approval code' if self.code else 'no code asked'}"
