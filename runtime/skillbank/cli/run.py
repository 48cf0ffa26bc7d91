"""``skillbank run``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import options
from skillbank.cli.request_options import Asked, says_a_request
from skillbank.jobs.approval_subjects import check_terms
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.cli import running  # opens the store of jobs, which --help does not need

if TYPE_CHECKING:
    from skillbank.cli.running import Terms

__all__ = ["run"]


@says_a_request
def run(
    asked: Asked,
    checkpoint: options.Checkpoint = None,
    retries: Annotated[
        int | None,
        typer.Option("--retries", help="Further attempts after INFRA failures.", show_default="2"),
    ] = None,
    on_oom: Annotated[
        str | None,
        typer.Option(
            "--on-oom",
            metavar="stop|reduce-batch",
            help="After CUDA out of memory.",
            show_default="stop",
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="JOB",
            help="Go on with a job that broke off, a training from its last checkpoint, and with the rest "
            "of its chain; 'last' works.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve what is started.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for the end.")] = False,
    reader: options.Reader = None,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """Compile a request and run it; a chain runs one action after another."""
    said: Terms = {}
    if checkpoint is not None:
        said["checkpoint"] = checkpoint
    if retries is not None:
        said["retries"] = retries
    if on_oom is not None:
        said["on_oom"] = on_oom
    check_terms(**said)
    with options.open_runtime(banks, reader) as runtime:
        complete = running.run_request(
            runtime, asked, said, resume=resume, yes=yes, detach=detach, as_json=as_json
        )
    if not complete:
        raise typer.Exit(1)
