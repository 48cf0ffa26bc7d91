"""The toy bank of the command line's tests, and a toolbox over it: real processes, real store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skillbank import Runtime
from skillbank.agent.approval_policy import ApprovalPolicy
from skillbank.agent.toolbox import Toolbox
from tests.cli.conftest import bank, data, environment, inline

__all__ = ["bank", "data", "environment", "inline"]

Approve = Callable[[str], None]


@pytest.fixture
def runtime(bank: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """A runtime of its own home, with the toy bank."""
    monkeypatch.setenv("SKILLBANK_HOME", environment["SKILLBANK_HOME"])
    for name in ("SKILLBANK_DATABASE_URL", "SKILLBANK_APPROVE", "SKILLBANK_BANKS"):
        monkeypatch.delenv(name, raising=False)
    with Runtime([bank]) as opened:
        yield opened


@pytest.fixture
def toolbox(runtime: Runtime) -> Toolbox:
    """Tools as they are out of the box: launch and cancel_job ask."""
    return Toolbox(runtime)


@pytest.fixture
def trusted(runtime: Runtime) -> Toolbox:
    """Tools that may start and stop work without asking."""
    return Toolbox(runtime, approvals=ApprovalPolicy({"launch": "always", "cancel_job": "always"}))


def until(happened: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until something has happened."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
