"""The commands as typer makes them of their signatures: all of them, or the one that is named."""

from __future__ import annotations

from typing import Any

from skillbank import cli


def shape(command: Any) -> tuple[Any, ...]:
    """Return what a command takes, and its own commands."""
    below = {name: shape(each) for name, each in getattr(command, "commands", {}).items()}
    taken = [(each.name, each.opts, each.required, each.nargs) for each in command.params]
    return type(command), command.help, command.hidden, taken, below


def test_a_command_that_is_made_alone_is_the_one_among_all() -> None:
    everything = cli._command([])
    assert len(everything.commands) > 30
    for name, command in everything.commands.items():
        alone = cli._command([name, "--json"])
        assert type(alone) is type(everything) and list(alone.commands) == [name]
        assert shape(alone.commands[name]) == shape(command)


def test_what_names_no_command_is_told_of_all() -> None:
    assert cli._command(["--help"]) is cli._command(["labl"]) is cli._command([])
