"""What other ecosystems install the bank by: made from one description, and the repository has just that."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from skillbank.bank.discovery import Bank
from skillbank.bank.home import bank_root
from skillbank.errors import SkillFormatError
from skillbank.publishing.packages import build_packages, package_problems, write_packages

BANK = """\
name: my-bank
title: My bank
description: Skills of mine.
version: 1.2.3
owner: {name: Me}
license: MIT
"""


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    shutil.copytree(
        bank_root() / "skills" / "tao-validate-dataset-format",
        tmp_path / "skills" / "tao-validate-dataset-format",
    )
    (tmp_path / "bank.yaml").write_text(BANK)
    return tmp_path


def document(root: Path, path: str) -> Any:
    return json.loads((root / path).read_text())


def test_our_own_packages_are_up_to_date() -> None:
    assert package_problems(bank_root()) == []


def test_every_skill_of_the_bank_is_in_the_marketplace_and_nothing_else() -> None:
    [plugin] = document(bank_root(), ".claude-plugin/marketplace.json")["plugins"]
    assert plugin["skills"] == [f"./skills/{s.name}" for s in Bank(bank_root()).skills]
    assert {skill.root.parent.name for skill in Bank(bank_root()).skills} == {"skills"}


def test_every_ecosystem_starts_the_same_server() -> None:
    root = bank_root()
    servers = [
        document(root, p)["mcpServers"]
        for p in (".claude-plugin/plugin.json", "mcp.json", "gemini-extension.json")
    ]
    assert servers == [{"skillbank": {"command": "skillbank", "args": ["mcp"]}}] * 3
    pointed = [
        document(root, p)["mcpServers"] for p in (".codex-plugin/plugin.json", ".cursor-plugin/plugin.json")
    ]
    assert pointed == ["./mcp.json"] * 2


def test_a_change_of_the_description_is_found_and_written_once(bank: Path) -> None:
    assert len(write_packages(bank)) == len(build_packages(bank)) and write_packages(bank) == []
    (bank / "bank.yaml").write_text(BANK.replace("1.2.3", "1.2.4"))
    stale = package_problems(bank)
    assert any(each.startswith("gemini-extension.json is not what") for each in stale)
    assert all(".claude-plugin" in str(f) or "1.2.4" in f.read_text() for f in write_packages(bank))
    assert package_problems(bank) == []


def test_a_bank_of_prose_brings_no_server(bank: Path) -> None:
    write_packages(bank)
    assert not (bank / "mcp.json").exists()
    assert "mcpServers" not in document(bank, "gemini-extension.json")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "is not a mapping"),
        ("name: My Bank", "name: "),
        (BANK + "colour: red\n", "colour: "),
        (BANK.replace("1.2.3", "one"), "version: "),
        (BANK + "groups: [{title: T, skills: [nobody]}]\n", "nobody"),
    ],
)
def test_a_wrong_description_is_one_sentence(bank: Path, said: str, told: str) -> None:
    (bank / "bank.yaml").write_text(said)
    with pytest.raises(SkillFormatError) as refused:
        build_packages(bank)
    assert told in str(refused.value) and "\n" not in str(refused.value)


def test_without_a_description_the_way_to_one_is_said(tmp_path: Path) -> None:
    with pytest.raises(SkillFormatError, match=r"bank\.yaml is missing; give it name"):
        build_packages(tmp_path)


def test_a_card_names_every_command_that_the_skill_can_start() -> None:
    for skill in Bank(bank_root()).skills:
        text = (skill.root / "skill-card.md").read_text()
        assert skill.frontmatter.description in text
        assert all(f"`{action.command}`" in text for action in skill.actions)
