"""``skillbank label-program -e SPEC``: what the bank's skill for label sets starts as a job."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer


def program(
    spec: Annotated[Path, typer.Option("--spec", "-e", metavar="FILE", help="The spec, as YAML.")],
) -> None:
    """Label pictures by a spec, as a container of a model's skill would."""
    from skillbank.label_program.run import run

    # A job that is canceled ends its engine too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if code := run(spec):
        raise typer.Exit(code)
