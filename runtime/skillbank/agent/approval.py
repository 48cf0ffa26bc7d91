"""Who may start and stop work: a person, asked each time, unless whoever runs this decided otherwise before.

Nothing that a model, a skill, a log or a data set says comes into it. An approval names one plan (by the hash
of its content) or one job, is written to the store by a person's act, and is used up by the call it is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillbank.errors import NotApprovedError
from skillbank.jobs.approval_subjects import approve_argument, read_plan_subject
from skillbank.team.acting import may
from skillbank.team.rights import Right

if TYPE_CHECKING:
    from skillbank.jobs.data_digest import SeenData

__all__ = [
    "Approval",
    "NeedsApprovalError",
    "approve_command",
    "for_the_person",
]


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
    unlike
        How it differs from what the person said, where their words are known; the question says it too.
    """

    subject: str
    question: str
    data: tuple[SeenData, ...] = ()
    parents: tuple[str, ...] = ()
    page: str = ""
    unlike: str = ""

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
