"""What reaches a command in a container and on a cluster: what the plan names and nothing else of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from skillbank.jobs.record import JobState
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan
from tests.gate import open_gate
from tests.platforms.conftest import daemon, docker_plan, private_daemon
from tests.platforms.slurm_jobs import plan as slurm_plan
from tests.platforms.slurm_jobs import profile, slurm
from tests.trust.test_gate import CANARIES, PROXY

__all__ = ["daemon", "docker_plan", "private_daemon", "profile", "slurm"]


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CANARIES, "https_proxy": PROXY}.items():
        monkeypatch.setenv(name, value)


def seen(jobs: Jobs, plan: Plan, values: Path) -> str:
    """Run a plan that writes its environment to a file, and return that: a log is cleaned of secrets."""
    record = jobs.wait(jobs.launch(plan).id, timeout=120)
    assert record.state is JobState.COMPLETE, record.history
    return (Path(record.results_dir) / values).read_text()


def holds_only_what_is_named(text: str) -> None:
    lines = [line for line in text.splitlines() if "canary" in line]
    assert lines == [f"MY_DATA={CANARIES['MY_DATA']}"]


def test_in_a_container(
    daemon: docker.APIClient, canaries: None, docker_plan: Callable[..., Plan], tmp_path: Path
) -> None:
    from skillbank.home import database_url

    with JobStore(database_url()) as store:
        plan = docker_plan("env > told", env_names=("MY_DATA",))
        holds_only_what_is_named(seen(Jobs(store, open_gate), plan, Path("told")))


def test_on_slurm(slurm: Any, canaries: None, tmp_path: Path) -> None:
    from skillbank.home import database_url

    with JobStore(database_url()) as store:
        plan = slurm_plan("env > told", env_names=("MY_DATA",))
        holds_only_what_is_named(seen(Jobs(store, open_gate), plan, Path("told")))
