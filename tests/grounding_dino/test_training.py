"""Training runs: the status contract, going on where a run stopped, stopping politely."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from skillbank_engine.errors import WeightsError
from skillbank_engine.families.grounding_dino.__main__ import main
from skillbank_engine.families.grounding_dino.checkpoint import read_checkpoint
from tests.grounding_dino.conftest import LATEST, TINY_OVERRIDES, data_block, status_lines

pytestmark = pytest.mark.slow


@pytest.fixture
def spec_file(tmp_path: Path, shapes: Path) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(
        yaml.safe_dump({"results_dir": str(tmp_path / "results"), "dataset": data_block(shapes)}),
        encoding="utf-8",
    )
    return path


def train(spec_file: Path, *more: str) -> int:
    return main(["train", "-e", str(spec_file), *TINY_OVERRIDES, *more])


def weights(path: Path) -> dict[str, Any]:
    return read_checkpoint(path, "test").weights


def same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_status_contract(spec_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(spec_file, "train.num_epochs=2", "train.checkpoint_interval=2") == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[-1] == "Execution status: PASS"
    assert re.search(r"epoch 2/2  loss [\d.]+  val mAP50 [\d.]+ .* ETA 0:00:00", captured.err)
    folder = tmp_path / "results" / "train"
    lines = status_lines(folder)
    for line in lines:
        assert {"date", "time", "status", "verbosity", "message"} <= set(line)
    assert [line["status"] for line in lines] == ["STARTED"] + ["RUNNING"] * 7 + ["SUCCESS"]
    assert lines[1]["message"].startswith("Profile small: ")
    per_epoch = lines[5:8]
    assert [line["message"] for line in per_epoch] == [
        "Training loop in progress",
        "Train metrics generated.",
        "Eval metrics generated.",
    ]
    progress = per_epoch[0]
    assert (progress["epoch"], progress["max_epoch"], progress["step"], progress["max_step"]) == (1, 2, 6, 6)
    assert {"time_per_epoch", "time_per_step", "eta"} <= set(progress)
    assert set(per_epoch[1]["kpi"]) == {"train_loss"}
    assert set(per_epoch[2]["kpi"]) == {"val_mAP", "val_mAP50", "val_loss"}
    assert (folder / "model_epoch_001_step_00006.pth").is_file()
    assert not (folder / "model_epoch_000_step_00003.pth").exists()
    assert (folder / LATEST).readlink() == Path("model_epoch_001_step_00006.pth")
    used = yaml.safe_load((folder / "experiment.yaml").read_text(encoding="utf-8"))
    assert used["engine"]["profile"] == "small"
    assert used["model"]["dec_layers"] == 2
    # Nothing but the complete files is left.
    assert sorted(path.name for path in folder.iterdir()) == [
        "experiment.yaml",
        LATEST,
        "model_epoch_001_step_00006.pth",
        "status.json",
    ]


@pytest.mark.slow
def test_resuming_equals_not_having_stopped(
    spec_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train(spec_file, "train.num_epochs=3") == 0
    whole = tmp_path / "results" / "train"
    # Stop in the middle of the second epoch, as an exception would, and start the same command again.
    from skillbank_engine.training.run import TrainingRun

    step = TrainingRun._step

    def failing(self: TrainingRun[Any], batch: Any) -> float:
        if self.position.step == 4:
            raise RuntimeError("out of memory")
        return step(self, batch)

    monkeypatch.setattr(TrainingRun, "_step", failing)
    other = f"results_dir={tmp_path / 'other'}"
    assert train(spec_file, "train.num_epochs=3", other) == 1
    folder = tmp_path / "other" / "train"
    assert status_lines(folder)[-1]["status"] == "FAILURE"
    assert "out of memory" in status_lines(folder)[-1]["message"]
    assert (folder / LATEST).readlink() == Path("model_epoch_001_step_00004.pth")
    monkeypatch.setattr(TrainingRun, "_step", step)
    assert train(spec_file, "train.num_epochs=3", other) == 0
    name = "model_epoch_002_step_00009.pth"
    assert same(weights(whole / name), weights(folder / name))
    losses = [
        [line["kpi"]["train_loss"] for line in status_lines(place) if "train_loss" in line.get("kpi", {})]
        for place in (whole, folder)
    ]
    assert losses[0] == losses[1]
    # A named checkpoint does the same from another folder.
    third = f"results_dir={tmp_path / 'third'}"
    begin = f"train.resume_training_checkpoint_path={whole / 'model_epoch_000_step_00003.pth'}"
    assert train(spec_file, "train.num_epochs=3", third, begin) == 0
    assert same(weights(whole / name), weights(tmp_path / "third" / "train" / name))


def test_a_finished_run_is_not_repeated(spec_file: Path, tmp_path: Path) -> None:
    assert train(spec_file, "train.num_epochs=1") == 0
    folder = tmp_path / "results" / "train"
    before = (folder / LATEST).stat().st_mtime_ns
    assert train(spec_file, "train.num_epochs=1") == 0
    assert (folder / LATEST).stat().st_mtime_ns == before
    assert status_lines(folder)[-1]["status"] == "SUCCESS"


def test_another_model_cannot_go_on(
    spec_file: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert train(spec_file, "train.num_epochs=1") == 0
    assert train(spec_file, "train.num_epochs=2", "model.num_queries=13") == 1
    assert "num_queries 12 became 13" in capsys.readouterr().err
    assert train(spec_file, "train.resume_training_checkpoint_path=/none.pth") == 1
    assert "/none.pth, which is no file" in capsys.readouterr().err


@pytest.mark.slow
def test_checkpoints_start_other_runs(spec_file: Path, tmp_path: Path) -> None:
    assert train(spec_file, "train.num_epochs=1") == 0
    path = tmp_path / "results" / "train" / LATEST
    more = [f"results_dir={tmp_path / 'fine'}", f"train.pretrained_model_path={path}", "train.num_epochs=1"]
    freeze = "train.freeze=[backbone, bert]"
    assert train(spec_file, *more, freeze, "train.precision=bf16", "train.optim.optimizer=SGD") == 0
    before, after = weights(path), weights(tmp_path / "fine" / "train" / LATEST)
    name = "network.model.text_projection.weight"
    assert not torch.equal(before[name], after[name])
    still = [key for key in before if "text_backbone" in key or "conv_encoder" in key]
    assert still
    assert all(torch.equal(before[key], after[key]) for key in still)


def test_a_whole_model_and_a_backbone_exclude_each_other(
    spec_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = ("train.pretrained_model_path=/w/whole.pth", "model.pretrained_backbone_path=/w/backbone.pth")
    assert train(spec_file, *starts) == 1
    said = capsys.readouterr().err
    assert (
        "/w/whole.pth" in said
        and "model.pretrained_backbone_path (/w/backbone.pth) would not be read" in said
    )


def test_step_intervals_and_dry_runs(spec_file: Path, tmp_path: Path) -> None:
    assert train(spec_file, "train.is_dry_run=true") == 0
    folder = tmp_path / "results" / "train"
    assert not (folder / LATEST).exists()
    steps = ["train.checkpoint_interval_unit=step", "train.checkpoint_interval=2", "train.num_epochs=1"]
    assert train(spec_file, *steps, "train.optim.lr_scheduler=StepLR", "engine.lr_scheduler=spec") == 0
    names = sorted(path.name for path in folder.glob("model_*"))
    assert names == ["model_epoch_000_step_00002.pth", "model_epoch_000_step_00003.pth"]


@pytest.mark.parametrize(
    ("changes", "still"),
    [
        (
            ["engine.backbone=spec", "model.backbone=resnet_50"],
            "backbone.0.embedder, backbone.0.encoder.stages.0 keep the random weights that they start with, "
            "since they are not trained, and the backbone's BatchNorm has seen no data: name model.",
        ),
        (["model.train_backbone=false"], "backbone keep the random weights"),
        (["train.freeze=[feat_map]"], "feat_map keep the random weights"),
        ([], ""),
    ],
)
def test_random_weights_that_are_not_trained_are_said(
    spec_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: list[str], still: str
) -> None:
    assert train(spec_file, "train.is_dry_run=true", *changes) == 0
    messages = [line["message"] for line in status_lines(tmp_path / "results" / "train")]
    found = [message for message in messages if "random weights" in message]
    assert [message.startswith(still) for message in found] == ([True] if still else [])
    assert (" keep the random weights" in capsys.readouterr().err) == bool(still)


def test_a_loss_that_explodes_is_explained(
    spec_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import skillbank_engine.families.grounding_dino.task as task
    from skillbank_engine.families.grounding_dino.loss import detection_loss as real

    def broken(*arguments: Any, **more: Any) -> dict[str, torch.Tensor]:
        losses = real(*arguments, **more)
        return {**losses, "loss": losses["loss"] * float("nan")}

    monkeypatch.setattr(task, "detection_loss", broken)
    assert train(spec_file, "train.num_epochs=1") == 1
    last = status_lines(tmp_path / "results" / "train")[-1]
    assert "The loss became nan at step 0" in last["message"]
    assert "lower train.optim.lr" in last["message"]


@pytest.mark.slow
def test_sigterm_leaves_a_checkpoint(spec_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "train"
    command = [
        sys.executable,
        "-m",
        "skillbank_engine.families.grounding_dino",
        "train",
        "-e",
        str(spec_file),
        *TINY_OVERRIDES,
    ]
    process = subprocess.Popen(
        [*command, "train.num_epochs=1000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": "runtime"},
    )
    try:
        deadline = time.monotonic() + 120
        while not list(folder.glob("model_epoch_*")) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 1
    assert output.splitlines()[-1] == "Execution status: FAIL"
    last = status_lines(folder)[-1]
    assert last["status"] == "FAILURE"
    assert last["message"].startswith("The run was stopped by SIGTERM")
    checkpoint = read_checkpoint(folder / LATEST, "test")
    reported = max(line["step"] for line in status_lines(folder) if "step" in line)
    assert checkpoint.step >= reported


def test_checkpoints_that_are_none(tmp_path: Path) -> None:
    cases = {
        "text.pth": (b"hello", "cannot be read as a checkpoint"),
        "empty.pth": (b"", "cannot be read as a checkpoint"),
    }
    for name, (content, words) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(WeightsError, match=words):
            read_checkpoint(tmp_path / name, "evaluate.checkpoint")
    torch.save({"state_dict": {}}, tmp_path / "foreign.pth")
    with pytest.raises(WeightsError, match="is no checkpoint of this engine"):
        read_checkpoint(tmp_path / "foreign.pth", "evaluate.checkpoint")
    # Code in a pickle is never run.
    (tmp_path / "evil.pth").write_bytes(
        b"cos\nsystem\n(S'touch " + str(tmp_path / "hacked").encode() + b"'\ntR."
    )
    with pytest.raises(WeightsError):
        read_checkpoint(tmp_path / "evil.pth", "evaluate.checkpoint")
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("dataset.train_data_sources[0].image_dir=/none", r"train_data_sources\[0\].image_dir names /none"),
        ("dataset.val_data_sources.json_file=/none.json", "val_data_sources.json_file names /none.json"),
        ("train.freeze=[nothing]", "train.freeze names 'nothing'"),
        ("model.hidden_dim=48", "not a multiple of 32"),
        ("train.optim.lrr=1", r"train.optim.lrr is not a known key; did you mean train.optim.lr"),
    ],
)
def test_failures_are_one_sentence_everywhere(
    spec_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str, words: str
) -> None:
    assert train(spec_file, change) == 1
    captured = capsys.readouterr()
    errors = [line for line in captured.err.splitlines() if line.startswith("ERROR: ")]
    assert len(errors) == 1
    assert re.search(words, errors[0])
    assert captured.out.splitlines()[-1] == "Execution status: FAIL"
    last = json.loads((tmp_path / "results" / "train" / "status.json").read_text().splitlines()[-1])
    assert last["status"] == "FAILURE"
    assert re.search(words, last["message"])
