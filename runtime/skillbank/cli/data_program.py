"""``skillbank data program ACTION -e SPEC``: what the bank's skills for data sets start as a job."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from skillbank.data_program.run import run


def program(
    action: Annotated[str, typer.Argument(metavar="check|convert|split", help="What is done.")],
    spec: Annotated[Path, typer.Option("--spec", "-e", metavar="FILE", help="The spec, as YAML.")],
) -> None:
    """Run one action of the skills for data sets by its spec, as a container of a model's skill would."""
    # A job that is canceled takes its unfinished folders with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if code := run(action, spec):
        raise typer.Exit(code)
