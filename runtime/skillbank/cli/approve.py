"""``skillbank approve PLAN``: for people, where an agent's door cannot ask; and the approval code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.agent.approval import Approval
from skillbank.agent.catalogue import TOOLS
from skillbank.agent.launching import cancel_approval, launch_approval
from skillbank.cli import options, terminal
from skillbank.cli.code_setting import remove, set_anew
from skillbank.cli.consent import ask, can_ask, refuse_broken
from skillbank.cli.person import person
from skillbank.errors import NotApprovedError, UsageError
from skillbank.jobs.approval_subjects import read_plan_subject

if TYPE_CHECKING:
    from skillbank.runtime import Runtime

_WORD = 6
"""Letters of an id that are typed to approve what it names."""


def approve(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="PLAN|cancel:JOB",
            help="A plan's id or its first letters, with what a launch asks for beyond it "
            "(PLAN:checkpoint=latest), or cancel:JOB.",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="For scripts: ask nobody, which is recorded.")
    ] = False,
    set_code: Annotated[
        bool,
        typer.Option("--set-code", help="Set or change the approval code, which every door asks for then."),
    ] = False,
    remove_code: Annotated[
        bool, typer.Option("--remove-code", help="Take the approval code away; it is asked once more.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Approve one launch of one plan, or stopping one job; the approval is used up by it.

    It asks at the terminal, and needs the approval code where one is set.
    """
    asked = [subject is not None, set_code, remove_code]
    if sum(asked) != 1 or (yes and subject is None):
        raise UsageError(
            "Name what is approved: skillbank approve PLAN; or give --set-code or --remove-code."
        )
    with options.open_runtime(None) as runtime:
        if subject is None:
            (set_anew if set_code else remove)(runtime, as_json)
        else:
            _approve(runtime, subject, yes, as_json)


def _approve(runtime: Runtime, subject: str, yes: bool, as_json: bool) -> None:
    store = runtime.jobs.store
    guard = store.guard
    approval = _approval(runtime, subject)
    project = store.project_of(approval.subject)
    refuse_broken(guard)
    if yes and not guard.hard:
        given = guard.give(
            approval.subject, "flag", person(), approval.data, parents=approval.parents, project=project
        )
    elif not (can_ask(guard) and (guard.hard or not as_json)):
        instead = (
            "the approval code is typed in a terminal, and nothing stands for it"
            if guard.hard
            else "a person approves in a terminal, and scripts with --yes, which is recorded"
        )
        raise NotApprovedError(f"Nothing was approved, since nobody could be asked: {instead}.")
    else:
        word = _word(approval.subject)
        said = ask(
            guard,
            approval.question,
            approval.subject,
            approval.data,
            parents=approval.parents,
            project=project,
            word=word,
        )
        if said is None:
            raise NotApprovedError("Nothing was approved: the answer was not a yes.")
        given = said
    store.approvals.grant(given, data=approval.data)
    name = approval.subject.removeprefix("plan:")
    if as_json:
        options.print_json({"approved": name, "question": approval.question, "approval": given.document()})
    elif given.how == "terminal":
        terminal.say(f"approved, once: {name}")
    else:
        terminal.say(f"approved, once: {approval.question}")


def _word(subject: str) -> str:
    """Return what a person types to approve a subject: some letters of what it names."""
    kind, _, name = subject.partition(":")
    return name.partition(":")[0] if kind == "call" else name[:_WORD] if kind == "plan" else name[-_WORD:]


def _approval(runtime: Runtime, subject: str) -> Approval:
    """Return what is approved by a plan's id, ``cancel:JOB``, or the subject that a tool's answer gave."""
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
