"""``skillbank experiments``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from skillbank.cli import options


def experiments(
    experiment: Annotated[
        str | None, typer.Argument(metavar="[EXPERIMENT]", help="One of them, with its trials; 'last' works.")
    ] = None,
    pause: Annotated[
        bool, typer.Option("--pause", help="Start no further trials; what runs, runs on.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after a pause.")] = False,
    extend: Annotated[
        int | None, typer.Option("--extend", metavar="N", help="Search up to N recommendations in all.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many, the newest first.")] = 20,
    as_json: options.Json = False,
) -> None:
    """List AutoML experiments, or show, pause, resume or extend one."""
    from skillbank.errors import UsageError

    with options.open_runtime(None) as runtime:
        if experiment is None:
            if pause or resume or extend is not None:
                raise UsageError(
                    "Name the experiment to pause, resume or extend; 'skillbank experiments' lists them."
                )
            _list(runtime, limit, as_json)
            return
        from skillbank.automl.control import extend as extended
        from skillbank.automl.control import find, paused, resumed

        record = find(runtime.jobs, experiment)
        if pause:
            paused(runtime.jobs, record)
        if extend is not None:
            extended(runtime.jobs, record, extend)
        if resume:
            resumed(runtime.jobs, record)
        record = runtime.jobs.look(record.id)
        if as_json:
            from skillbank.automl.report.data import report_data
            from skillbank.cli.searching import load

            options.print_json(report_data(record, load(runtime, record)))
            return
        from skillbank.cli.present import console
        from skillbank.cli.searching import experiment_view

        console().print(experiment_view(runtime, record))


def _list(runtime: Any, limit: int, as_json: bool) -> None:
    from skillbank.automl.control import summaries

    found = summaries(runtime.jobs, limit)
    if as_json:
        options.print_json({"experiments": found})
        return
    if not found:
        print('No experiments yet; start one with: skillbank run "train Grounding DINO on DATA"')
        return
    from rich.table import Table

    from skillbank.cli.present import console

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("experiment", "algorithm", "state", "trials", "best", "metric"):
        table.add_column(name, overflow="fold")
    for row in found:
        best = "" if row["best"] is None else f"{row['best']}: {row['score']:.4f}"
        trials = f"{row['ended']} of {row['recommendations']}, {row['running']} running"
        table.add_row(row["experiment"], row["algorithm"], row["state"], trials, best, row["metric"])
    console().print(table)
