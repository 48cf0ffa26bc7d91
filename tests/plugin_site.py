"""Packages as an installer leaves them: a folder of modules and their metadata, for Python's path."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import Answer

PACKAGE = Path(__file__).parent / "plugin_package"
Run = Callable[..., Answer]
STARTED = sys.executable
"""A Python that is started and not forked: what is broken, or where one stands, tells while it imports."""
_SEARCH = """
from skillbank.automl.algorithms import Outcome, make_algorithm
from skillbank.automl.settings import AutoMLSettings
from skillbank.automl.space import space_from_schema
from skillbank.bank.discovery import Library
skill = Library().find("grounding dino").skill
train = skill.action("train")
space = space_from_schema(skill.schema(train).document, skill.template(train)[0])
settings = AutoMLSettings.read({"algorithm": "ALGORITHM", "max_trials": 3, "direction": "maximize"})
search = make_algorithm(space, settings)
while (trial := search.ask()) is not None:
    search.tell(trial.number, Outcome(values=(trial.number / 10,)))
print(search.best, [each.asked.note for each in search.finished()][1:])
"""


def install_sample(site: Path) -> Path:
    """Lay the sample package into a site folder."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(PACKAGE / "skillbank_sample", site / "skillbank_sample")
    install(site, project["name"], project["entry-points"], version=project["version"])
    return site


def install(
    site: Path,
    name: str,
    entry_points: Mapping[str, Mapping[str, str]],
    modules: Mapping[str, str] | None = None,
    version: str = "2.0",
) -> None:
    """Lay a package of a few modules into a site folder."""
    about = site / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
    )
    sections = (
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
        for group, entries in entry_points.items()
    )
    (about / "entry_points.txt").write_text("\n".join(sections), encoding="utf-8")
    for module, text in (modules or {}).items():
        (site / f"{module}.py").write_text(text, encoding="utf-8")


def searched(site: Path, environment: Mapping[str, str], algorithm: str) -> subprocess.CompletedProcess[str]:
    """Search three trials by a package's algorithm; prints the number of the best and the notes of others."""
    return subprocess.run(
        [sys.executable, "-c", _SEARCH.replace("ALGORITHM", algorithm)],
        env={**environment, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def imaged(bank: Path) -> Path:
    """The toy bank with an image, which platforms other than this machine want."""
    info = bank / "toy-detector" / "references" / "skill_info.yaml"
    info.write_text(f"container_image: registry/toy:1\n{info.read_text()}")
    return bank


@pytest.fixture
def run(bank: Path, environment: dict[str, str], tmp_path: Path) -> Run:
    """Run ``skillbank ARGS`` with the packages of a folder, if one is given."""

    def command(*arguments: object, packages: Path | None = None, cwd: Path | None = None) -> Answer:
        anew = cwd is not None or (packages is not None and packages.name in ("broken", "going"))
        env = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
        if packages is not None:
            env["PYTHONPATH"] = str(packages)
        of_bank = ["--bank", str(bank)] if arguments[0] in ("plan", "run") else []
        done = subprocess.run(
            [STARTED if anew else sys.executable, "-m", "skillbank", *map(str, arguments), *of_bank],
            env=env,
            cwd=cwd or tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return command
