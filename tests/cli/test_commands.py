"""Commands that are imported when they are taken: told of without that, and themselves once it is done."""

from __future__ import annotations

import pytest
import typer
from typer.core import TyperGroup

from skillbank.cli import app
from skillbank.cli.later import Later
from tests.cli.tree import whole
from tests.test_public import modules_after

PROGRAM = typer.main.get_command(app)
assert isinstance(PROGRAM, TyperGroup)
LATER = [each for each in PROGRAM.commands.values() if isinstance(each, Later)]


def test_the_help_of_all_imports_none_of_them() -> None:
    loaded = modules_after("import sys; sys.argv[1:] = ['--help']\nfrom skillbank.cli import main\n"
                           "try: main()\nexcept SystemExit: pass")  # fmt: skip
    assert {each for each in loaded if each.startswith("skillbank.cli.")} == {
        "skillbank.cli.later", "skillbank.cli.once", "skillbank.cli.terminal",
    }  # fmt: skip


@pytest.mark.parametrize("command", LATER, ids=lambda each: each.name)
def test_a_command_is_told_of_in_its_own_words(command: Later) -> None:
    real = whole().commands[command.name or ""]
    assert real.name == command.name and real.hidden == command.hidden
    assert real.get_short_help_str(60) == command.get_short_help_str(60) != ""


def test_all_are_there() -> None:
    assert len(LATER) == len(whole().commands) > 30
    assert all(each.params or isinstance(each, TyperGroup) for each in whole().commands.values())
