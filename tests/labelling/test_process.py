"""The engine's process that is started ahead: it is taken where it is the same, and never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
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
