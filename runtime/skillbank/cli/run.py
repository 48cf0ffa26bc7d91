"""``skillbank run``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillbank.cli import options, terminal
from skillbank.cli.request_options import Asked, says_a_request

if TYPE_CHECKING:
    from skillbank.cli.approving import Approved
    from skillbank.jobs.chains import Step
    from skillbank.jobs.record import JobRecord
    from skillbank.plan.model import Plan
    from skillbank.runtime import Runtime


@says_a_request
def run(
    asked: Asked,
    checkpoint: options.Checkpoint = "auto",
    retries: Annotated[int, typer.Option("--retries", help="Further attempts after INFRA failures.")] = 2,
    on_oom: Annotated[
        str, typer.Option("--on-oom", metavar="stop|reduce-batch", help="After CUDA out of memory.")
    ] = "stop",
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="JOB", help="Go on with a job's chain; 'last' works.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve what is started.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for the end.")] = False,
    reader: options.Reader = None,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """Compile a request and run it; a chain runs one action after another."""
    from skillbank.cli.approving import approve
    from skillbank.cli.progress import transfers
    from skillbank.errors import UsageError
    from skillbank.jobs.approval_subjects import check_terms
    from skillbank.jobs.approved_parents import meant_parents
    from skillbank.jobs.chains import Step, steps
    from skillbank.jobs.record import JobState

    launch: dict[str, Any] = {"checkpoint": checkpoint, "retries": retries, "on_oom": on_oom}
    check_terms(**launch)
    with options.open_runtime(banks, reader) as runtime:
        if resume is not None:
            if asked.named:
                said = ", ".join(asked.named)
                raise UsageError(
                    f"--resume JOB goes on with what was asked then; leave out {said}, or ask anew."
                )
            notes: list[str] = []
            chain = steps(runtime.jobs.store, resume)
        else:
            requests, notes = asked.requests(runtime, elsewhere=True)
            chain = [Step(plan, None) for plan in runtime.plan(requests)]
        new = [step.plan for step in chain if step.job is None]
        _refuse_questions(new)
        if checkpoint != "auto" and not any(each.parents for each in new):
            raise UsageError(f"--checkpoint {checkpoint} chooses a parent's model, and no parent was named.")
        if detach and len(new) > 1:
            raise UsageError(
                "--detach starts one action; run a chain in the foreground, or its actions one by one."
            )
        ask_trust(runtime, new, as_json)
        with transfers(as_json) as report:
            seen = [runtime.jobs.preflight(each, new[:i], report) for i, each in enumerate(new)]
        if as_json:
            for note in notes:
                terminal.say(f"note: {note}", err=True)
        else:
            from skillbank.cli.present import plan_view

            if len(new) > 1:
                terminal.say(f"{runtime.sentence(new)}\n")
            for each, checks in zip(new, seen, strict=True):
                terminal.say(runtime.sentence([each]))
                for line in checks.data:
                    terminal.say(f"data: {line}")
                terminal.show(plan_view(each, notes, checks=checks))
                if each.route.name == "automl":
                    from skillbank.cli.searching import review_view

                    terminal.show(review_view(runtime.review(each)))
        before = {step.plan.plan_id: step.job.id for step in chain if step.job is not None}
        parents = {plan.plan_id: meant_parents(plan, before) for plan in new}
        approved = approve(runtime, new, yes, as_json, launch, parents)
        finished = _run(runtime, chain, approved, detach, as_json, launch)
        _report(runtime, finished, as_json, detach)
    if not detach and finished[-1].state is not JobState.COMPLETE:
        raise typer.Exit(1)


def _run(
    runtime: Runtime,
    chain: list[Step],
    approved: dict[str, Approved],
    detach: bool,
    as_json: bool,
    launch: dict[str, Any],
) -> list[JobRecord]:
    """Run the steps one after another up to the first that fails; return the last attempt at each.

    ``approved`` is what was approved of each plan; what nothing was started with goes back to where approvals
    wait.
    """
    records: dict[str, JobRecord] = {}
    try:
        _run_steps(runtime, chain, approved, detach, as_json, launch, records)
    finally:
        for plan_id, each in approved.items():
            if plan_id not in records:
                each.back(runtime)
    return list(records.values())


def _run_steps(
    runtime: Runtime,
    chain: list[Step],
    approved: dict[str, Approved],
    detach: bool,
    as_json: bool,
    launch: dict[str, Any],
    records: dict[str, JobRecord],
) -> None:
    """Run the steps; ``records`` takes the last attempt at each that was started."""
    from skillbank.cli.progress import supervise, transfers
    from skillbank.jobs.record import JobState

    ids = [step.plan.plan_id for step in chain] if len(chain) > 1 else []
    if ids:
        for step in chain:
            runtime.keep(step.plan)
    for step in chain:
        record = step.job
        if record is None:
            each = approved[step.plan.plan_id]
            parents = [records[ref.plan].id for ref in step.plan.parents if ref.plan in records]
            with transfers(as_json) as report:
                record = runtime.launch(
                    step.plan,
                    parents=parents,
                    chain=ids,
                    data=each.data,
                    approval=each.given,
                    report=report,
                    **launch,
                )
            records[step.plan.plan_id] = record
        if detach:
            record = runtime.jobs.look(record.id)
        elif record.settled is None:
            try:
                if record.searches:
                    from skillbank.cli.searching import conduct

                    record = conduct(runtime, record, quiet=as_json)
                if not record.searches or (record.results_uri and record.state.terminal):
                    record = supervise(runtime, record, quiet=as_json)
            except KeyboardInterrupt:
                # The job goes on without this command, and so must what follows its end.
                runtime.jobs.look(record.id)
                terminal.say(err=True)
                terminal.say(f"{record.id} goes on; 'skillbank cancel {record.id}' stops it", err=True)
                raise
        records[step.plan.plan_id] = record
        if not detach and record.state is not JobState.COMPLETE:
            break


def _refuse_questions(plans: list[Plan]) -> None:
    from skillbank.errors import QuestionsError
    from skillbank.plan.open_points import open_points

    questions = [question for plan in plans for question in plan.questions]
    if questions:
        raise QuestionsError(f"The plan has open questions. {open_points(questions).marked}")


def ask_trust(runtime: Runtime, plans: list[Plan], as_json: bool) -> None:
    """Let nothing of a bank that nobody trusts run, and look for nothing that it names, before somebody does.

    Raises
    ------
    TrustError
        Where nobody can be asked, or the answer is no.
    """
    from skillbank.cli.trust import ask_for

    ask_for(runtime, [runtime.bank_of(runtime.skill_of(plan)) for plan in plans], as_json)
    runtime.refuse_at_gate(plans)


def _report(runtime: Runtime, records: list[JobRecord], as_json: bool, detach: bool) -> None:
    from skillbank.cli.present import comparison_view, record_document, results_view
    from skillbank.jobs.comparing import compared

    measured = compared(runtime.jobs, records) if len(records) > 1 else []
    if as_json:
        documents = [record_document(runtime, r) for r in records]
        both = {"comparison": [each.document() for each in measured]} if measured else {}
        options.print_json(documents[0] if len(documents) == 1 else {"jobs": documents, **both})
        return
    for record in records:
        if detach:
            terminal.say(f"started {record.id}; 'skillbank status {record.id} --watch' follows it")
        else:
            terminal.show(results_view(record, runtime.jobs.results(record.id)))
    if measured:
        terminal.show(comparison_view(measured))
