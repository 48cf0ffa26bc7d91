"""What the engine's programs say where the packages that they compute with are missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from skillbank_engine.extras import how_to_install

_WITHOUT = """
import sys
from importlib.machinery import PathFinder

class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] == missing else PathFinder.find_spec(name, path, target)

missing, *arguments = sys.argv[1:]
sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
from skillbank_engine.families.grounding_dino.family import FAMILY
from skillbank_engine.program import program
sys.exit(program(FAMILY)(arguments))
"""


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("torch", "settle train -e {}/spec.yaml"),
        ("torch", "train -e {}/spec.yaml"),
        ("torch", "label {}/none.png --checkpoint {}/none --out {}/out --text cat"),
        pytest.param("transformers", "train -e {}/spec.yaml", marks=pytest.mark.slow),
    ],
)
def test_a_missing_package_is_said_with_what_installs_it(missing: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(f"results_dir: {tmp_path}\n")
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, missing, *words.replace("{}", str(tmp_path)).split()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == (
        f"ERROR: The engine needs the package {missing}, which is not installed: {how_to_install('engine')}"
    )
