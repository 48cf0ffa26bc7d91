"""A person at the terminal approves: by a yes, by a typed word, or by the approval code where one is set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from skillbank.approval_code import WrongCodeError
from skillbank.cli import terminal
from skillbank.cli.person import person
from skillbank.errors import NotApprovedError

if TYPE_CHECKING:
    from skillbank.jobs.approval_guard import ApprovalGuard
    from skillbank.jobs.data_digest import SeenData
    from skillbank.jobs.given import GivenApproval

__all__ = ["ask", "can_ask", "refuse_broken"]

_TRIES = 3
_CODE = "Approval code (none: no): "


def refuse_broken(guard: ApprovalGuard) -> None:
    """Raise `NotApprovedError` where nothing can be approved at all, before anybody is asked."""
    if guard.broken:
        raise NotApprovedError(f"Nothing can be approved: {guard.broken}.")


def can_ask(guard: ApprovalGuard, as_json: bool = False) -> bool:
    """Say whether a person can be asked here: a code is typed at the terminal itself, whatever stdin is."""
    return terminal.reachable() if guard.hard else terminal.answering() and not as_json


def ask(
    guard: ApprovalGuard,
    question: str,
    subject: str,
    data: Sequence[SeenData] = (),
    *,
    parents: Sequence[str] = (),
    project: str | None = None,
    word: str = "",
    err: bool = False,
) -> GivenApproval | None:
    """Ask a person; None when the answer is no.

    Parameters
    ----------
    parents
        The jobs that a launch goes on from, see `skillbank.jobs.approved_parents`.
    project
        For whose jobs it counts; by default those of who approves.
    word
        What they type to say yes; by default y.

    Raises
    ------
    WrongCodeError
        After some wrong codes.
    """
    if not guard.hard:
        if not (terminal.ask_word(question, word, err=err) if word else terminal.ask(question, err=err)):
            return None
        return guard.give(subject, "terminal", person(), data, parents=parents, project=project)
    for left in reversed(range(_TRIES)):
        code = terminal.secret(question, _CODE)
        if not code:
            return None
        try:
            return guard.give(subject, "terminal", person(), data, code, parents, project)
        except WrongCodeError as error:
            if not left:
                raise
            question = str(error)
    return None
