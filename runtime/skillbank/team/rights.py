"""What a person of a team may do."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Right"]


class Right(StrEnum):
    """One thing that a person may do; none holds another one.

    ``look`` is at lists, states, logs, results, pictures and labels; ``plan`` makes plans; ``label`` changes
    label sets; ``launch`` starts jobs and stops those of the own project; ``approve`` says yes to what
    starts, spends or destroys; ``administer`` is tokens, the audit log, trust, cleaning and every project.
    """

    LOOK = "look"
    PLAN = "plan"
    LABEL = "label"
    LAUNCH = "launch"
    APPROVE = "approve"
    ADMINISTER = "administer"
