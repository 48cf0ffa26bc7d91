"""What is forked is a process like one that is started: it answers, fails, is stopped and dies alike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.forking import python, start

pytestmark = pytest.mark.slow


def run(program: str, *arguments: str, environment: dict[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(
        [program, "-m", "skillbank", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "SKILLBANK_HOME": str(tmp_path / "home")}


@pytest.mark.parametrize(
    "arguments", [("jobs", "--json"), ("status", "last"), ("plan", "--none"), ("nothing",)]
)
def test_it_answers_and_fails_as_one_that_is_started(
    arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    assert run(python(), *arguments, environment=environment) == run(
        sys.executable, *arguments, environment=environment
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_the_process_that_stands_for_it(number: int, environment: dict[str, str]) -> None:
    command = [python(), "-m", "skillbank", "web", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None and b"http://" in process.stderr.readline()
        process.send_signal(number)
        process.stderr.read()  # until the forked process has ended, which has the other end
        assert (process.wait(60) == -signal.SIGKILL) == (number == signal.SIGKILL)


def test_what_python_reads_when_it_starts_is_not_forked(environment: dict[str, str]) -> None:
    asked = ["skillbank", "jobs"]
    forked = start("skillbank", asked, environment, [0, 1, 2])
    assert forked is not None and forked.wait(60) == 0
    assert start("skillbank", asked, {**environment, "PYTHONIOENCODING": "ascii"}, [0, 1, 2]) is None


def test_sqlite_waits_for_no_disk_here_and_in_what_is_forked(environment: dict[str, str]) -> None:
    text = (
        "from skillbank.jobs.store import JobStore\nimport sqlalchemy as sa\n"
        "with sa.create_engine('sqlite://').connect() as one:\n"
        "    print(one.exec_driver_sql('PRAGMA synchronous').scalar())\n"
    )
    said = {
        program: subprocess.run([program, "-c", text], env=environment, capture_output=True, text=True).stdout
        for program in (python(), sys.executable)
    }
    assert said == {python(): "0\n", sys.executable: "2\n"}
    with sa.create_engine("sqlite://").connect() as one:
        assert one.exec_driver_sql("PRAGMA synchronous").scalar() == 0
