"""The client is killed at each of its steps, and the daemon is restarted in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.service import Jobs
from skillbank.plan.model import Plan
from tests.warm import Warm

MakePlan = Callable[..., Plan]
PROGRAM = "echo ran >> runs; sleep 0.4; echo end >> runs"
# A step is what others can see: a commit to the database, or a request to the daemon. The client is killed
# right before or right after one; in between lies only what it alone knows.
CLIENT = """
    import os, signal, sys
    from pathlib import Path

    import requests
    import sqlalchemy as sa

    last, done, steps = int(sys.argv[2]), 0, []

    def step(name):
        global done
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        steps.append(name)

    def requested(send):
        def wrapped(self, request, **options):
            name = request.method + " " + request.path_url.split("?")[0]
            step("before " + name)
            answer = send(self, request, **options)
            step("after " + name)
            return answer
        return wrapped

    requests.Session.send = requested(requests.Session.send)
    sa.event.listen(sa.engine.Engine, "commit", lambda _: step("before a commit"))

    from skillbank.home import database_url
    from skillbank.jobs.service import Jobs
    from skillbank.jobs.store import JobStore
    from skillbank.plan.model import Plan
    from tests.gate import open_gate

    jobs = Jobs(JobStore(database_url()), open_gate)
    plan = Plan.model_validate_json(Path(sys.argv[1]).read_text())
    record = jobs.launch(plan)
    step("launched")
    jobs.wait(record.id)
    step("ended")
    print(*steps, sep="\\n")
"""


def settle(jobs: Jobs, job: str) -> JobRecord:
    """Look at a job until it has ended, as any other process would."""
    deadline = time.monotonic() + 120
    while not (record := jobs.refresh(job)).state.terminal:
        assert time.monotonic() < deadline, f"{job} stays {record.state}: {record.history[-1].message}"
        time.sleep(0.1)
    return record


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    needed = ("requests", "docker", "skillbank.jobs.service", "skillbank.platforms.docker", "tests.gate")
    with Warm(*needed) as server:
        yield server


@pytest.mark.slow
def test_a_client_killed_at_any_step_loses_nothing_and_starts_nothing_twice(
    private_daemon: Any,
    daemon: docker.APIClient,
    jobs: Jobs,
    docker_plan: MakePlan,
    tmp_path: Path,
    warm: Warm,
) -> None:
    (tmp_path / "plan.json").write_text(docker_plan(PROGRAM).model_dump_json())
    seen: set[str] = set()
    outcomes: dict[str, int] = {}
    last = 0
    while True:
        assert last < 500
        done = warm.run(textwrap.dedent(CLIENT), str(tmp_path / "plan.json"), str(last))
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        if last % 9 == 4:
            private_daemon.end(signal.SIGKILL if last % 2 else signal.SIGTERM)
            for record in jobs.store.list():
                assert jobs.refresh(record.id).state is record.state or not record.state.terminal
                assert jobs.store.get(record.id).state is not JobState.ERROR or record.state is JobState.ERROR
            private_daemon.start()
        for record in jobs.store.list():
            if record.id not in seen:
                seen.add(record.id)
                outcomes[judge(settle(jobs, record.id), restarted=last % 9 == 4)] = last
        last += 1
    steps = done.stdout.splitlines()
    assert last >= 30, steps
    assert {"complete", "never", "lost with the daemon"} >= outcomes.keys() >= {"complete", "never"}
    time.sleep(1)
    names = {c["Labels"]["skillbank.job"] for c in containers(private_daemon)}
    assert names <= {record.id for record in jobs.store.list()}, "a container without a record"
    assert not [c for c in containers(private_daemon) if c["State"] == "running"]


def containers(private_daemon: Any) -> list[dict[str, Any]]:
    client = private_daemon.client()
    try:
        return list(client.containers(all=True))
    finally:
        client.close()


def judge(record: JobRecord, *, restarted: bool) -> str:
    """Compare what the record says with what the program itself has written."""
    path = Path(record.results_dir, "runs")
    runs = path.read_text().split() if path.exists() else []
    if record.state is JobState.COMPLETE:
        assert runs == ["ran", "end"]
        return "complete"
    assert record.state is JobState.ERROR and record.failure is not None
    assert runs in ([], ["ran"])
    if record.failure.name == "launcher_died":
        return "never"
    assert restarted, record.failure
    return "lost with the daemon"


@pytest.mark.slow
def test_the_steps_of_a_client_are_counted(
    daemon: docker.APIClient, docker_plan: MakePlan, tmp_path: Path
) -> None:
    (tmp_path / "plan.json").write_text(docker_plan(PROGRAM).model_dump_json())
    command = [sys.executable, "-c", textwrap.dedent(CLIENT), str(tmp_path / "plan.json"), "-1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ})
    steps = done.stdout.splitlines()
    assert any("POST" in s and s.endswith("/containers/create") for s in steps)
    assert any(s.startswith("after POST") and s.endswith("/start") for s in steps)
    assert any("DELETE" in s for s in steps)
