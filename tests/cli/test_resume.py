"""Chains that were broken off, checkpoints by choice, and what may follow a failure."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command


def chain(data: Path, *more: str) -> list[str]:
    return ["--skill", "toy-detector", "--action", "train", "--action", "evaluate",
            "--data", f"train={data}", "--data", f"eval={data / 'eval'}", *more]  # fmt: skip


@pytest.fixture
def data(data: Path) -> Path:
    (data / "eval").mkdir()
    (data / "eval" / "data.txt").write_text("eval")
    return data


@pytest.mark.slow
def test_a_chain_goes_on_where_it_stopped(inline: Command, data: Path) -> None:
    (data / "eval" / "data.txt").write_bytes(b"\xff")  # the program cannot read it
    stopped = inline("run", *chain(data), "--yes", "--json")
    assert stopped.code == 1
    failed, train = inline("jobs", "--json").document["jobs"]
    assert (failed["state"], train["state"]) == ("ERROR", "COMPLETE")
    first = inline("jobs", "--json", "--limit", "1").document
    assert first["more"] and [each["id"] for each in first["jobs"]] == [failed["id"]]
    assert "older ones are not shown" in inline("jobs", "-n", "1").out
    assert inline("jobs", "-n", "0").code == 2, "no jobs are not what was asked for"
    (data / "eval" / "data.txt").write_text("eval")
    assert inline("run", "--resume", "last").code == 4, "what is started anew needs a yes"
    resumed = inline("run", "--resume", "last", "--yes", "--json")
    assert resumed.code == 0, resumed.err
    assert [(j["id"] == train["id"], j["state"]) for j in resumed.document["jobs"]] == [
        (True, "COMPLETE"), (False, "COMPLETE"),
    ]  # fmt: skip
    assert resumed.document["jobs"][1]["parents"] == [train["id"]]
    again = inline("run", "--resume", train["id"], "--yes")
    assert again.code == 1 and "nothing to resume" in again.err
    assert len(inline("jobs", "--json").document["jobs"]) == 3


@pytest.mark.slow
def test_a_chain_whose_command_was_killed_takes_up_the_running_step(
    inline: Command, bank: Path, data: Path, environment: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "skillbank", "run", *chain(data, "--set", "train.seconds=1"), "--yes"]
    with subprocess.Popen([*command, "--bank", str(bank)], env=environment, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        for line in run.stdout:  # ends with the last who can write there, also where another does the work
            if b"epoch 1/2" in line:
                run.kill()
    resumed = inline("run", "--resume", "last", "--yes", "--json")
    assert resumed.code == 0, resumed.err
    assert [(j["action"], j["state"]) for j in resumed.document["jobs"]] == [
        ("train", "COMPLETE"), ("evaluate", "COMPLETE"),
    ]  # fmt: skip
    assert len(inline("jobs", "--json").document["jobs"]) == 2


@pytest.mark.slow
def test_a_failed_job_is_run_again_by_resuming_it(inline: Command, data: Path) -> None:
    words = ["--skill", "toy-detector", "--action", "train", "--data", f"train={data}"]
    (data / "data.txt").write_bytes(b"\xff")  # the program cannot read it
    assert inline("run", *words, "--yes").code == 1
    refused = inline("run", "--resume", "last", "--epochs", "3", "--yes")
    assert refused.code == 2 and "leave out --epochs" in refused.err
    assert "ask anew with it: skillbank run 'train toy-detector on " in refused.err
    (data / "data.txt").write_text("good")
    assert inline("run", "--resume", "last", "--yes", "--json").document["state"] == "COMPLETE"
    refused = inline("run", *words, "--resume", "last", "--yes")
    assert refused.code == 2 and "--resume" in refused.err


@pytest.mark.slow
@pytest.mark.parametrize(("choice", "epoch"), [("latest", 2), ("0", 0), ("best", 2)])
def test_the_parents_checkpoint_by_choice(inline: Command, data: Path, choice: str, epoch: int) -> None:
    inline(
        "run",
        "--skill",
        "toy-detector",
        "--action",
        "train",
        "--data",
        f"train={data}",
        "--set",
        "num_epochs=3",
        "--yes",
    )
    arguments = ["--data", f"eval={data}", "--parent", "last", "--checkpoint", choice, "--yes", "--json"]
    answer = inline("run", "--skill", "toy-detector", "--action", "evaluate", *arguments)
    assert answer.code == 0, answer.err
    spec = (Path(answer.document["results_dir"]) / "job" / "spec.yaml").read_text()
    assert f"model_epoch_{epoch:03d}" in spec


@pytest.mark.slow
def test_half_the_batch_is_tried_until_it_fits(inline: Command, data: Path, bank: Path) -> None:
    info = bank / "toy-detector" / "references" / "skill_info.yaml"
    info.write_text(info.read_text().replace("{num_epochs:", "{batch_size: dataset.batch, num_epochs:"))
    for template in bank.rglob("spec_template_*.yaml"):
        template.write_text(template.read_text().replace("{file: ''}", "{file: '', batch: 8}"))
    program = bank.parent / "program.py"
    oom = "if spec['dataset']['batch'] > 2: sys.exit('torch.OutOfMemoryError: CUDA out of memory.')\n"
    program.write_text(program.read_text().replace("out = pathlib", f"{oom}out = pathlib"))
    words = ["--skill", "toy-detector", "--action", "train", "--data", f"train={data}"]
    assert inline("run", *words, "--yes").code == 1
    assert inline("run", *words, "--yes", "--on-oom", "half").code == 2
    done = inline("run", *words, "--yes", "--on-oom", "reduce-batch", "--json")
    assert done.code == 0, done.err
    jobs: list[dict[str, Any]] = inline("jobs", "--json").document["jobs"][:3]
    assert [j["state"] for j in jobs] == ["COMPLETE", "ERROR", "ERROR"]
    assert [j["retry_of"] for j in jobs] == [jobs[1]["id"], jobs[2]["id"], None]
    assert "batch: 2\n" in (Path(done.document["results_dir"]) / "job" / "spec.yaml").read_text()


def test_a_skill_that_does_not_name_its_batch(inline: Command, data: Path) -> None:
    answer = inline(
        "run",
        "--skill",
        "toy-detector",
        "--action",
        "train",
        "--data",
        f"train={data}",
        "--yes",
        "--on-oom",
        "reduce-batch",
    )
    assert answer.code == 2 and "batch size" in answer.err


def test_results_on_s3_by_a_detached_job(
    inline: Command, data: Path, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.upload_file(str(data / "data.txt"), "bucket", "d/data.txt")
    started = inline("run", "train the toy detector on s3://bucket/d", "--yes", "--detach", "--json",
                     "--results-root", "s3://bucket/out")  # fmt: skip
    assert started.code == 0, started.err
    deadline = time.monotonic() + 120
    while not (status := inline("status", "last", "--json").document)["uploaded"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert status["results_uri"] == f"s3://bucket/out/{status['id']}"
    found = s3.list_objects_v2(Bucket="bucket", Prefix=f"out/{status['id']}/")["Contents"]
    assert {"job/output.log", "job/spec.yaml", "train/status.json"} <= {
        entry["Key"].split("/", 2)[2] for entry in found
    }
    assert f"s3://bucket/out/{status['id']}" in inline("results", "last").out


@pytest.mark.slow
def test_a_changed_skill_is_neither_approved_nor_resumed(inline: Command, data: Path, bank: Path) -> None:
    shown = inline("plan", *chain(data), "--json").document["plans"]
    assert inline("approve", "--yes", shown[0]["plan_id"][:12]).code == 0
    (data / "eval" / "data.txt").write_bytes(b"\xff")
    assert inline("run", *chain(data), "--yes").code == 1
    (data / "eval" / "data.txt").write_text("eval")
    template = bank / "toy-detector" / "references" / "spec_template_evaluate.yaml"
    template.write_text(template.read_text() + "more: 1\n")
    words = "toy-detector has changed since plan"
    for arguments in (["approve", "--yes", shown[1]["plan_id"][:12]], ["run", "--resume", "last", "--yes"]):
        answer = inline(*arguments)
        assert answer.code == 1 and words in answer.err, (arguments, answer)
        assert "references/spec_template_evaluate.yaml changed" in answer.err and answer.err.count("\n") == 1


def test_a_resumed_chain_takes_no_new_wishes(inline: Command) -> None:
    for options, named in (
        (["--set", "num_epochs=3"], "--set"),
        (["--platform", "docker", "--gpus", "0"], "--platform, --gpus"),
        (["--results-root", "/r"], "--results-root"),
    ):
        refused = inline("run", "--resume", "last", *options, "--yes")
        assert refused.code == 2 and f"leave out {named}," in refused.err


def test_terms_that_no_launch_can_have_are_refused_first(inline: Command, data: Path) -> None:
    for options, why in (
        (["--checkpoint", "bst"], "did you mean 'best'?"),
        (["--checkpoint", ""], "say best, latest or an epoch"),
        (["--checkpoint", "-1"], "say best, latest or an epoch"),
        (["--retries", "-1"], "a number from 0"),
        (["--on-oom", "retry"], "stop or reduce-batch"),
    ):
        refused = inline("run", *chain(data), *options, "--yes")
        assert refused.code == 2 and why in refused.err
        assert "Traceback" not in refused.err
    assert inline("approve", "--yes", "abc:checkpoint=bst").code == 2
