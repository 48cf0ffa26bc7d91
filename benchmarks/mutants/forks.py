"""Forks of a process that has collected the tests: each runs some of them, with a home of its own."""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

__all__ = ["Job", "done", "run_items"]

_OUTCOME = "outcome.json"
_WAIT = 8


@dataclass(frozen=True)
class Job:
    """What one fork does.

    Attributes
    ----------
    work
        What it returns is handed to the parent.
    seconds
        Of the processor, after which it is killed; those of the clock are `_WAIT` times as many.
    """

    work: Callable[[Path], Any]
    seconds: float


def done(jobs: Iterable[Job], at_once: int) -> Iterator[tuple[Job, Any]]:
    """Run jobs in forks and yield each with what it returned, None where it did not come to that."""
    waiting = iter(jobs)
    running: dict[int, tuple[Job, float, Path]] = {}
    while True:
        while len(running) < at_once and (job := next(waiting, None)) is not None:
            folder = Path(tempfile.mkdtemp(prefix="mutant-"))
            pid = os.fork()
            if not pid:
                _be(job, folder)
            running[pid] = job, time.monotonic() + _WAIT * job.seconds, folder
        if not running:
            return
        for pid in [pid for pid in running if _over(pid, running[pid][1])]:
            job, _, folder = running.pop(pid)
            file = folder / _OUTCOME
            outcome = json.loads(file.read_text("utf-8")) if file.exists() else {"is": None}
            shutil.rmtree(folder, ignore_errors=True)
            if "error" in outcome:
                raise RuntimeError(f"a fork failed, and no test of it: {outcome['error']}")
            yield job, outcome["is"]
        time.sleep(0.005)


def _over(pid: int, end: float) -> bool:
    """Whether a fork has ended; ends it, and what it left, where it is time."""
    if not (ended := os.waitpid(pid, os.WNOHANG)[0]) and time.monotonic() < end:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    if not ended:
        os.waitpid(pid, 0)
    return True


def _be(job: Job, folder: Path) -> NoReturn:
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(job.seconds),) * 2)
        nothing = os.open(os.devnull, os.O_RDWR)
        for file in (0, 1, 2):
            os.dup2(nothing, file)
        os.environ["SKILLBANK_HOME"] = str(folder / "home")
        try:
            outcome = {"is": job.work(folder)}
        except Exception:
            outcome = {"error": traceback.format_exc()}
        (folder / "outcome").write_text(json.dumps(outcome), "utf-8")
        (folder / "outcome").rename(folder / _OUTCOME)
    finally:
        os._exit(0)


class _Failures:
    """Hears of tests that fail."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.found.append(report.nodeid)


def run_items(
    session: pytest.Session,
    items: list[pytest.Item],
    folder: Path,
    each: Callable[[pytest.Item], contextlib.AbstractContextManager[None]] = lambda _: (
        contextlib.nullcontext()
    ),
    to_the_end: bool = False,
) -> list[str]:
    """Run tests in this process, in folders of its own, and return which failed: the first, or all."""
    factory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    factory._basetemp = folder / "tests"
    factory._basetemp.mkdir()
    failures = _Failures()
    session.config.pluginmanager.register(failures)
    for item, following in zip(items, [*items[1:], None], strict=False):
        with each(item):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if failures.found and not to_the_end:
            break
    return failures.found
