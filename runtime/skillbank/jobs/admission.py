"""What the gate gives for a launch: the right to start, and what is kept of the skill."""

from __future__ import annotations

from typing import NamedTuple

from skillbank.jobs.skill_facts import SkillFacts
from skillbank.trust.gate import Pass

__all__ = ["Admitted"]


class Admitted(NamedTuple):
    """A plan that may start; ``facts`` is None where nothing of the skill is to be kept."""

    given: Pass
    facts: SkillFacts | None = None
