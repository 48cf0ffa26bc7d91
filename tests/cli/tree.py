"""All commands as they are, each imported: what tests walk."""

from __future__ import annotations

from functools import cache

import typer
from typer.core import TyperGroup

from skillbank.cli import app
from skillbank.cli.later import Later

__all__ = ["whole"]


@cache
def whole() -> TyperGroup:
    """Return the command line with the commands themselves in place of their names."""
    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)
    return _real(program)


def _real(group: TyperGroup) -> TyperGroup:
    for name, command in group.commands.items():
        known = command.real() if isinstance(command, Later) else command
        group.commands[name] = _real(known) if isinstance(known, TyperGroup) else known
    return group
