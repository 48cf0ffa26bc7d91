"""One step of a request: an action asked for, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter

from skillbank.bank.skill import Skill
from skillbank.plan.reader.tokens import Claim

__all__ = ["Step", "name_all"]


@dataclass(slots=True, eq=False)
class Step:
    """One action asked for, and the claims that belong to it.

    Attributes
    ----------
    at
        Where its word stands.
    engine
        Whether it is to be done with an engine.
    asked
        Whether it is asked for in plain words, and not only named by a noun.
    group
        Steps said in one breath ("train and evaluate") have the same number.
    """

    action: str
    at: int
    engine: bool = False
    asked: bool = True
    claims: list[Claim] = field(default_factory=list)
    skill: Skill | None = None
    group: int = 0

    def of(self, kind: str) -> list[Claim]:
        """Return its claims of one kind, in the order of the text."""
        return sorted((c for c in self.claims if c.kind == kind), key=attrgetter("first"))

    @property
    def named(self) -> set[str]:
        """The skills that its names may mean."""
        return {s.qualified for c in self.of("name") for s in c.value.skills}


def name_all(steps: list[Step], skill: Skill) -> None:
    """Give every step without a skill this one."""
    for step in steps:
        step.skill = step.skill or skill
