"""Where the tests write: what somebody names counts, and what is left of a run that is over is removed."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import in_memory

OVER, RUNS, FILE = "sb-overover", "sb-runsruns", "sb-filefile"


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that stands for memory, with what two runs have left there, one of which is over."""
    for name, value in {"MEMORY": tmp_path, "GROUPS": tmp_path / "others", "ROOM": 1, "_locks": []}.items():
        monkeypatch.setattr(in_memory, name, value)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", "")  # so that it is put back
    monkeypatch.delenv("TMPDIR")
    for name in (OVER, RUNS):
        (tmp_path / name / "left").mkdir(parents=True)
    (tmp_path / "others").mkdir()
    (tmp_path / FILE).touch()
    lock = os.open(tmp_path / RUNS, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    yield tmp_path
    for each in (lock, *in_memory._locks):
        os.close(each)


def test_a_run_has_a_folder_of_its_own_and_removes_those_of_runs_that_are_over(memory: Path) -> None:
    made = in_memory.folder()
    assert made is not None and made.parent == memory and not any(made.iterdir())
    assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(made)
    assert made.stat().st_mode & 0o7777 == 0o1777
    assert {each.name for each in memory.iterdir()} == {"others", made.name, RUNS, FILE}
    assert in_memory.holds(made / "t") and not in_memory.holds(memory / "others" / "t")
    assert not in_memory.holds(Path("/named"))


def test_a_folder_is_in_use_till_its_run_is_killed(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks may see none of the processes: containers that share memory have numbers of their own."""
    words = (
        "import sys, pathlib; from tests import in_memory; in_memory.MEMORY = pathlib.Path(sys.argv[1]);"
        "in_memory.GROUPS = in_memory.MEMORY; in_memory.ROOM = 1;"
        "print(in_memory.folder(), flush=True); sys.stdin.read()"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    other = subprocess.Popen(
        [sys.executable, "-c", words, str(memory)], cwd=Path(__file__).parents[1], env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdout is not None and other.stdin is not None
    its = Path(other.stdout.readline().strip())
    try:
        assert in_memory.folder() is not None and its.is_dir()
    finally:
        other.kill()
        other.communicate()
    monkeypatch.delenv("TMPDIR")
    assert in_memory.folder() is not None and not its.exists()


def test_a_folder_that_somebody_named_counts(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/named")
    assert in_memory.folder() is None
    assert os.environ["TMPDIR"] == "/named" and len(list(memory.iterdir())) == 4


def test_sockets_lie_in_memory_too_but_below_no_path_that_somebody_named(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = in_memory.folder()
    assert in_memory.for_sockets() == made
    monkeypatch.setattr(tempfile, "tempdir", str(memory / "named"))
    assert in_memory.for_sockets() == Path("/tmp")


def test_where_there_is_no_room_the_disk_is_taken(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_memory, "ROOM", 1 << 60)
    assert in_memory.folder() is None and "TMPDIR" not in os.environ
    monkeypatch.setattr(in_memory, "MEMORY", memory / "none")
    assert in_memory.folder() is None


@pytest.mark.parametrize(
    ("most", "used"),
    [
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ],
)
def test_what_a_container_may_take_counts(memory: Path, most: str, used: str) -> None:
    groups = memory / "others"
    (groups / most).parent.mkdir(exist_ok=True)
    (groups / used).write_text("5000\n")
    (groups / most).write_text("5000\n")
    assert in_memory.folder() is None
    (groups / most).write_text("max\n")
    assert in_memory.folder() is not None
