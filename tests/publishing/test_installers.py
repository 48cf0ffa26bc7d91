"""The real installers of other ecosystems take the bank, and what they start answers with its tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from skillbank.bank.discovery import Bank
from skillbank.bank.home import bank_root
from skillbank.publishing.packages import build_packages
from tests.clients.conftest import programs
from tests.clients.installation import Programs

__all__ = ["programs"]

pytestmark = pytest.mark.slow
SKILLS = {skill.name for skill in Bank(bank_root()).skills}


@dataclass(frozen=True)
class Newcomer:
    """Somebody with an empty home, the command skillbank on the path, and the bank's repository beside it."""

    repository: Path
    home: Path

    def run(self, command: list[str], answer: str = "") -> str:
        """Return what a command says; it must succeed."""
        place = Path(sys.executable).parent
        environment = {
            "PATH": os.pathsep.join([str(place), os.environ["PATH"]]),
            "HOME": str(self.home),
            "SKILLBANK_HOME": str(self.home / "skillbank"),
            "CI": "1",
            "NO_COLOR": "1",
        }
        done = subprocess.run(
            command,
            cwd=self.home,
            env=environment,
            input=answer,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    """Somebody who has cloned what is published: packages and skills."""
    repository = tmp_path / "repository"
    repository.mkdir()
    for path in {Path(name).parts[0] for name in build_packages(bank_root())}:
        source = bank_root() / path
        if source.is_dir():
            shutil.copytree(source, repository / path)
        else:
            shutil.copy(source, repository / path)
    home = tmp_path / "home"
    home.mkdir()
    return Newcomer(repository, home)


def test_claude_code_installs_the_plugin_and_its_server_answers(
    programs: Programs, newcomer: Newcomer
) -> None:
    claude = programs.binary("@anthropic-ai/claude-code-linux-x64/claude")
    assert "Validation passed" in newcomer.run([*claude, "plugin", "validate", str(newcomer.repository)])
    newcomer.run([*claude, "plugin", "marketplace", "add", str(newcomer.repository)])
    newcomer.run([*claude, "plugin", "install", "skillbank@skillbank"])
    assert "skillbank@skillbank" in newcomer.run([*claude, "plugin", "list"])
    [server] = [
        line for line in newcomer.run([*claude, "mcp", "list"]).splitlines() if "skillbank mcp" in line
    ]
    assert "Connected" in server


def test_codex_installs_the_plugin_with_its_server(programs: Programs, newcomer: Newcomer) -> None:
    codex = programs.binary("@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex")
    newcomer.run([*codex, "plugin", "marketplace", "add", str(newcomer.repository)])
    newcomer.run([*codex, "plugin", "add", "skillbank@skillbank"])
    assert "installed, enabled" in newcomer.run([*codex, "plugin", "list"])
    servers = newcomer.run([*codex, "mcp", "list"])
    assert [line.split()[:3] for line in servers.splitlines() if line.startswith("skillbank")] == [
        ["skillbank", "skillbank", "mcp"]
    ]


def test_gemini_cli_installs_the_extension_with_all_skills(programs: Programs, newcomer: Newcomer) -> None:
    gemini = programs.script("gemini")
    newcomer.run([*gemini, "extensions", "install", str(newcomer.repository), "--consent"], answer="y\ny\n")
    listed = newcomer.run([*gemini, "extensions", "list"])
    assert "MCP servers" in listed and all(f"{name}:" in listed for name in SKILLS)


def test_npx_skills_adds_all_skills(programs: Programs, newcomer: Newcomer) -> None:
    add = [*programs.script("skills"), "add", str(newcomer.repository)]
    newcomer.run([*add, "-y", "-a", "claude-code"])
    there = newcomer.home / ".claude" / "skills"
    assert {folder.name for folder in there.iterdir()} == SKILLS
    kept = {p.relative_to(there / name) for name in SKILLS for p in (there / name).rglob("*.md")}
    assert Path("SKILL.md") in kept and Path("skill-card.md") in kept
