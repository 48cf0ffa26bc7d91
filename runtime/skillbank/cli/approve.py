"""``skillbank approve PLAN``: for people, where an agent's door cannot ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.cli.person import person

if TYPE_CHECKING:
    from skillbank.agent.approval import Approval
    from skillbank.runtime import Runtime


def approve(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="PLAN|cancel:JOB",
            help="A plan's id or its first letters, with what a launch asks for beyond it "
            "(PLAN:checkpoint=latest), or cancel:JOB.",
        ),
    ],
    as_json: options.Json = False,
) -> None:
    """Approve one launch of one plan, or stopping one job; the approval is used up by it."""
    with options.open_runtime(None) as runtime:
        approval = _approval(runtime, subject)
        runtime.jobs.store.approvals.grant(
            approval.subject, f"{person()}, skillbank approve", data=approval.data
        )
    if as_json:
        options.print_json(
            {"approved": approval.subject.removeprefix("plan:"), "question": approval.question}
        )
    else:
        terminal.say(f"approved, once: {approval.question}")


def _approval(runtime: Runtime, subject: str) -> Approval:
    """Return what is approved by a plan's id, ``cancel:JOB``, or the subject that a tool's answer gave."""
    from skillbank.agent.approval import Approval
    from skillbank.agent.catalogue import TOOLS
    from skillbank.agent.launching import cancel_approval, launch_approval
    from skillbank.errors import UsageError
    from skillbank.jobs.approvals import read_plan_subject

    store = runtime.jobs.store
    kind, _, rest = subject.partition(":")
    if kind == "cancel":
        return cancel_approval(store.get(rest))
    if kind == "call":
        tool, _, arguments = rest.partition(":")
        if tool not in (known.name for known in TOOLS) or not re.fullmatch("[0-9a-f]{64}", arguments):
            raise UsageError(
                f"'{subject}' is no call of a tool; copy the subject as the tool's answer gave it."
            )
        return Approval(subject, f"Call {tool} as it was asked for?")
    plan_id, terms = read_plan_subject(subject)
    plan = store.get_plan(plan_id)
    return launch_approval(runtime, plan, terms)  # what would be refused at the launch is not approved either
