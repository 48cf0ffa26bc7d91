"""What documents tell people to type exists: commands, their options, files that are linked."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillbank.environment import VARIABLES, table
from tests.cli.tree import whole

REPO = Path(__file__).parents[1]
DOCUMENTS = (
    *(REPO / name for name in ("README.md", "AGENTS.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *sorted((REPO / "references").glob("*.md")),
    *sorted((REPO / "docs").rglob("*.md")),
)
PROGRAM: Any = whole()
_BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)`(skillbank [^`]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def commands(text: str) -> Iterator[str]:
    """Commands of skillbank in blocks and in sentences."""
    for block in _BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"(?:^|;|&&|\s{4,})\s*(?=skillbank )", line):
                if part.startswith("skillbank "):
                    yield part
    yield from (found.replace("\n", " ") for found in _CODE.findall(text))


def faults(command: str) -> list[str]:
    """Options of a command that it does not have."""
    try:
        words = shlex.split(command, comments=True)[1:]
    except ValueError:
        return [f"{command}: cannot be split into words"]
    here = PROGRAM
    while words and words[0] in getattr(here, "commands", ()):
        here, words = here.commands[words[0]], words[1:]
    # A group that is called without a command of it takes the options of its default.
    meant = [here, *getattr(here, "commands", {}).values()]
    known = {name for one in meant for each in one.params for name in (*each.opts, *each.secondary_opts)}
    known |= {"-h", "--help"}
    words = words[: words.index("--")] if "--" in words else words
    given = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return [f"{command}: {name}" for name in given if name not in known]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_options_that_are_told_exist(document: Path) -> None:
    found = list(commands(document.read_text(encoding="utf-8")))
    assert [fault for each in found for fault in faults(each)] == []


def test_the_readme_tells_commands() -> None:
    told = list(commands((REPO / "README.md").read_text(encoding="utf-8")))
    assert len(told) > 30
    assert faults("skillbank label photos --in-to signs") == ["skillbank label photos --in-to signs: --in-to"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_linked_are_there(document: Path) -> None:
    links = _LINK.findall(document.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_the_settings_are_all_variables_that_are_read() -> None:
    named, readers = set(), []
    for file in (REPO / "runtime" / "skillbank").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        named |= set(re.findall(r"SKILLBANK_[A-Z_]*[A-Z]", text))
        # The keeper writes the variables of the program that it becomes; the audit looks for such words.
        if re.search(r"\bos\.(?:environ|getenv)\b", text) and file.parent.name != "audit":
            readers.append(file.name)
    assert {each.name for each in VARIABLES} == named
    assert sorted(readers) == ["environment.py", "keeper.py"]
    assert table() in (REPO / "references" / "settings.md").read_text(encoding="utf-8")


def test_the_settings_have_all_extras() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (REPO / "references" / "settings.md").read_text(encoding="utf-8")
    rows = text.partition("## Extras")[2].partition("## ")[0].splitlines()
    told = {
        name for row in rows if row.startswith("| `") for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert told == set(project["optional-dependencies"])
