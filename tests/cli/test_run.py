"""Running from the command line: approval, progress, parents, failure, and the truth after a kill."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Command

pytestmark = pytest.mark.slow


def test_nothing_starts_without_approval(inline: Command, data: Path) -> None:
    words = f"train the toy detector on {data}"
    refused = inline("run", words)
    assert refused.code == 4
    assert "Nobody approved plan" in refused.err
    assert inline("jobs", "--json").document == {"jobs": []}
    planned = inline("plan", words, "--json").document
    plan, sentence = planned["plan_id"], planned["sentence"]
    assert refused.out.splitlines()[0] == sentence
    approved = inline("approve", "--yes", plan[:12])
    assert approved.code == 0 and f"  sentence   {sentence}\n" in approved.out
    assert inline("run", words).code == 0
    assert inline("run", words).code == 4, "an approval is used once"


def test_train_then_evaluate_with_the_checkpoint_never_typed(inline: Command, data: Path) -> None:
    trained = inline("run", f"train the toy detector on {data} for 3 epochs", "--yes")
    assert trained.code == 0, trained.err
    assert "epoch 3/3" in trained.out and "val_mAP50 0.700" in trained.out
    evaluated = inline(
        "run", f"evaluate the toy detector on {data} from the last training", "--yes", "--json"
    )
    assert evaluated.code == 0, evaluated.err
    assert evaluated.document["state"] == "COMPLETE"
    assert evaluated.document["metrics"]["test_mAP50"] == 0.75
    jobs = inline("jobs", "--json").document["jobs"]
    assert [j["action"] for j in jobs] == ["evaluate", "train"]
    assert evaluated.document["parents"] == [jobs[1]["id"]]
    results = inline("results", "last:train", "--json").document
    best = [c["path"] for c in results["checkpoints"] if c["best"]]
    assert best == ["train/model_epoch_002_step_00003.pth"]
    assert "forty-two" in inline("logs", "last:train").out
    compared = inline("compare", "last:train", "last:evaluate", "--json").document
    trained_by = [each["trained_by"] for each in compared["jobs"]]
    assert trained_by == [jobs[1]["id"]] * 2 and not compared["comparable"]
    shown = inline("compare", "last:train", "last:evaluate").out
    assert "no metric in common: val_mAP50; test_mAP50" in shown and "0.7500" in shown
    refused = inline("compare", "last:train", "last:evaluate", "--pictures", "3")
    assert refused.code == 2 and "last:train is none" in refused.err


def test_a_chain_runs_one_after_another(inline: Command, data: Path) -> None:
    arguments = ["--skill", "toy-detector", "--action", "train", "--action", "evaluate",
                 "--data", f"train={data}", "--data", f"eval={data}"]  # fmt: skip
    answer = inline("run", *arguments, "--yes", "--json")
    assert answer.code == 0, answer.err
    assert [j["state"] for j in answer.document["jobs"]] == ["COMPLETE", "COMPLETE"]


def test_a_chain_stops_at_the_first_failure(inline: Command, data: Path) -> None:
    arguments = ["--skill", "toy-detector", "--action", "train", "--action", "evaluate", "--set", "fail=boom",
                 "--data", f"train={data}", "--data", f"eval={data}"]  # fmt: skip
    answer = inline("run", *arguments, "--yes", "--json")
    assert answer.code == 1
    assert answer.document["state"] == "ERROR"
    assert "boom" in answer.document["failure"]["evidence"]


def test_a_failed_parent_is_refused_and_leaves_no_job(inline: Command, data: Path) -> None:
    failed = inline("run", f"train the toy detector on {data}", "--set", "fail=boom", "--yes")
    assert failed.code == 1
    assert "boom" in failed.out
    answer = inline("run", f"evaluate the toy detector on {data} from the last training", "--yes")
    assert answer.code == 1
    assert "ended as ERROR" in answer.err
    assert len(inline("jobs", "--json").document["jobs"]) == 1


def test_missing_data_is_refused_and_leaves_no_job(inline: Command, tmp_path: Path) -> None:
    answer = inline(
        "run", "--skill", "toy-detector", "--action", "train", "--data", "train=/no/such", "--yes"
    )
    assert answer.code == 5
    assert "/no/such" in answer.err and "dataset.file" in answer.err
    assert inline("jobs", "--json").document == {"jobs": []}


def test_open_questions_are_refused(inline: Command) -> None:
    answer = inline("run", "train the toy detector", "--yes")
    assert answer.code == 3
    assert "--data train=" in answer.err


def test_detached_job_is_followed_and_canceled(inline: Command, data: Path) -> None:
    words = f"train the toy detector on {data}"
    started = inline("run", words, "--yes", "--detach", "--set", "train.seconds=30", "--json").document
    assert started["state"] in ("PENDING", "RUNNING")
    assert inline("cancel", started["id"]).code == 0
    status = inline("status", started["id"], "--json")
    assert (status.code, status.document["state"]) == (1, "CANCELED")


@pytest.mark.slow
def test_kill_9_of_run_loses_nothing(
    inline: Command, bank: Path, data: Path, environment: dict[str, str]
) -> None:
    words = f"train the toy detector on {data} for 3 epochs"
    command = [sys.executable, "-m", "skillbank", "run", words, "--bank", str(bank), "--yes"]
    command += ["--set", "train.seconds=0.7"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "epoch 1/3" in line:
                os.kill(run.pid, signal.SIGKILL)
                break
    assert inline("status", "last", "--json").document["state"] == "RUNNING"
    deadline = time.monotonic() + 120
    while inline("status", "last", "--json").document["state"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert inline("status", "last", "--json").document["state"] == "COMPLETE"
    assert len(inline("results", "last", "--json").document["checkpoints"]) == 3


def test_doctor_finds_a_working_machine(inline: Command) -> None:
    answer = inline("doctor", "--json")
    assert answer.code == 0, answer.out
    checks = {c["name"]: c["state"] for c in answer.document["checks"]}
    assert checks["bank"] == checks["database"] == checks["home"] == "ok"


def test_approvals_of_steps_that_were_not_started_wait_on(inline: Command, data: Path) -> None:
    words = ["run", "--skill=toy-detector", "--action=train", "--action=evaluate", "--set=fail=boom"]
    words += [f"--data=train={data}", f"--data=eval={data}", "--json"]
    for plan in re.findall("skillbank approve (\\w+)", inline(*words).document["error"]["message"]):
        assert inline("approve", "--yes", plan).code == 0
    assert inline(*words).document["action"] == "train"
    refused = inline(*words).document["error"]["message"]
    assert len(re.findall("skillbank approve (\\w+)", refused)) == 1, "the second step was not started"
