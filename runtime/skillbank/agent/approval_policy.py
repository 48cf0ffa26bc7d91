"""What whoever runs a door has decided about approvals beforehand, by tool."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from skillbank.agent.catalogue import TOOLS
from skillbank.environment import APPROVE
from skillbank.errors import UsageError, did_you_mean

__all__ = ["ApprovalPolicy", "Decision"]

Decision = Literal["always", "ask", "never"]
DECISIONS: tuple[Decision, ...] = ("always", "ask", "never")


@dataclass(frozen=True)
class ApprovalPolicy:
    """What is decided beforehand, by tool.

    ``always`` approves every call, ``ask`` needs a person's for each one, ``never`` refuses them all.
    A tool that is not named does as its definition says: ``launch`` and ``cancel_job`` ask.

    Raises
    ------
    UsageError
        When a decision, or a tool's name, is not known.
    """

    decisions: Mapping[str, Decision] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = [tool.name for tool in TOOLS]
        for name, decision in self.decisions.items():
            if name not in known:
                raise UsageError(f"There is no tool '{name}' to approve{did_you_mean(name, known)}.")
            if decision not in DECISIONS:
                raise UsageError(
                    f"'{decision}' is no decision about {name}; it is one of always, ask, never."
                )

    @classmethod
    def parse(cls, text: str) -> ApprovalPolicy:
        """Read ``launch=always, cancel_job=never``."""
        entries = [entry.partition("=") for entry in re.split(r"[,\s]+", text.strip()) if entry]
        if wrong := next(("".join(e) for e in entries if not e[1]), None):
            raise UsageError(f"'{wrong}' must be TOOL=always, TOOL=ask or TOOL=never.")
        return cls({name: cast(Decision, decision.lower()) for name, _, decision in entries})

    @classmethod
    def from_environment(cls) -> ApprovalPolicy:
        """Read the variable SKILLBANK_APPROVE; unset, every tool does as its definition says."""
        try:
            return cls.parse(APPROVE.value or "")
        except UsageError as error:
            raise UsageError(f"{APPROVE}: {error.sentence.marked}") from None

    def decide(self, tool: str, approval: bool, code: bool = False) -> Decision:
        """Return what holds for a tool whose definition says whether it asks.

        Where an approval code is set, nothing is approved beforehand for one that does.
        """
        decision = self.decisions.get(tool, "ask" if approval else "always")
        return "ask" if code and approval and decision == "always" else decision
