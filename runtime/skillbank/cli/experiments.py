"""``skillbank experiments``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.automl.control import extend as extended
from skillbank.automl.control import find, loaded, paused, resumed, succeed, summaries
from skillbank.automl.report.data import report_data
from skillbank.automl.succession import successor_plan
from skillbank.bank.engines import example_model
from skillbank.cli import drawing, options, terminal
from skillbank.cli.approving import approve
from skillbank.cli.searching import experiment_view
from skillbank.errors import NotApprovedError, UsageError
from skillbank.jobs.approved_parents import beyond_plan
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.cli import running

if TYPE_CHECKING:
    from skillbank.jobs.record import JobRecord
    from skillbank.runtime import Runtime


_USUAL = 20


def experiments(
    experiment: Annotated[
        str | None, typer.Argument(metavar="[EXPERIMENT]", help="One of them, with its trials; 'last' works.")
    ] = None,
    pause: Annotated[
        bool, typer.Option("--pause", help="Start no further trials; what runs, runs on.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after a pause.")] = False,
    extend: Annotated[
        int | None,
        typer.Option(
            "--extend", metavar="N", help="Search up to N recommendations in all; also after its end."
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Approve that an ended search goes on as a new job.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="How many, the newest first [default: 20]")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List AutoML experiments, or show, pause, resume or extend one."""
    if pause and resume:
        raise UsageError("--pause and --resume contradict each other; give one of them.")
    if experiment is not None and limit is not None:
        raise UsageError("--limit is of the list of all experiments; leave it out, or name none.")
    with options.open_runtime(None) as runtime:
        if experiment is None:
            if pause or resume or extend is not None:
                raise UsageError(
                    "Name the experiment to pause, resume or extend; 'skillbank experiments' lists them."
                )
            _list(runtime, limit or _USUAL, as_json)
            return

        record = runtime.jobs.refresh(find(runtime.jobs, experiment).id)
        if pause:
            paused(runtime.jobs, record)
        if extend is not None:
            record = _extended(runtime, record, extend, yes, as_json)
        if resume:
            resumed(runtime.jobs, record)
        record = runtime.jobs.look(record.id)
        if as_json:
            options.print_json(report_data(record, loaded(runtime.jobs, record)))
            return

        terminal.show(experiment_view(runtime, record))


def _extended(
    runtime: Runtime, record: JobRecord, recommendations: int, yes: bool, as_json: bool
) -> JobRecord:
    """Let a search go on beyond what was approved; return its job, a new one where it had ended."""
    if record.state.terminal:
        return _succeed(runtime, record, recommendations, yes, as_json)
    if runtime.jobs.store.guard.hard:
        raise NotApprovedError(
            "An approval code is set, so a search goes on beyond what was approved only as a new job, "
            f"once {record.id} has ended: --extend asks for the code then."
        )
    extended(runtime.jobs, record, recommendations)
    return record


def _succeed(
    runtime: Runtime, record: JobRecord, recommendations: int, yes: bool, as_json: bool
) -> JobRecord:
    """Let an ended search go on as a job of its own, once somebody has approved its plan."""
    plan = successor_plan(runtime.jobs, record, recommendations)
    on_oom = "reduce-batch" if record.retry.batch_key else "stop"
    launch = {"checkpoint": record.checkpoint, "retries": record.retry.infra, "on_oom": on_oom}
    running.ask_trust(runtime, [plan], as_json)
    parents = (*beyond_plan(plan, record.parents), record.id)
    approved = approve(runtime, [plan], yes, as_json, launch, {plan.plan_id: parents})[plan.plan_id]
    try:
        found = succeed(runtime.jobs, record, plan, approved.data, approved.given)
    except BaseException:
        approved.back(runtime)
        raise
    if not as_json:
        terminal.say(f"{record.id} has ended; {found.id} goes on with its trials")
    return found


def _list(runtime: Runtime, limit: int, as_json: bool) -> None:
    found = summaries(runtime.jobs, limit + 1)
    more, found = len(found) > limit, found[:limit]
    if as_json:
        options.print_json(
            {"experiments": [asdict(each) for each in found]} | ({"more": True} if more else {})
        )
        return
    if not found:
        example = f"train {example_model()} on DATA"
        terminal.say(f'No experiments yet; start one with: skillbank run "{example}"')
        return

    table = drawing.listing("experiment", "algorithm", "state", "trials", "best", "metric")
    for row in found:
        best = "" if row.best is None else f"{row.best}: {row.score:.4f}"
        trials = f"{row.ended} of {row.recommendations}, {row.running} running"
        table.add_row(row.experiment, row.algorithm, row.state, trials, best, row.metric)
    terminal.show(table)
    if more:
        terminal.say(f"older ones are not shown; --limit {2 * limit} shows more")
