"""Who may start and stop work: a person, asked each time, unless whoever runs this decided otherwise before.

Nothing that a model, a skill, a log or a data set says comes into it. An approval names one plan (by the hash
of its content) or one job, is written to the store by a person's act, and is used up by the call it is for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

from skillbank.environment import APPROVE
from skillbank.errors import NotApprovedError, UsageError, did_you_mean
from skillbank.jobs.approval_subjects import approve_argument, read_plan_subject
from skillbank.lazy_imports import lazy_imports
from skillbank.team.acting import may
from skillbank.team.rights import Right

with lazy_imports():
    from skillbank.agent import catalogue

if TYPE_CHECKING:
    from skillbank.jobs.data_digest import SeenData

__all__ = [
    "Approval",
    "ApprovalPolicy",
    "Decision",
    "NeedsApprovalError",
    "approve_command",
    "for_the_person",
]

Decision = Literal["always", "ask", "never"]
DECISIONS: tuple[Decision, ...] = ("always", "ask", "never")


@dataclass(frozen=True)
class Approval:
    """What a person is asked.

    Attributes
    ----------
    subject
        What exactly is approved, once: ``plan:<plan_id>``, ``cancel:<job id>``, or ``call:<tool>:<sha256 of
        the arguments>`` for tools that ask only by policy.
    question
        For the person: a sentence that says what, and lines that say how, with what and where to.
    data
        What lay there when the question was made: approved with it.
    parents
        The jobs that a launch goes on from beside those that its plan names: approved with it.
    page
        Where the question stands, so that a person can answer it there; empty where only a terminal is.
    """

    subject: str
    question: str
    data: tuple[SeenData, ...] = ()
    parents: tuple[str, ...] = ()
    page: str = ""

    @property
    def title(self) -> str:
        """The question's first line, which says what is asked about; the others say how."""
        return self.question.partition("\n")[0]


class NeedsApprovalError(NotApprovedError):
    """A person must approve this first; the call can then be repeated."""

    def __init__(self, message: str, approval: Approval) -> None:
        super().__init__(message)
        self.approval = approval


def approve_command(subject: str) -> str:
    """Return the command by which a person approves a subject in a terminal."""
    kind, _, name = subject.partition(":")
    if kind != "plan":
        return f"skillbank approve {subject}"

    return f"skillbank approve {approve_argument(*read_plan_subject(name))}"


def for_the_person(approval: Approval) -> str:
    """Return what an agent tells a person about an approval that waits: theirs to give, and where."""
    kind, _, name = approval.subject.partition(":")
    how = approve_command(approval.subject)
    if kind == "plan":
        what = f"plan {how.rpartition(' ')[2].partition(':')[0]} waits"
    elif kind == "cancel":
        what = f"stopping job {name} waits"
    else:
        what = f"a call of {name.partition(':')[0]} waits"
    if approval.page:
        return (
            f"Tell the user: {what} for the approval of a person who may give it, at {approval.page}. It "
            "needs their answer there; do not give it. Repeat this call when they say so."
        )
    if not may(Right.APPROVE):
        return (
            f"Tell the user: {what} for a person of this server who may approve, and says yes on its page "
            f"or, where it runs, with '{how}'. Repeat this call when they have."
        )
    return (
        f"Tell the user: {what} for their approval, which they give in a terminal of their own with "
        f"'{how}'. It asks them and needs their answer; do not run it. Repeat this call when they say so."
    )


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
        known = [tool.name for tool in catalogue.TOOLS]
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
