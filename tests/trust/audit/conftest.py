"""Skills that these tests write, and their audit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skillbank.trust.audit.finding import Finding
from skillbank.trust.audit.report import Report, audit

HEAD = "---\nname: {name}\ndescription: Finds tables in pictures.\n---\n# Tables\n\n{body}\n"
INFO = """\
type: model
network_arch: tables
container_image: nvcr.io/acme/tables@sha256:{digest}
actions:
  train:
    command: tables train -e {{config_path}}
"""


class Writer:
    """Writes a skill into a bank."""

    def __init__(self, bank: Path) -> None:
        self.bank = bank

    def skill(
        self,
        body: str = "",
        *,
        name: str = "acme-tables",
        info: str | None = None,
        files: dict[str, str | bytes] | None = None,
    ) -> Path:
        root = self.bank / "skills" / name
        (root / "references").mkdir(parents=True, exist_ok=True)
        (root / "SKILL.md").write_text(HEAD.format(name=name, body=body), encoding="utf-8")
        document = INFO.format(digest="0" * 64) if info is None else info
        (root / "references" / "skill_info.yaml").write_text(document, encoding="utf-8")
        for path, content in (files or {}).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content.encode() if isinstance(content, str) else content)
        return root

    def command(self, command: str) -> Path:
        """Write a skill whose training starts a command."""
        body = "\n".join(f"      {line}" for line in command.split("\n"))
        return self.skill(info=f"network_arch: tables\nactions:\n  train:\n    command: |-\n{body}\n")

    def audit(self, *, osv: str | None = None) -> Report:
        return audit(str(self.bank), osv=osv)


@pytest.fixture
def bank(tmp_path: Path) -> Writer:
    return Writer(tmp_path / "bank")


@pytest.fixture
def high(bank: Writer) -> Callable[[], list[Finding]]:
    return lambda: bank.audit().at_least("HIGH")
