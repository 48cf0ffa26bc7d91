"""The frame knows no family; families know the frame, and not one another."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import skillbank_engine
from skillbank_engine.families import PROGRAMS, programs

ROOT = Path(skillbank_engine.__file__).parent
FAMILIES = ROOT / "families"


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it, and names of modules in its texts."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_frame_imports_no_family() -> None:
    frame = [path for path in ROOT.rglob("*.py") if not path.is_relative_to(FAMILIES)]
    assert len(frame) > 40
    known = list(PROGRAMS)
    for path in frame:
        for word in imported(path):
            for name in known:
                assert f"families.{name}" not in word, f"{path} names {word}"


@pytest.mark.parametrize("name", sorted(path.name for path in FAMILIES.iterdir() if path.is_dir()))
def test_families_share_the_frame_alone(name: str) -> None:
    for path in (FAMILIES / name).rglob("*.py"):
        for word in imported(path):
            if word.startswith("skillbank_engine.families."):
                assert word.split(".")[2] == name, f"{path} imports {word}"
            assert not word.startswith("skillbank."), f"{path} imports {word}"


def test_every_family_has_one_line() -> None:
    known = programs()
    for path in FAMILIES.iterdir():
        if (path / "family.py").is_file():
            assert any(
                place.startswith(f"skillbank_engine.families.{path.name}.") for place in known.values()
            )
