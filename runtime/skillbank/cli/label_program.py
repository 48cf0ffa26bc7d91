"""``skillbank label-program -e SPEC``: what the bank's skill for label sets starts as a job."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from skillbank.errors import UsageError
from skillbank.label_program import run as labelling
from skillbank.label_program import teach as teaching
from skillbank.visible import one_line


def program(
    spec: Annotated[Path, typer.Option("--spec", "-e", metavar="FILE", help="The spec, as YAML.")],
    action: Annotated[str, typer.Argument(metavar="[label|teach]", help="What the spec is of.")] = "label",
) -> None:
    """Label pictures by a spec, as a container of a model's skill would."""
    actions = {"label": labelling.run, "teach": teaching.run}
    if action not in actions:
        raise UsageError(f"There is no action '{one_line(action, 40)}' of labels; there are label and teach.")

    # A job that is canceled ends its engine too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if code := actions[action](spec):
        raise typer.Exit(code)
