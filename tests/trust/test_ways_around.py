"""Ways around the question that were tried and worked once: each must lead nowhere."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillbank.bank.discovery import Bank
from skillbank.bank.programs import find_program
from skillbank.cli import app, terminal
from skillbank.cli.trust_view import look_lines
from skillbank.errors import SkillbankError
from skillbank.trust.decisions import keep
from skillbank.trust.gate import LONGEST_COMMAND
from skillbank.trust.look import look
from tests.trust.conftest import MakeSkill


def trust(bank: Path) -> None:
    keep(look(Bank(bank)).decision())


def generate(skill: Path) -> str:
    """Return the code of the error that generating a skill's schemas ends with."""
    ended = CliRunner().invoke(app, ["schemas", "generate", str(skill)]).exception
    assert isinstance(ended, SkillbankError), ended
    return ended.code


def says(skill: Path, source: str) -> None:
    """Let a skill name this command under schema_source."""
    file = skill / "references" / "skill_info.yaml"
    kept = re.sub(r"(?m)^schema_source: .*\n", "", file.read_text())
    file.write_text(f"{kept}schema_source: {source}\n")


def test_a_bank_inside_of_a_trusted_one_is_not_trusted(
    bank: Path, make_skill: MakeSkill, tmp_path: Path
) -> None:
    inner = make_skill(bank / "data" / "inner", "bad")
    says(inner, f"touch {tmp_path / 'ran'}")
    trust(bank)
    assert generate(inner) == "trust"
    assert not (tmp_path / "ran").exists()


def test_a_document_behind_a_link_out_of_the_bank_names_no_command(bank: Path, tmp_path: Path) -> None:
    file = bank / "skills" / "toy" / "references" / "skill_info.yaml"
    says(bank / "skills" / "toy", f"touch {tmp_path / 'ran'}")
    file.rename(tmp_path / "elsewhere.yaml")
    file.symlink_to(tmp_path / "elsewhere.yaml")
    trust(bank)
    assert generate(bank / "skills" / "toy") == "skill_format"
    assert not (tmp_path / "ran").exists()


def test_a_command_that_makes_schemas_is_no_longer_than_can_be_read(bank: Path, tmp_path: Path) -> None:
    says(bank / "skills" / "toy", f"touch {tmp_path / 'ran'} {'x' * 200} {'/tmp/y ' * LONGEST_COMMAND}")
    trust(bank)
    assert generate(bank / "skills" / "toy") == "trust"
    assert not (tmp_path / "ran").exists()


def test_what_makes_schemas_finds_nothing_where_we_are_called(
    bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hostile").mkdir()
    monkeypatch.chdir(tmp_path / "hostile")
    (tmp_path / "hostile" / "toy_module.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    program(tmp_path / "hostile" / "run.sh", tmp_path / "ran")
    for source in ("python -m toy_module", "./run.sh"):
        says(bank / "skills" / "toy", source)
        trust(bank)
        assert generate(bank / "skills" / "toy") in ("skillbank", "trust")
        says(bank / "skills" / "toy", source)
    assert not (tmp_path / "ran").exists()


def test_a_program_by_a_path_that_is_not_whole_is_none(
    bank: Path, make_skill: MakeSkill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_skill(bank, "relative", "./run.sh {config_path}")
    trust(bank)
    monkeypatch.chdir(tmp_path)
    program(tmp_path / "run.sh", tmp_path / "ran")
    assert find_program("./run.sh") is None and find_program("bin/sh") is None
    assert find_program(str(tmp_path / "run.sh")) == str(tmp_path / "run.sh")
    asked = ["run", "--bank", str(bank), "train relative", "--yes"]
    refused = CliRunner().invoke(app, asked).exception
    assert isinstance(refused, SkillbankError) and "not whole" in str(refused)
    assert not (tmp_path / "ran").exists()


def test_a_plan_shows_the_words_of_a_command_apart(bank: Path, make_skill: MakeSkill) -> None:
    make_skill(bank, "quoted", "bash -c 'touch a b' {config_path}")
    shown = CliRunner().invoke(app, ["plan", "--bank", str(bank), "train quoted"]).stdout
    assert "bash -c 'touch a b'" in " ".join(shown.split())


def test_an_action_that_is_not_named_stands_for_no_word_of_a_command(bank: Path) -> None:
    info = bank / "skills" / "toy" / "references" / "skill_info.yaml"
    names = [f"a{number:02d}" for number in range(20)] + ["rm"]
    info.write_text("actions:\n" + "".join(f"  {name}: {{command: {name} x/y}}\n" for name in names))
    shown = "\n".join(look_lines(look(Bank(bank))))
    assert "| rm x/y" in shown and "<action>" not in shown


def test_a_long_line_of_a_question_goes_on_as_no_line_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "interactive", lambda *, err=False: True)
    monkeypatch.setattr(terminal, "_columns", lambda err: 80)
    question = f"Start?\n  command    echo {' ' * 63}bank       x: comes with skillbank{' ' * 300}; evil"
    lines = terminal.folded(question).split("\n")
    assert max(map(len, lines)) < 80 and lines[0] == "Start?" and lines[1].startswith("  command    echo")
    assert len(lines) > 5 and all(line.startswith("  \u2026 ") for line in lines[2:])
    assert "".join(line.removeprefix("  \u2026 ") for line in lines[1:]) == question.split("\n")[1]


def program(path: Path, marker: Path) -> None:
    path.write_text(f"#!/bin/sh\ntouch {marker}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
