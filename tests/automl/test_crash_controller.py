"""kill -9 of the controller, again and again: no rerun, nothing cancelled, no hang; on both databases."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

# What a controller imports late is imported before the fork: the time is for the crashes.
import skillbank.automl.algorithms.plain
import skillbank.automl.outcome  # noqa: F401
from skillbank.automl.charter import objectives_of
from skillbank.automl.controller import Controller
from skillbank.automl.events import EventLog
from skillbank.automl.experiment import Experiment
from skillbank.home import database_url
from skillbank.jobs.record import JobState
from skillbank.plan.model import Plan
from tests.automl.simulated import make_plan, open_jobs

KILLS = 100
SECONDS = 240


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)


def fork_controller(url: str, logs: Path, experiment: str) -> int:
    """Start a controller as a real process, without the second that importing would take."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        jobs, _ = open_jobs(url, logs)
        Controller(jobs, experiment, first_pause=0.05).run()
        code = 0
    finally:
        os._exit(code)


def launch(url: str, logs: Path, plan: Plan) -> str:
    jobs, _ = open_jobs(url, logs)
    record = jobs.launch(plan)
    jobs.store.close()
    return record.id


def check(url: str, logs: Path, experiment: str, trials: int) -> None:
    """Hold an ended experiment against the promises."""
    jobs, platform = open_jobs(url, logs)
    record = jobs.refresh(experiment)
    stands = Experiment(
        objectives_of(Plan.model_validate(record.plan)), EventLog(jobs.store.engine).read(experiment)
    )
    mine = {job.id: job for job in jobs.store.list(experiment=experiment)}
    started = [job for job in platform.lines("starts") if job in mine]
    jobs.store.close()
    assert record.state is JobState.COMPLETE
    assert len(stands.trials) == trials
    assert not (
        lost := [(t.number, t.state, t.reason, t.jobs) for t in stands.trials.values() if not t.counts]
    ), lost
    times = Counter(mine[job].recommendation for job in started)
    assert set(times.values()) == {1}, f"trials started more than once: {times}"
    assert not set(platform.lines("cancels")) & set(mine), "running jobs were cancelled"
    for trial in stands.trials.values():
        epochs = [measured.epoch for measured in trial.curve]
        assert epochs == sorted(set(epochs)), "an epoch was reported twice"


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_controller_killed_at_any_point(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres").url() if database == "postgresql" else database_url()
    logs, chance = tmp_path / "logs", random.Random(5)
    wanted = KILLS if database == "sqlite" else KILLS // 5
    kills, deadline, seed = 0, time.monotonic() + SECONDS, 0
    while kills < wanted:
        seed += 1
        plan = make_plan(max_recommendations=8, parallel=3, seed=seed, train={"seconds": 0.05})
        experiment = launch(url, logs, plan)
        while True:
            assert time.monotonic() < deadline, "the experiment hangs"
            pid = fork_controller(url, logs, experiment)
            if kills < wanted:
                time.sleep(chance.uniform(0, 0.4))
                os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            if os.WIFSIGNALED(status):
                kills += 1
                continue
            assert os.waitstatus_to_exitcode(status) == 0
            break
        check(url, logs, experiment, 8)


@pytest.mark.slow
def test_controllers_of_several_machines_share_an_experiment(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fills its own slots; together they start no trial twice."""
    url = request.getfixturevalue("postgres").url()
    logs = tmp_path / "logs"
    experiment = launch(url, logs, make_plan(max_recommendations=24, parallel=3, train={"seconds": 0.1}))
    children = []
    for place in ("one", "two", "three"):
        # Leases are by place, and a place is a machine's name; the processes are of this one.
        monkeypatch.setattr("skillbank.automl.controller.place_of", lambda _, place=place: place)
        children.append(fork_controller(url, logs, experiment))
    for pid in children:
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    check(url, logs, experiment, 24)
    jobs, _ = open_jobs(url, logs)
    events = EventLog(jobs.store.engine).read(experiment)
    jobs.store.close()
    assert {event.body["place"] for event in events if event.kind == "asked"} == {"one", "two", "three"}
