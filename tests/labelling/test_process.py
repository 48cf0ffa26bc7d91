"""The engine's process that is started ahead: it is taken where it is the same, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillbank.labelling import process


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    process._end_all()
    yield
    process._end_all()


def test_what_was_begun_is_taken_once() -> None:
    process.begin()
    process.begin()
    (begun,) = process._begun
    first, second = process.take(), process.take()
    assert first is begun.process and second is not None and second is not first
    for each in (first, second):
        process._end(each)


def test_another_environment_is_another_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    process.begin()
    (begun,) = process._begun
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    taken = process.take()
    assert taken is not None and taken is not begun.process
    assert begun.process.returncode is not None
    process._end(taken)


def test_one_that_nobody_takes_ends_with_the_command(tmp_path: Path) -> None:
    code = (
        "from skillbank.labelling import process\nprocess.begin()\nprint(process._begun[0].process.pid)\n"
        "raise SystemExit(2)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2 and not done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_begun_or_not_the_program_waits_for_its_model_and_ends_without_one() -> None:
    taken = process.take()
    assert taken is not None
    out, err = taken.communicate(timeout=120)
    assert (out, err, taken.returncode) == (b"", b"", 0)


@pytest.mark.parametrize(
    ("words", "begun"),
    [
        (["label", "a.png", "red circle"], ["early"]),
        (["label-program", "-e", "spec.yaml"], ["early"]),
        (["label", "a.png", "--help"], []),
        (["label", "--into", "signs", "--detach"], []),
        (["jobs"], []),
    ],
)
def test_a_command_that_asks_the_engine_starts_it_before_all_it_does_itself(
    words: list[str], begun: list[str]
) -> None:
    code = (
        "import sys\nfrom skillbank.labelling import process\nfrom skillbank.__main__ import _begin\n"
        "process.begin = lambda: print('late' if 'typer' in sys.modules else 'early')\n"
        f"_begin({words!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == begun


@pytest.mark.slow
def test_a_command_that_is_refused_leaves_no_engine_behind(tmp_path: Path) -> None:
    command = _label(tmp_path)
    out, err = command.communicate(timeout=120)
    assert command.returncode == 5 and not out
    assert err.count("\n") == 1 and "none.png" in err
    _see_that_all_have_ended(command.pid)


@pytest.mark.slow
def test_a_command_that_is_stopped_as_it_begins_leaves_no_engine_and_says_nothing(tmp_path: Path) -> None:
    command = _label(tmp_path)
    children = Path(f"/proc/{command.pid}/task/{command.pid}/children")
    deadline = time.monotonic() + 60
    while not children.read_text().split():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(command.pid, signal.SIGINT)
    assert command.communicate(timeout=120) == ("", "")
    assert command.returncode == 130
    _see_that_all_have_ended(command.pid)


def _label(folder: Path) -> subprocess.Popen[str]:
    """Label a picture that is not there, in a group of processes that is the command's own."""
    return subprocess.Popen(
        [sys.executable, "-m", "skillbank", "label", "none.png", "red circle", "--checkpoint", "none.pth"],
        cwd=folder,
        env={**os.environ, "SKILLBANK_HOME": str(folder / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _see_that_all_have_ended(group: int) -> None:
    """Wait for the group to be gone: a process that is told to stop takes a moment to."""
    deadline = time.monotonic() + 60
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.02)
