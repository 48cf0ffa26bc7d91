"""The embedded engine on a real Slurm: a chain with a training of two nodes that is started again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from skillbank.jobs.record import JobState
from skillbank.jobs.service import Jobs
from skillbank.platforms.base import job_dir
from tests.platforms.slurm_jobs import jobs, messages, plan, profile, slurm, store, until  # noqa: F401
from tests.slurm import PrivateSlurm

# ruff: noqa: F811
pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent


def test_a_training_of_two_nodes_that_is_started_again_then_evaluate_then_inference(
    slurm: PrivateSlurm, profile: Callable[[str], Path], tmp_path: Path
) -> None:
    profile(f"path: {BIN}\nshared: {tmp_path}\ncontainer: none\ntime: '30'\n")
    data = tmp_path / "shapes"
    make = [
        sys.executable,
        "-m",
        "skillbank_engine.families.grounding_dino",
        "shapes",
        str(data),
        "--train",
        "32",
        "--val",
        "8",
    ]
    subprocess.run(make, check=True, capture_output=True)
    words = "train Grounding DINO with no HPO, then evaluate it, then run inference"
    place = ["--platform", "slurm", "--gpus", "0", "--yes", "--set", "num_epochs=2", "--json"]
    place += ["--set", "train.num_nodes=2", "--set", "train.checkpoint_interval=1"]
    for role, name in (("train", "train"), ("eval", "val"), ("inference", "inference")):
        place += ["--data", f"{role}={data / name}"]
    command = [sys.executable, "-m", "skillbank", "run", words, *place]
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    results = tmp_path / "home" / "results"
    until(lambda: run.poll() is not None or list(results.glob("*-train-*/train/model_epoch_000*.pth")))
    first = slurm.say("squeue", "-h", "-o", "%A %D %N").split()
    assert first[1:] == ["2", "n[1-2]"], run.communicate()
    slurm.say("scontrol", "requeue", first[0])
    out, err = run.communicate(timeout=240)
    assert run.returncode == 0, err + out
    actions = {job["action"]: job for job in json.loads(out)["jobs"]}
    assert list(actions) == ["train", "evaluate", "inference"]
    assert {job["state"] for job in actions.values()} == {"COMPLETE"}
    assert actions["train"]["native_id"] == f"slurm:{first[0]}"
    folder = Path(actions["train"]["results_dir"])
    log = (job_dir(folder) / "output.log").read_text()
    assert "skillbank: goes on from" in log and "model_epoch_00" in log
    assert list(folder.glob("train/model_epoch_001*.pth"))
    lines = [json.loads(line) for line in (folder / "train/status.json").read_text().splitlines()]
    assert {line["epoch"] for line in lines if "epoch" in line} == {0, 1}
    assert list(Path(actions["inference"]["results_dir"]).rglob("*.txt"))


def test_processes_of_two_nodes_meet_through_the_contract(jobs: Jobs, tmp_path: Path) -> None:
    code = """
        import os, torch, torch.distributed as dist
        dist.init_process_group("gloo", rank=int(os.environ["NODE_RANK"]))
        total = torch.tensor([dist.get_rank() + 1.0])
        dist.all_reduce(total)
        print("sum", total.item(), "of", dist.get_world_size(), flush=True)
        dist.destroy_process_group()
    """
    program = tmp_path / "meet.py"
    program.write_text(textwrap.dedent(code))
    begun = time.monotonic()
    record = jobs.launch(plan(nodes=2, command=(sys.executable, str(program))))
    record = jobs.wait(record.id, timeout=120)
    assert record.state is JobState.COMPLETE, "".join(jobs.logs(record.id)) + messages(record)
    assert "".join(jobs.logs(record.id)).count("sum 3.0 of 2") == 2, os.fspath(record.results_dir)
    assert time.monotonic() - begun < 60
