"""What keeps server processes at work: real ones, of a program that serves nobody."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = """
import anyio, os, pathlib, socket, sys, time
from skillbank.team_server import workers
workers._BEAT, workers._SILENCE = 0.1, 2.0
log = pathlib.Path(sys.argv[1])

def serve(parent):
    anyio.run(parent.heed)

def fail(parent):
    sys.exit(2)

def hang(parent):
    time.sleep(600)

def ask(parent):
    with (log.parent / "kept").open("w") as kept:
        assert parent.fork("told", ["a", "b c"], log, kept.fileno())
    serve(parent)

def stammer(parent):
    with log.open("ab") as told:
        socket.send_fds(parent._line, [b'["told", "cut o'], [told.fileno()])
    ask(parent)

if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as port:
        work = {"serve": serve, "fail": fail, "hang": hang, "ask": ask, "stammer": stammer}[sys.argv[2]]
        sys.exit(workers.Workers(work, 2, 1.0, port).run())
"""
TOLD = """
import os, sys
def main(one, two, kept):
    os.write(int(kept), f"{one}, {two} in {os.getsid(0) == os.getpid()}".encode())
    print("said", file=sys.stderr)
    return 0
"""


@contextmanager
def parent(folder: Path, work: str, *first: str) -> Iterator[subprocess.Popen[str]]:
    """Start the program; ``first`` are words before its command."""
    (folder / "log").touch()
    command = [*first, sys.executable, "-c", PROGRAM, str(folder / "log"), work]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            yield process
        finally:
            process.kill()


def children(process: int) -> set[int]:
    try:
        return set(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))
    except OSError:
        return set()


def wait_for(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def gone(process: int) -> bool:
    """Say whether a process has ended; one that nobody has waited for yet is a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def two(process: subprocess.Popen[str]) -> set[int]:
    """Return its two workers, when they have lived for long enough to be replaced at once."""
    wait_for(lambda: len(children(process.pid)) == 2)
    time.sleep(1.1)
    return children(process.pid)


def test_a_killed_worker_is_replaced_at_once_and_the_parent_ends_with_0(tmp_path: Path) -> None:
    with parent(tmp_path, "serve") as process:
        first, second = two(process)
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: first not in children(process.pid) and len(children(process.pid)) == 2)
        assert second in children(process.pid), "the other one works on"
        process.terminate()
        assert process.wait(60) == 0
        assert process.stderr is not None and f"({first}) has ended (-9)" in process.stderr.read()


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    with parent(tmp_path, "serve") as process:
        workers = two(process)
        process.kill()
        wait_for(lambda: all(map(gone, workers)))


def test_a_worker_that_cannot_begin_ends_the_server(tmp_path: Path) -> None:
    with parent(tmp_path, "fail") as process:
        assert process.wait(60) == 1
        assert process.stderr is not None and "could not begin" in process.stderr.read()


def test_one_that_says_nothing_is_killed_and_replaced(tmp_path: Path) -> None:
    with parent(tmp_path, "hang") as process:
        workers = two(process)
        wait_for(lambda: len(children(process.pid) - workers) == 2)
        process.terminate()
        process.wait(60)
        assert process.stderr is not None and "is silent for 2 s and is killed" in process.stderr.read()


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a module to `skillbank.background`, as far as the program can see."""
    added = tmp_path / "added" / "told.py"
    added.parent.mkdir()
    added.write_text(TOLD)
    (tmp_path / "sitecustomize.py").write_text(
        f"import skillbank.background as b; b.__path__.append({str(added.parent)!r})"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_is_forked_with_a_file_and_its_log_and_is_nobodys_child(
    tmp_path: Path, number: signal.Signals
) -> None:
    with parent(tmp_path, "ask") as process:
        wait_for(lambda: (tmp_path / "kept").exists() and (tmp_path / "kept").read_text() != "")
        assert (tmp_path / "kept").read_text() == "a, b c in True"
        wait_for(lambda: (tmp_path / "log").read_text().count("said\n") == 2)
        assert len(two(process)) == 2, "what was forked is no child of the parent"
        process.send_signal(number)
        assert process.wait(60) == 0


@pytest.mark.usefixtures("told")
def test_half_a_line_costs_only_what_it_asked_for(tmp_path: Path) -> None:
    with parent(tmp_path, "stammer") as process:
        wait_for(lambda: (tmp_path / "log").read_text().count("said\n") == 2)
        assert len(two(process)) == 2
        process.terminate()
        assert process.wait(60) == 0
        assert process.stderr is not None and "unreadable, 15 bytes" in process.stderr.read()


@pytest.mark.usefixtures("told")
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare")
def test_the_first_process_of_a_container_leaves_no_zombie(tmp_path: Path) -> None:
    with parent(tmp_path, "ask", "unshare", "--pid", "--fork", "--kill-child") as process:
        wait_for(lambda: (tmp_path / "log").read_text().count("said\n") == 2)
        [first] = children(process.pid)
        wait_for(lambda: len(children(first)) == 2 and not any(map(gone, children(first))))
        os.kill(first, signal.SIGTERM)
        assert process.wait(60) == 0
