"""What the tests of Slurm share: a cluster that jobs use, plans of shell scripts, and waiting."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skillbank.home import database_url
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan, Policy, Resources, Route, SkillRef
from tests.gate import open_gate
from tests.slurm import PrivateSlurm

PROFILE = "SKILLBANK_SLURM"

TRAINING = r"""
spec=$1; out=$(sed -n 's/^results_dir: //p' "$spec"); from=$(sed -n 's/^  resume: //p' "$spec" | tr -d "'")
first=0
if [ -n "$from" ]; then first=$(($(cat "$from") + 1)); fi
echo "start at epoch $first on $SLURMD_NODENAME"
for epoch in $(seq $first 11); do
    sleep 0.25
    echo $epoch > "$out/.part"; mv "$out/.part" "$out/model_epoch_$(printf %03d $epoch).pth"
    echo "epoch $epoch done"
    if [ $first = 0 ] && [ $epoch = 4 ]; then sleep 300; fi
done
"""
"""A training of twelve epochs that goes on from the checkpoint in its spec, and only so ends in time."""


def plan(script: str = "true", nodes: int = 1, **fields: Any) -> Plan:
    """Return the plan of a shell script, which gets the spec's path as its argument."""
    defaults: dict[str, Any] = {
        "skill": SkillRef(name="tao-train-toy", version="1", digest="d", bank="b"),
        "action": "train",
        "route": Route(name="direct", reason="policy off"),
        "automl_policy": Policy(value="off", source="user"),
        "platform": "slurm",
        "image": None,
        "command": ("sh", "-c", script, "sh", "{config_path}"),
        "spec": {"results_dir": "{results_dir}", "train": {"resume": "{resume_model}"}},
        "resources": Resources(nodes=nodes),
    }
    return Plan(**{**defaults, **fields})


def until(ready: Callable[[], object], seconds: float = 120) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it did not come to it in time"
        time.sleep(0.1)


def running(jobs: Jobs, record: JobRecord, printed: str = "") -> JobRecord:
    """Wait until a job runs and has printed something."""
    until(lambda: jobs.refresh(record.id).state is JobState.RUNNING)
    until(lambda: printed in "".join(jobs.logs(record.id)))
    return jobs.store.get(record.id)


def number(record: JobRecord) -> str:
    """Return the number of a job in Slurm."""
    return (record.native_id or "").removeprefix("slurm:")


def messages(record: JobRecord) -> str:
    """Return all that was said about a job."""
    return "\n".join(line.message for line in record.history)


@pytest.fixture
def slurm(
    slurm_cluster: PrivateSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PrivateSlurm]:
    """The cluster, empty, and an environment in which jobs go there."""
    for name in [n for n in os.environ if n.startswith(("SLURM_", "SBATCH_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SLURM_CONF", str(slurm_cluster.config))
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    for name in ("SKILLBANK_DATABASE_URL", PROFILE):
        monkeypatch.delenv(name, raising=False)
    yield slurm_cluster
    slurm_cluster.clear()


@pytest.fixture
def profile(slurm: PrivateSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return what writes the profile of the cluster."""

    def write(text: str) -> Path:
        path = tmp_path / "slurm.yaml"
        path.write_text(text)
        monkeypatch.setenv(PROFILE, str(path))
        return path

    return write


@pytest.fixture
def store(slurm: PrivateSlurm) -> Iterator[JobStore]:
    with JobStore(database_url()) as opened:
        yield opened


@pytest.fixture
def jobs(store: JobStore) -> Jobs:
    return Jobs(store, open_gate)
