"""``skillbank status JOB``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.cli.present import record_document, status_view
from skillbank.cli.progress import watch as follow
from skillbank.jobs.record import JobState
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.cli import going_on, searching


def status(
    job: options.JobId,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow it until it ends.")] = False,
    as_json: options.Json = False,
) -> None:
    """Say how a job is: its state, how far it is, and what went wrong if it failed."""
    with options.open_runtime(None) as runtime:
        record = runtime.jobs.look(job)
        if watch and record.searches and not as_json:
            record = searching.look_on(runtime, record)
        elif watch:
            record = follow(runtime, record, quiet=as_json)
        if as_json:
            options.print_json(record_document(runtime, record))
        else:
            jobs = runtime.jobs

            way = going_on.way_on(runtime, record)
            terminal.show(status_view(record, jobs.progress(record.id), jobs.wait_of(record), way))
            if record.searches:
                terminal.show(searching.experiment_view(runtime, record))
    if record.state in (JobState.ERROR, JobState.CANCELED):
        raise typer.Exit(1)
