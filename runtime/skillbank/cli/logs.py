"""``skillbank logs JOB``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options, terminal


def logs(
    job: options.JobId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job ends.")] = False,
    as_json: options.Json = False,
) -> None:
    """Print what a job's program has printed."""
    with options.open_runtime(None) as runtime:
        pieces = runtime.jobs.logs(job, follow=follow)
        if as_json:
            options.print_json({"job": runtime.jobs.store.get(job).id, "log": "".join(pieces)})
            return
        terminal.follow(pieces)
