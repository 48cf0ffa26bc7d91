"""Banks from outside that nobody has trusted, in a home of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

MakeSkill = Callable[..., Path]

INFO = """
network_arch: toy
container_image: example.com/toy:1
required_credentials: [TOY_TOKEN]
schema_source: toy schema
settle: {{train: toy settle}}
actions:
  train: {{command: "{command}"}}
spec_params:
  train: {{model.weights: {{link: "https://example.com/weights.pth"}}}}
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusting: None) -> Path:
    """An empty home in which nothing is trusted beforehand."""
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SKILLBANK_TRUST")
    monkeypatch.setenv("ODD_TOKEN", "what-the-hostile-bank-needs")
    return tmp_path / "home"


@pytest.fixture
def make_skill() -> MakeSkill:
    """Write a skill into a bank's folder and return its folder."""

    def make(bank: Path, name: str = "toy", command: str = "toy train -e {config_path}") -> Path:
        skill = bank / "skills" / name
        (skill / "references").mkdir(parents=True)
        (skill / "SKILL.md").write_text(f"---\nname: {name}\ndescription: A toy.\n---\n# Toy\n")
        (skill / "references" / "skill_info.yaml").write_text(INFO.format(command=command))
        (skill / "references" / "spec_template_train.yaml").write_text("train: {num_epochs: 1}\n")
        return skill

    return make


@pytest.fixture
def bank(tmp_path: Path, make_skill: MakeSkill) -> Path:
    """The folder of a bank with one skill."""
    make_skill(tmp_path / "bank")
    return tmp_path / "bank"
