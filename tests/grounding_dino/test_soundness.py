"""A training that comes to nothing says so: numbers that overflow, no epoch left, nothing to measure."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from skillbank_engine.errors import DataError, WeightsError
from skillbank_engine.families.grounding_dino.__main__ import main
from skillbank_engine.families.grounding_dino.checkpoint import read_checkpoint
from skillbank_engine.families.grounding_dino.config import GROUNDING_DINO, build_spec
from skillbank_engine.finite import first_not_finite
from skillbank_engine.profile import prepare_start
from skillbank_engine.training.run import TrainingRun
from skillbank_engine.training.saving import Keeper
from tests.grounding_dino.conftest import LATEST, TINY_OVERRIDES, data_block, status_lines

BIAS = "network.model.text_projection.bias"


@pytest.fixture
def spec_file(tmp_path: Path, shapes: Path) -> Path:
    path = tmp_path / "spec.yaml"
    document = {"results_dir": str(tmp_path / "results"), "dataset": data_block(shapes)}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def train(spec_file: Path, *more: str) -> int:
    return main(["train", "-e", str(spec_file), *TINY_OVERRIDES, "train.num_epochs=1", *more])


def folder_of(spec_file: Path) -> Path:
    return spec_file.parent / "results" / "train"


def last_message(spec_file: Path) -> str:
    line = status_lines(folder_of(spec_file))[-1]
    assert line["status"] == "FAILURE"
    return str(line["message"])


def poison(folder: Path) -> None:
    """Put a number that is none into the newest checkpoint, as a diverged training once left it."""
    path = (folder / LATEST).resolve()
    document = torch.load(path, weights_only=True)
    document["weights"][BIAS][3] = torch.nan
    torch.save(document, path)


@pytest.mark.slow
def test_a_run_that_diverges_fails_and_leaves_sound_weights(spec_file: Path) -> None:
    wild = ["train.optim.optimizer=SGD", "train.optim.lr=1", "train.optim.lr_backbone=1"]
    wild += ["train.clip_grad_norm=0", "engine.warmup_steps=0", "train.checkpoint_interval_unit=step"]
    assert train(spec_file, *wild, "train.num_epochs=40") == 1
    assert "not finite at step" in last_message(spec_file) or "The loss became" in last_message(spec_file)
    for path in folder_of(spec_file).glob("model_*.pth"):
        assert first_not_finite(read_checkpoint(path, "test").weights) is None


@pytest.mark.slow
def test_weights_that_are_no_numbers_are_not_written(
    spec_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step = TrainingRun._step

    def breaking(self: TrainingRun[Any], batch: Any) -> float:
        loss = step(self, batch)
        with torch.no_grad():
            self.task.module.get_parameter(BIAS)[0] = torch.inf
        return loss

    monkeypatch.setattr(TrainingRun, "_step", breaking)
    # At an interval, and when something else ends the run.
    assert train(spec_file, "train.checkpoint_interval_unit=step") == 1
    assert "weights of feat_map.bias are not finite after step 1" in last_message(spec_file)

    def stopping(self: TrainingRun[Any], batch: Any) -> float:
        if self.position.step == 1:
            raise RuntimeError("out of memory")
        return breaking(self, batch)

    monkeypatch.setattr(TrainingRun, "_step", stopping)
    assert train(spec_file) == 1
    assert "out of memory" in last_message(spec_file)
    assert "nothing was saved: The weights of feat_map.bias" in capsys.readouterr().err
    assert not list(folder_of(spec_file).glob("*.pth"))


@pytest.mark.slow
def test_an_optimiser_that_overflowed_is_not_written(
    spec_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Keeper.save

    def breaking(self: Keeper, *arguments: Any) -> Path:
        state: Any = self.optimizer.state[self.task.module.get_parameter(BIAS)]
        state["exp_avg_sq"].fill_(torch.inf)
        return save(self, *arguments)

    monkeypatch.setattr(Keeper, "save", breaking)
    assert train(spec_file) == 1
    assert "The weights of feat_map.bias are not finite after step 3" in last_message(spec_file)


@pytest.mark.slow
def test_nothing_goes_on_from_weights_that_are_no_numbers(spec_file: Path) -> None:
    assert train(spec_file) == 0
    poison(folder_of(spec_file))
    assert train(spec_file, "train.num_epochs=2") == 1
    assert "weights of feat_map.bias are not finite" in last_message(spec_file)
    with pytest.raises(WeightsError, match="are not finite"):
        read_checkpoint(folder_of(spec_file) / LATEST, "evaluate.checkpoint")
    named = f"train.pretrained_model_path={folder_of(spec_file) / LATEST}"
    assert train(spec_file, named, f"results_dir={spec_file.parent / 'fine'}") == 1


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["epoch", "step"])
def test_fp16_that_never_takes_a_step_fails(
    spec_file: Path, monkeypatch: pytest.MonkeyPatch, unit: str
) -> None:
    """Nothing is kept of it either: the same command would pass for carried out before."""
    from skillbank_engine.device import Compute

    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**126)
    monkeypatch.setattr(Compute, "scaler", lambda _self: scaler)
    kept = f"train.checkpoint_interval_unit={unit}"
    for _ in range(2):
        assert train(spec_file, kept) == 1
        assert "All 3 steps overflowed in fp16 and changed nothing" in last_message(spec_file)
        assert not list(folder_of(spec_file).glob("*.pth"))
    said = next(line for line in status_lines(folder_of(spec_file)) if "skipped_steps" in line)
    assert said["skipped_steps"] == 3


@pytest.mark.slow
def test_with_no_epoch_left_only_the_same_command_passes(spec_file: Path) -> None:
    assert train(spec_file, "train.num_epochs=2") == 0
    checkpoint = (folder_of(spec_file) / LATEST).resolve()
    assert train(spec_file, "train.num_epochs=2") == 0
    assert "carried out before" in status_lines(folder_of(spec_file))[-2]["message"]
    assert train(spec_file) == 1
    assert "2 epochs behind it and train.num_epochs is 1" in last_message(spec_file)
    assert train(spec_file, "train.num_epochs=2", "train.optim.lr=0.01") == 1
    assert "train.optim.lr was 0.0015 and is 0.01" in last_message(spec_file)
    elsewhere = [f"results_dir={spec_file.parent / 'other'}", "train.num_epochs=2"]
    assert train(spec_file, *elsewhere, f"train.resume_training_checkpoint_path={checkpoint}") == 1
    line = status_lines(spec_file.parent / "other" / "train")[-1]
    assert "set train.num_epochs above 2" in line["message"]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["no box", "no box of a class"])
def test_without_a_box_nothing_is_measured(spec_file: Path, how: str) -> None:
    document = yaml.safe_load(spec_file.read_text(encoding="utf-8"))
    source = Path(document["dataset"]["val_data_sources"]["json_file"])
    coco = json.loads(source.read_text(encoding="utf-8"))
    kept = [] if how == "no box" else [a for a in coco["annotations"] if a["category_id"] != 2]
    place = spec_file.parent / "annotations.json"
    place.write_text(json.dumps({**coco, "annotations": kept}), encoding="utf-8")
    words = [f"dataset.val_data_sources.json_file={place}", f"dataset.test_data_sources.json_file={place}"]
    if how != "no box":
        words.append("dataset.eval_class_ids=[2]")
    assert train(spec_file, *words) == 0
    lines = status_lines(folder_of(spec_file))
    assert any("Nothing to measure: the annotations of dataset.val_data" in line["message"] for line in lines)
    assert not [name for line in lines for name in line.get("kpi", {}) if name.startswith("val")]
    checkpoint = f"evaluate.checkpoint={folder_of(spec_file) / LATEST}"
    assert main(["evaluate", "-e", str(spec_file), checkpoint, *words]) == 1
    evaluated = spec_file.parent / "results" / "evaluate"
    assert status_lines(evaluated)[-1]["message"].startswith("Nothing to measure: the annotations of")
    assert not (evaluated / "metrics.json").exists()
    # An id that is not there is no class without boxes.
    assert train(spec_file, *words, "dataset.eval_class_ids=[99]") == 1
    assert "has an id that the annotations lack" in last_message(spec_file)


def test_training_pictures_without_a_box_are_refused(tmp_path: Path, shapes: Path) -> None:
    from skillbank_engine.families.grounding_dino.data.odvg import read_training_set

    [source] = data_block(shapes)["train_data_sources"]
    lines = Path(source["json_file"]).read_text(encoding="utf-8").splitlines()
    bare = [{**json.loads(line), "detection": {"instances": []}} for line in lines]
    place = tmp_path / "bare.jsonl"
    place.write_text("\n".join(json.dumps(line) for line in bare), encoding="utf-8")
    spec = build_spec("train", {"dataset": {"train_data_sources": [{**source, "json_file": str(place)}]}})
    with pytest.raises(DataError, match="12 pictures but not one box"):
        read_training_set(spec.dataset.train_data_sources)


def test_a_start_from_random_numbers() -> None:
    spec = build_spec("train", {})
    prepared, changed = prepare_start(GROUNDING_DINO, spec, "train", [])
    assert changed == {
        "model.log_scale": "-3.47",
        "model.class_embed_bias": True,
        "engine.warmup_steps": 100,
    }
    assert prepared.model.class_embed_bias
    assert not spec.model.class_embed_bias
    # What somebody typed, or set to something else, stays.
    words = ["model.log_scale=none", "engine.warmup_steps=7"]
    kept, changed = prepare_start(GROUNDING_DINO, build_spec("train", {}, words), "train", words)
    assert changed == {"model.class_embed_bias": True}
    assert (kept.model.log_scale, kept.engine.warmup_steps) == ("none", 7)
    pretrained = build_spec("train", {"train": {"pretrained_model_path": "x.pth"}})
    assert prepare_start(GROUNDING_DINO, pretrained, "train", []) == (pretrained, {})
