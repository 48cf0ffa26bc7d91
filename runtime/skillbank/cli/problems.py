"""What a check of generated files found: told, and the exit status."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from skillbank.cli import options, terminal
from skillbank.visible import one_line

__all__ = ["tell"]

_LONGEST = 2000


def tell(problems: Sequence[str], fine: str, *, as_json: bool) -> None:
    """Tell each problem, or that all is fine; problems end the command with 1."""
    if as_json:
        options.print_json({"problems": list(problems)})
    else:
        terminal.say("\n".join(one_line(each, _LONGEST) for each in problems) or fine)
    if problems:
        raise typer.Exit(1)
