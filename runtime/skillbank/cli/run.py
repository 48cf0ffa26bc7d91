"""``skillbank run``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillbank.cli import options, terminal
from skillbank.cli.request_options import Asked, says_a_request

if TYPE_CHECKING:
    from skillbank.jobs.chains import Step
    from skillbank.jobs.data_digest import SeenData
    from skillbank.jobs.given import GivenApproval
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
    from skillbank.cli.progress import transfers
    from skillbank.errors import UsageError
    from skillbank.jobs.approval_subjects import check_terms
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
        approved = approve(runtime, new, yes, as_json, launch)
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

    ``approved`` is what was approved of each plan.
    """
    from skillbank.cli.progress import supervise, transfers
    from skillbank.jobs.record import JobState

    ids = [step.plan.plan_id for step in chain] if len(chain) > 1 else []
    if ids:
        for step in chain:
            runtime.keep(step.plan)
    records: dict[str, JobRecord] = {}
    for step in chain:
        record = step.job
        if record is None:
            parents = [records[ref.plan].id for ref in step.plan.parents if ref.plan in records]
            with transfers(as_json) as report:
                record = runtime.launch(
                    step.plan,
                    parents=parents,
                    chain=ids,
                    data=approved[step.plan.plan_id].data,
                    approval=approved[step.plan.plan_id].given,
                    report=report,
                    **launch,
                )
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
    return list(records.values())


def _refuse_questions(plans: list[Plan]) -> None:
    from skillbank.errors import QuestionsError

    open_points = [f"{q.key}: {q.why}" for p in plans for q in p.questions]
    if open_points:
        raise QuestionsError("The plan has open questions. " + " | ".join(open_points))


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


@dataclass(frozen=True)
class Approved:
    """What was approved of a plan: the data that lay there, and how it was approved."""

    data: tuple[SeenData, ...]
    given: GivenApproval


def approve(
    runtime: Runtime, plans: list[Plan], yes: bool, as_json: bool, launch: dict[str, Any]
) -> dict[str, Approved]:
    """Nothing starts without a yes: by option, by an approval given before, or on the terminal.

    Where an approval code is set no option is one.

    Returns
    -------
    dict
        By the plan's id.

    Raises
    ------
    NotApprovedError
        When there is no yes.
    StateError
        When data has changed since an approval was given, and nobody can be asked again.
    """
    from skillbank.cli.consent import ask, can_ask, refuse_broken
    from skillbank.cli.person import person
    from skillbank.errors import NotApprovedError
    from skillbank.jobs.approval_subjects import approve_argument, launch_terms, plan_subject
    from skillbank.jobs.seen_data import change, refuse_changed

    terms = launch_terms(**launch)
    data = {plan.plan_id: runtime.data_of(plan, plans[:n]) for n, plan in enumerate(plans)}
    questions = {plan.plan_id: runtime.question(plan, terms, data[plan.plan_id]) for plan in plans}
    guard, approvals = runtime.jobs.store.guard, runtime.jobs.store.approvals
    refuse_broken(guard)
    if yes and not guard.hard:
        return {
            name: Approved(seen, guard.give(plan_subject(name, terms), "flag", person(), seen))
            for name, seen in data.items()
        }
    asks = can_ask(guard, as_json)
    used: list[tuple[int, str]] = []
    missing: list[str] = []
    found: dict[str, Approved] = {}
    try:
        for plan in plans:
            runtime.keep(plan)
            subject, now = plan_subject(plan.plan_id, terms), data[plan.plan_id]
            number = approvals.use(subject)
            said = ""
            if number is not None:
                before, given = approvals.data(number) or (), approvals.given(number)
                assert given is not None  # without it none counts
                if not (said := change(before, now)):
                    used.append((number, subject))
                    found[plan.plan_id] = Approved(before if given.seal else now, given)
                    continue
                # What was approved is there no more, so that approval is worth nothing.
                if not asks:
                    refuse_changed(plan, before, now, "it was approved")
                said = f"Changed since it was approved: {said}\n"
            if not asks:
                missing.append(approve_argument(plan.plan_id, terms))
                continue
            answer = ask(guard, f"{said}{questions[plan.plan_id]}\nStart it?", subject, now)
            if answer is None:
                raise NotApprovedError(f"Plan {plan.plan_id[:12]} was not approved; nothing was started.")
            found[plan.plan_id] = Approved(now, answer)
        if missing:
            ways = " and ".join(f"'skillbank approve {plan}'" for plan in missing)
            named = f"plan {' or '.join(plan.partition(':')[0] for plan in missing)}"
            scripts = ", with the approval code" if guard.hard else " (--yes is for scripts, and recorded)"
            raise NotApprovedError(
                f"Nobody approved {named}; a person does that in a terminal of theirs with {ways}{scripts}."
            )
    except BaseException:
        for number, subject in used:  # a chain starts as a whole: what was approved of it stays so
            approvals.give_back(number, subject)
        raise
    return found


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
