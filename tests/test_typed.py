"""The wheel carries types: a program of others that uses both packages is checked strictly against it."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]
PROGRAM = """\
from pathlib import Path

from skillbank import JobRecord, Plan, Runtime
from skillbank_engine.errors import EngineError


def planned(text: str) -> list[Plan]:
    with Runtime() as runtime:
        return runtime.plan(text)


[plan] = planned("train Grounding DINO on ./data, no HPO")
names: list[str] = [plan.plan_id, plan.action, str(Path(plan.platform)), EngineError.__name__]
record: JobRecord | None = None
"""
WRONG = PROGRAM + "number: int = plan.plan_id\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=REPO, check=True, capture_output=True)
    [made] = folder.glob("*.whl")
    return made


@pytest.mark.slow
def test_the_wheel_holds_what_is_not_python(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"skillbank/py.typed", "skillbank_engine/py.typed", "skillbank/_bank/manifest.json"}
    here = REPO / "runtime"
    wanted |= {
        path.relative_to(here).as_posix()
        for pattern in ("entry_points.txt", "words.toml")
        for path in here.rglob(pattern)
    }
    assert wanted <= names and len(wanted) > 8


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has the wheel, and beside it what this one has of others."""
    home = tmp_path_factory.mktemp("typed") / "environment"
    venv.create(home)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)}))
    zipfile.ZipFile(wheel).extractall(site)
    others = [place for place in sys.path if place.endswith("site-packages")]
    (site / "others.pth").write_text("\n".join(others), encoding="utf-8")
    where = [str(home / "bin" / "python"), "-c", "import skillbank; print(skillbank.__file__)"]
    found = subprocess.run(where, cwd=home, capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()).is_relative_to(site)
    return home


@pytest.mark.slow
@pytest.mark.parametrize(("program", "passes"), [(PROGRAM, True), (WRONG, False)], ids=["right", "wrong"])
def test_a_program_is_checked_against_the_wheel(
    environment: Path, program: str, passes: bool, tmp_path: Path
) -> None:
    file = tmp_path / "program.py"
    file.write_text(program, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(environment / "cache")]
    done = subprocess.run(
        [*command, "--python-executable", str(environment / "bin" / "python"), str(file)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is passes, done.stdout + done.stderr
    assert "py.typed" not in done.stdout
