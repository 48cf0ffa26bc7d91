"""``skillbank doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.checkup import checkup
from skillbank.cli import drawing, options, terminal
from skillbank.cli.request_options import slot_option


def doctor(
    platform: Annotated[str | None, slot_option("platform")] = None, as_json: options.Json = False
) -> None:
    """Check what this machine can do, and say how to get what is missing."""
    checks = checkup(platform)
    if as_json:
        options.print_json({"checks": [c.document() for c in checks]})
    else:
        table = drawing.table("state", "what", "said", show_header=False)
        styles = {"ok": "green", "missing": "yellow", "failed": "red"}
        for check in checks:
            table.add_row(drawing.line(check.state, styles[check.state]), check.name, check.said)
        terminal.show(table)
    if any(c.state == "failed" for c in checks):
        raise typer.Exit(1)
