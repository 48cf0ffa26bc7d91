"""Small banks for tests of names: one skill with actions, each in a bank of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ACTIONS = {
    "train": {"command": "toy train -e {config_path}"},
    "inference": {"command": "toy inference -e {config_path}"},
}


def make_skill(
    bank: Path,
    name: str,
    *,
    aliases: Sequence[object] = (),
    arch: str = "",
    description: str = "A toy.",
    body: str = "A skill.",
    folder: str = "",
    **info: Any,
) -> Path:
    """Write a skill that can be trained into a bank's ``skills/``; return its folder."""
    root = bank / "skills" / (folder or name)
    (root / "references").mkdir(parents=True)
    head = yaml.safe_dump({"name": name, "description": description}, allow_unicode=True)
    (root / "SKILL.md").write_text(f"---\n{head}---\n{body}\n")
    document = {
        "network_arch": arch or name.replace("-", "_"),
        "aliases": list(aliases),
        "container_image": "toys/toy:1",
        "actions": ACTIONS,
        **info,
    }
    (root / "references" / "skill_info.yaml").write_text(yaml.safe_dump(document, allow_unicode=True))
    return bank
