"""Trials as containers: a search on a real daemon, its controller killed on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from skillbank.automl.charter import Charter, objectives_of
from skillbank.automl.controller import Controller
from skillbank.automl.events import EventLog
from skillbank.automl.experiment import Experiment, Trial
from skillbank.automl.platform import ExperimentPlatform
from skillbank.home import database_url
from skillbank.jobs.record import SEARCH, JobState, RetryPolicy
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan
from skillbank.platforms.base import Platform
from skillbank.platforms.registry import get_platform
from tests.automl.simulated import SCHEMA, make_plan
from tests.gate import open_gate
from tests.platforms.conftest import TINY, daemon, private_daemon

__all__ = ["daemon", "private_daemon"]

# The tiny image has a shell and little else; depth is the metric, and a checkpoint is a file.
PROGRAM = r"""
while read -r key value; do
    case $key in depth:) depth=$value;; results_dir:) out=$value/train;; esac
done < "$0"
busybox mkdir -p "$out"
echo '{"status": "STARTED"}' > "$out/status.json"
sleep 0.5
echo model > "$out/model_epoch_000.pth"
echo '{"status": "RUNNING", "epoch": 0, "kpi": {"val_mAP50": 0.'$depth'}}' >> "$out/status.json"
"""


def charter(plan: Plan, retry: RetryPolicy) -> Charter:
    return Charter(schema_document=SCHEMA, epochs_key="train.num_epochs", retry=retry)


def open_jobs() -> Jobs:
    def platform(name: str) -> Platform:
        return ExperimentPlatform(opened, charter) if name == SEARCH else get_platform(name)

    opened = Jobs(JobStore(database_url()), open_gate, platforms=platform)
    return opened


@pytest.fixture
def jobs(daemon: docker.APIClient) -> Iterator[Jobs]:
    opened = open_jobs()
    yield opened
    opened.store.close()


def test_a_search_over_containers_survives_the_death_of_its_controller(
    daemon: docker.APIClient, jobs: Jobs
) -> None:
    fields = {"platform": "docker", "image": TINY, "command": ("sh", "-c", PROGRAM, "{config_path}")}
    plan = make_plan(max_recommendations=4, train={"num_epochs": 1}).model_copy(update=fields)
    record = jobs.launch(plan)
    controller = subprocess.Popen([sys.executable, "-m", "skillbank.background.controller", record.id])
    deadline = time.monotonic() + 120
    while not daemon.containers(all=True):
        assert time.monotonic() < deadline and controller.poll() is None, "no container is started"
        time.sleep(0.05)
    os.kill(controller.pid, signal.SIGKILL)
    controller.wait()
    record = Controller(jobs, record.id).run()
    assert record.state is JobState.COMPLETE, record.history[-1].message
    stands = Experiment(objectives_of(plan), EventLog(jobs.store.engine).read(record.id))
    trials = jobs.store.list(experiment=record.id)
    started = [job for job in trials if job.native_id is not None]
    assert len(stands.trials) == len({job.recommendation for job in started}) == len(started) == 4
    assert all((job.native_id or "").startswith("docker:") for job in started)
    for trial in stands.trials.values():
        assert trial.counts and trial.scores == (trial.values["train.depth"] / 10,)
    best = stands.best
    assert best is not None and best.job is not None
    left = {t.number for t in trials_with_models(jobs, stands)}
    assert left == {best.number}, "other models are kept, or the best one is not"
    assert daemon.containers(all=True) == []


def trials_with_models(jobs: Jobs, stands: Experiment) -> list[Trial]:
    return [
        trial
        for trial in stands.trials.values()
        if list(Path(jobs.store.get(trial.job or "").results_dir).glob("train/*.pth"))
    ]
