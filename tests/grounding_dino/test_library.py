"""The engine imports transformers in one place, and not what transformers would bring along."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skillbank_engine

HERE = Path(str(skillbank_engine.__file__)).parent


@pytest.mark.slow
@pytest.mark.parametrize("command", ["families.grounding_dino.commands.label", "commands.train"])
def test_commands_start_without_what_only_transformers_would_want(command: str) -> None:
    code = (
        "import sys\n"
        f"import skillbank_engine.{command}\n"
        "import skillbank_engine.families.grounding_dino.task\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "transformers" in loaded and loaded.isdisjoint({"torchao", "scipy"})


@pytest.mark.slow
def test_what_was_hidden_is_there_afterwards() -> None:
    code = "import skillbank_engine.library, scipy.optimize, torchao.quantization"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_transformers_is_imported_in_one_place() -> None:
    places = set()
    for path in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.partition(".")[0] == "transformers" for name in names):
                places.add(path.name)
    assert places == {"library.py"}
