"""Where the tests write: what somebody names counts, and what is left of a run that is over is removed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tests import in_memory


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for memory, with what two runs have left there, one of which is over."""
    for name, value in {"MEMORY": tmp_path, "ROOM": 1}.items():
        monkeypatch.setattr(in_memory, name, value)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", "")  # so that it is put back
    monkeypatch.delenv("TMPDIR")
    for number in (os.getpid(), os.getppid(), 1 << 30):
        (tmp_path / f"skb-{number}" / "left").mkdir(parents=True)
    (tmp_path / "others").mkdir()
    return tmp_path


def test_a_run_has_a_folder_of_its_own_and_removes_those_of_runs_that_are_over(memory: Path) -> None:
    made = in_memory.folder()
    assert made == memory / f"skb-{os.getpid()}" and not any(made.iterdir())
    assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(made)
    assert made.stat().st_mode & 0o7777 == 0o1777
    assert {each.name for each in memory.iterdir()} == {"others", made.name, f"skb-{os.getppid()}"}


def test_a_folder_that_somebody_named_counts(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/named")
    assert in_memory.folder() is None
    assert os.environ["TMPDIR"] == "/named" and len(list(memory.iterdir())) == 4


def test_where_there_is_no_room_the_disk_is_taken(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_memory, "ROOM", 1 << 60)
    assert in_memory.folder() is None and "TMPDIR" not in os.environ
    monkeypatch.setattr(in_memory, "MEMORY", memory / "none")
    assert in_memory.folder() is None
