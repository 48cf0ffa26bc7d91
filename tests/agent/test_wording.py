"""No sentence that a tool may answer with speaks of options and commands that a model does not have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import skillbank
from skillbank.agent.wording import in_tool_words, shorten

SOURCES = Path(skillbank.__file__).parent
PEOPLE = (
    *("skillbank doctor", "skillbank schemas", "skillbank manifest", "skillbank review"),
    *("--bank", "--as NAME", "skillbank there", "--x"),
)
"""What a person does at a terminal, said to an agent as well; and names that are only known at run time."""


def sentences(file: Path) -> Iterator[str]:
    """Yield the texts of a module that are not docstrings; what is filled in is ``x-1``."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    inner = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    inner |= {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "x-1" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("package", ["plan", "jobs", "bank", "storage", "sets"])
def test_what_is_written_for_the_terminal_is_said_in_tool_words(package: str) -> None:
    wrong = []
    for file in sorted((SOURCES / package).rglob("*.py")):
        for sentence in sentences(file):
            if " " not in sentence or file.name == "request_words.py":  # lists of words, and no sentences
                continue
            if "--" not in sentence and "skillbank" not in sentence:
                continue
            said = in_tool_words(sentence)
            for words in PEOPLE:
                said = said.replace(words, "")
            if re.search(r"--[a-z]|skillbank (?!does|did|itself|is|needs|cannot)[a-z]", said):
                wrong.append(f"{file.name}: {said}")
    assert wrong == []


def test_examples() -> None:
    for said, expected in (
        ("give --data train=LOCATION", "give data with role 'train'"),
        ("give --set train.num_epochs=VALUE", "give settings with key 'train.num_epochs'"),
        ("wait with skillbank status toy-1 --watch", "wait with job_status of toy-1 with wait_seconds"),
        ("see skillbank logs toy-1, run it again", "see job_logs of toy-1, run it again"),
        ("name one with --parent JOB", "name one with parent"),
        ("start one with skillbank run", "start one with plan and launch"),
    ):
        assert in_tool_words(said) == expected
    assert shorten("a\n b  c" * 9, 8) == "a b ca…"
