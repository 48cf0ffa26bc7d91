"""``skillbank doctor``."""

from __future__ import annotations

import typer

from skillbank.cli import options


def doctor(platform: options.PlatformName = None, as_json: options.Json = False) -> None:
    """Check what this machine can do, and say how to get what is missing."""
    from skillbank.checkup import checkup

    checks = checkup(platform)
    if as_json:
        options.print_json({"checks": [c.document() for c in checks]})
    else:
        from rich.table import Table
        from rich.text import Text

        from skillbank.cli.present import console

        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        styles = {"ok": "green", "missing": "yellow", "failed": "red"}
        for check in checks:
            table.add_row(Text(check.state, style=styles[check.state]), check.name, check.said)
        console().print(table)
    if any(c.state == "failed" for c in checks):
        raise typer.Exit(1)
