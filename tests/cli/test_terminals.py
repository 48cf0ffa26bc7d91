"""Terminals of odd sizes: what is said is still shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillbank.cli import app
from tests.bank.banks import make_skill

ODD = [
    {"COLUMNS": "1", "LINES": "1"},
    {"COLUMNS": "0", "LINES": "0"},
    {"COLUMNS": "-5", "LINES": "-1"},
    {"COLUMNS": "wide", "LINES": ""},
    {"COLUMNS": "9" * 30},
    {"TERM": "dumb", "COLUMNS": "3"},
    {"TERM": "", "COLUMNS": ""},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_odd_terminals_show_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: dict[str, str]
) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    for name, value in odd.items():
        monkeypatch.setenv(name, value)
    make_skill(tmp_path, "toy-yak")
    for argv, code in (
        (["skills"], 0),
        (["show", "toy-yak"], 0),
        (["show", "toy-yak", "train"], 0),
        (["plan", "train toy-yak", "--platform", "local"], 0),
        (["jobs"], 0),
        (["--help"], 0),
    ):
        here = ["--bank", str(tmp_path)] if argv[0] in ("skills", "show", "plan") else []
        done = CliRunner().invoke(app, [*argv, *here])
        assert done.exit_code == code, (argv, done.output, done.exception)
        if here:
            assert "toy-yak" in done.output.replace("\n", "").replace(" ", ""), (argv, done.output)
