"""The approval code is set, changed and taken away whole: a command that is killed closes nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from skillbank import approval_code
from skillbank.approval_code import Lock, WrongCodeError
from skillbank.home import database_url
from skillbank.jobs.store import JobStore

OLD, NEW = "tulips in march", "asters in autumn"
DRIVER = """
import os, signal, sys
from skillbank import Runtime
from skillbank import approval_code
from skillbank.approval_code import ApprovalCode
from skillbank.cli import code_setting, terminal
from skillbank.jobs.approval_guard import ApprovalGuard

answers, at = sys.argv[2].split("|") if sys.argv[2] else [], int(sys.argv[3])
approval_code._COST = approval_code._LEAST
terminal.secret = lambda *_: answers.pop(0)
steps = 0
def counted(call):
    def step(*arguments, **named):
        global steps
        for _ in (0, 1):  # before it is done, and after
            if steps == at:
                os.kill(os.getpid(), signal.SIGKILL)
            steps += 1
            if not _:
                found = call(*arguments, **named)
        return found
    return step
ApprovalGuard._write_mark = counted(ApprovalGuard._write_mark)
ApprovalCode.write = counted(ApprovalCode.write)
with Runtime(()) as runtime:
    {"set": code_setting.set_anew, "remove": code_setting.remove}[sys.argv[1]](runtime, False)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(approval_code, "_COST", approval_code._LEAST)
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    for name in ("SKILLBANK_DATABASE_URL", "SKILLBANK_APPROVAL_CODE_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def killed(what: str, answers: list[str], at: int) -> bool:
    """Run a command of the code that is killed at one of its steps; say whether it came so far."""
    command = [sys.executable, "-c", DRIVER, what, "|".join(answers), str(at)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def right() -> set[str]:
    """Return which codes are right here now; `` `` where none is asked."""
    with JobStore(database_url()) as store:
        assert not store.guard.broken
        if not store.guard.hard:
            return {""}
        found = set()
        for code in (OLD, NEW):
            try:
                store.guard.prove(code)
            except WrongCodeError:
                continue
            found.add(code)
        return found


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 3])
def test_a_kill_while_the_first_code_is_set(at: int) -> None:
    assert killed("set", [OLD, OLD], at)
    assert right() == ({""} if at < 3 else {OLD})
    assert not killed("set", [*([OLD] if at >= 3 else []), NEW, NEW], 99) and right() == {NEW}


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_kill_while_the_code_is_changed(at: int) -> None:
    assert not killed("set", [OLD, OLD], 99)
    assert killed("set", [OLD, NEW, NEW], at)
    assert right() == ({OLD} if at < 3 else {NEW})
    assert not killed("remove", [OLD if at < 3 else NEW], 99) and right() == {""}


@pytest.mark.slow
def test_a_kill_while_the_code_is_taken_away(home: Path) -> None:
    assert not killed("set", [OLD, OLD], 99)
    assert killed("remove", [OLD], 1)
    assert right() == {OLD}, "the file is there still"
    assert not killed("remove", [OLD], 99) and right() == {""}
    assert not (home / "approval-code").exists()


@pytest.mark.slow
def test_a_file_that_is_gone_says_the_way_out(home: Path) -> None:
    assert not killed("set", [OLD, OLD], 99)
    (home / "approval-code").rename(home / "elsewhere")
    with JobStore(database_url()) as store:
        said = store.guard.broken
    assert store.guard.hard and f"put it back where it was (here {home / 'approval-code'})" in said
    assert "new SKILLBANK_HOME" in said
    (home / "elsewhere").rename(home / "approval-code")
    with JobStore(database_url()) as store:
        assert store.guard.hard and not store.guard.broken
    other = Lock.read().code
    assert other is not None
    assert not killed("set", [OLD, NEW, NEW], 99)
    other.write()
    with JobStore(database_url()) as store:
        assert "put the file back that was set" in store.guard.broken
