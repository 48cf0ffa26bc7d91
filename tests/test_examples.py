"""The examples in docstrings and guides are run: what is shown there is what happens."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

import skillbank
from skillbank import Runtime
from skillbank.bank.programs import find_program
from skillbank.errors import SkillbankError
from skillbank.plan.inference import Context
from skillbank.plugins import Group
from skillbank_engine.families import GROUP as FAMILIES
from tests.agent.test_training import TINY
from tests.labelling.models import write_picture, write_tiny

SOURCES = Path(skillbank.__file__).parent
SHOWN = sorted(
    ".".join(("skillbank", *file.relative_to(SOURCES).with_suffix("").parts))
    for file in SOURCES.rglob("*.py")
    if re.search(r"^ *>>> ", file.read_text(encoding="utf-8"), re.MULTILINE)
)
README = Path(__file__).parents[1] / "README.md"
GUIDE = Path(__file__).parents[1] / "references" / "label-sets.md"
GUIDES = Path(__file__).parents[1] / "docs" / "guides"


def block(guide: Path, language: str) -> str:
    """Return the only block of code in this language."""
    [found] = re.findall(
        rf"^```{language}\n(.*?)^```", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return str(found)


def test_there_are_examples() -> None:
    assert {"skillbank.runtime", "skillbank.sets.store", "skillbank.sets.label_set"} <= set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_examples_of_a_module(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for variable in ("SKILLBANK_DATABASE_URL", "SKILLBANK_BANKS", "SKILLBANK_APPROVE"):
        monkeypatch.delenv(variable, raising=False)
    module = importlib.import_module(name)
    result = doctest.testmod(module, extraglobs={"SkillbankError": SkillbankError})
    assert result.attempted > 0 and result.failed == 0


def blocks(guide: Path, language: str) -> list[str]:
    """Return all blocks of code in this language."""
    text = guide.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run Python in a folder with a small data set and some photos, in a home of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SKILLBANK_")}
    environment = {**kept, "SKILLBANK_HOME": str(tmp_path / "home"), "PYTHONWARNINGS": "error"}
    program = find_program("grounding_dino")
    assert program is not None
    subprocess.run(
        [program, "shapes", "shapes", "--train=8", "--val=4", "--size=64"], cwd=tmp_path, check=True
    )
    for number in range(10):
        write_picture(
            tmp_path / "photos" / f"{number}.png", (64 + number, 64), f"hsl({36 * number}, 80%, 40%)"
        )

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_the_program_of_the_guide_makes_a_data_set_and_trains_on_it(run: Run, tmp_path: Path) -> None:
    """From a folder of pictures and a first model, as the guide has it, in a process of its own."""
    settings = [f"--set={key}={json.dumps(value)}" for key, value in TINY.items()]
    sure = write_tiny(tmp_path / "sure.pth", bias=0.5)
    first = "train Grounding DINO on ./shapes, no HPO, 1 epoch"
    run("-m", "skillbank", "run", first, *settings, f"--pretrained={sure}", "--yes")
    said = run("-c", block(GUIDE, "python")).splitlines()
    assert said[-1] == "COMPLETE" and Path(said[-2]) == tmp_path / "signs-coco"
    assert (tmp_path / "signs-coco" / "train" / "annotations.json").is_file()


@pytest.mark.slow
def test_the_programs_of_the_readme_run(run: Run, tmp_path: Path) -> None:
    first, second = blocks(README, "python")
    for program in (first, second):
        assert len(program.splitlines()) <= 11, "ten lines"
    said = run("-c", first)
    assert said.startswith("train tao-train-grounding-dino on ") and "COMPLETE" in said
    assert "train.num_epochs = 1 (" in said and "'val_mAP50':" in said.splitlines()[-1]
    assert run("-c", second).splitlines()[-1] == "('signs',) COMPLETE"
    assert (tmp_path / "labels").is_dir()


def _no_engine(*_: object) -> NoReturn:
    raise AssertionError("nothing is asked of a model here")


def test_the_guide_of_the_rest_names_its_paths() -> None:
    from skillbank.web.detector import Detector
    from skillbank.web.sets_api import SetsDoor
    from skillbank.web.sets_asking import AskingDoor

    with Runtime() as runtime:
        nobody = Detector("none", _no_engine, _no_engine, most_waiting=1)
        doors = (SetsDoor(runtime), AskingDoor(runtime, nobody))
        routes = {each.path.removeprefix("/api/sets") for door in doors for each in door.operations()}
    text = (GUIDE.parent / "sets-rest.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = {
        each.partition("?")[0] for each in re.findall(r"(?:/api/sets|\u2026)(/?[^`?\s]*)", " ".join(cells))
    }
    one = "/{set}"
    assert {path.removeprefix(one).replace("{number:int}", "{n}") for path in routes} == {
        each.removeprefix(one) for each in named
    }


def test_the_code_of_the_guides_can_be_run() -> None:
    made: dict[str, Any] = {}
    for guide in sorted(GUIDES.glob("*.md")):
        for code in blocks(guide, "python"):
            exec(code, made)
    cluster, search = made["MyCluster"], made["MySearch"]
    assert cluster().name == "my_cluster" and search.__abstractmethods__ == frozenset()
    context = Context("notes_file", "evaluate", (), None, None, ())
    assert made["notes"](context).value == "{results_dir}/evaluate-notes.txt"


def test_the_entry_points_of_the_guides_are_of_groups_that_are_read() -> None:
    said = [
        table
        for guide in sorted(GUIDES.glob("*.md"))
        for code in blocks(guide, "toml")
        for table in tomllib.loads(code)["project"]["entry-points"]
    ]
    assert sorted(said) == sorted([*Group, FAMILIES])
