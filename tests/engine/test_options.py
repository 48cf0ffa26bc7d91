"""What the frame offers every training: accumulation, an average of the weights, early stopping, the best."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from skillbank_engine.errors import EngineError
from skillbank_engine.training.averaging import WeightAverage
from skillbank_engine.training.run import TrainingRun
from skillbank_engine.training.stopping import BestSoFar
from tests.engine.conftest import Run, status_lines

LATEST = "toy_model_latest.pth"


def document(folder: Path, name: str = LATEST) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(folder / name, weights_only=True)
    return found


def weights(folder: Path, name: str = LATEST) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = document(folder, name)["weights"]
    return found


def losses(folder: Path) -> list[float]:
    return [line["kpi"]["train_loss"] for line in status_lines(folder) if "train_loss" in line.get("kpi", {})]


def close(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], rtol=1e-4, atol=1e-6, msg=name)


def test_accumulated_batches_are_one_large_batch(toy: Run, tmp_path: Path) -> None:
    # 15 pictures: the last step of each epoch has 7, in unequal batches.
    plain = ["train.num_epochs=3", "train.optim.optimizer=SGD"]
    large, small = tmp_path / "large", tmp_path / "small"
    assert toy("train", *plain, "dataset.batch_size=8", f"train.results_dir={large}") == 0
    words = ["dataset.batch_size=2", "engine.accumulate=4", f"train.results_dir={small}"]
    assert toy("train", *plain, *words) == 0
    close(weights(large), weights(small))
    assert losses(large) == pytest.approx(losses(small), rel=1e-4)
    assert document(small)["step"] == document(large)["step"] == 6


def test_threads_accumulate_too(toy: Run, tmp_path: Path) -> None:
    words = ["train.num_epochs=2", "engine.profile=small", "model.hidden=8", "train.optim.optimizer=SGD"]
    for name, more in (
        ("one", ["dataset.batch_size=8"]),
        ("two", ["engine.accumulate=2", "engine.threads=2"]),
    ):
        assert (
            toy("train", *words, "dataset.batch_size=4", *more, f"train.results_dir={tmp_path / name}") == 0
        )
    close(weights(tmp_path / "one"), weights(tmp_path / "two"))


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        pytest.param(["dataset.batch_size=7"], 4, id="the last batch"),
        pytest.param(["dataset.batch_size=1"], 0, id="all batches"),
        pytest.param(["dataset.batch_size=2", "engine.accumulate=7"], 14, id="an accumulated batch"),
        pytest.param(
            ["dataset.batch_size=7", "engine.processes=2"], 2, id="a process", marks=pytest.mark.slow
        ),
    ],
)
def test_a_batch_norm_that_gets_one_picture_uses_what_it_has_learned(
    toy: Run, tmp_path: Path, words: list[str], seen: int
) -> None:
    folder = tmp_path / "one"
    more = ["model.norm=batch", "train.num_epochs=2", f"train.results_dir={folder}"]
    assert toy("train", *more, *words) == 0
    told = [line for line in status_lines(folder) if "running statistics" in line["message"]]
    assert len(told) == 1
    # Batches of one teach it nothing, all others do.
    assert weights(folder)["norm.num_batches_tracked"] == seen
    assert all(value.isfinite().all() for value in weights(folder).values())


@pytest.mark.slow
def test_processes_accumulate_too(toy: Run, tmp_path: Path) -> None:
    plain = [
        "train.num_epochs=2",
        "train.optim.optimizer=SGD",
        "engine.ema_decay=0.9",
        "engine.keep_best=true",
    ]
    assert toy("train", *plain, "dataset.batch_size=8", f"train.results_dir={tmp_path / 'one'}") == 0
    words = ["dataset.batch_size=2", "engine.accumulate=2", "engine.processes=2"]
    assert toy("train", *plain, *words, f"train.results_dir={tmp_path / 'two'}") == 0
    close(weights(tmp_path / "one"), weights(tmp_path / "two"))
    assert (tmp_path / "two" / "best.pth").is_symlink()


def test_the_average_is_what_is_measured_and_saved(toy: Run, tmp_path: Path) -> None:
    words = ["train.num_epochs=4", "model.norm=batch", "engine.profile=full"]
    plain, averaged = tmp_path / "plain", tmp_path / "averaged"
    assert toy("train", *words, f"train.results_dir={plain}") == 0
    assert toy("train", *words, "engine.ema_decay=0.9", f"train.results_dir={averaged}") == 0
    # Training goes the same way; what is used differs, statistics of the BatchNorm included.
    assert losses(plain) == losses(averaged)
    kept = document(averaged)
    own = kept["training"]["average"]["weights"]
    close(own, weights(plain))
    for name in ("body.weight", "norm.running_mean"):
        assert not torch.allclose(kept["weights"][name], own[name])
    assert "average" not in document(plain)["training"]


def test_an_average_goes_on_where_it_stopped(
    toy: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train.num_epochs=3", "engine.ema_decay=0.9", "engine.keep_best=true", "model.norm=batch"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert toy("train", *words, f"train.results_dir={whole}") == 0
    step = TrainingRun._step

    def failing(self: TrainingRun[Any], batches: Any) -> float:
        if self.position.step == 6:
            raise RuntimeError("out of memory")
        return step(self, batches)

    monkeypatch.setattr(TrainingRun, "_step", failing)
    assert toy("train", *words, f"train.results_dir={parts}") == 1
    monkeypatch.setattr(TrainingRun, "_step", step)
    assert toy("train", *words, f"train.results_dir={parts}") == 0
    assert all(torch.equal(value, weights(parts)[name]) for name, value in weights(whole).items())
    assert losses(whole) == losses(parts)
    assert (whole / "best.pth").readlink() == (parts / "best.pth").readlink()
    # Without an average the run goes on with the weights that were trained, and says so.
    more = ["train.num_epochs=4", "engine.ema_decay=0", f"train.results_dir={parts}"]
    assert toy("train", *words, *more) == 0
    assert "average" not in document(parts)["training"]


def test_training_ends_where_nothing_gets_better(
    toy: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "results" / "train"
    words = ["train.num_epochs=30", "train.optim.lr=1e-12", "engine.early_stopping=3"]
    assert toy("train", *words) == 0
    lines = status_lines(folder)
    said = " ".join(line["message"] for line in lines)
    assert "val_top1 was best in epoch 1 (" in said and "training ends early" in said
    assert max(line["epoch"] for line in lines if "epoch" in line) == 3
    assert (folder / LATEST).readlink() == Path("model_epoch_003_step_00016.pth")
    assert (folder / "best.pth").readlink() == Path("model_epoch_000_step_00004.pth")
    # The same command has nothing left to do; with more patience it goes on.
    assert toy("train", *words) == 0
    assert "carried out before" in status_lines(folder)[-2]["message"]
    assert toy("train", *words, "engine.early_stopping=4") == 0
    assert (folder / LATEST).readlink() == Path("model_epoch_004_step_00020.pth")
    assert toy("train", *words, "engine.early_stopping_metric=val_mIoU", f"results_dir={tmp_path / 'x'}") == 1
    assert "val_mIoU is not measured: choose one of val_top1" in capsys.readouterr().err


def test_the_best_is_kept_between_the_intervals(toy: Run, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "train"
    words = ["train.num_epochs=8", "train.checkpoint_interval=4", "engine.keep_best=true"]
    assert toy("train", *words) == 0
    best = (folder / "best.pth").readlink().name
    measured = [line["kpi"]["val_top1"] for line in status_lines(folder) if "val_top1" in line.get("kpi", {})]
    assert best.startswith(f"model_epoch_{measured.index(max(measured)):03d}_")
    # Beside it only what the interval keeps: earlier best ones are gone.
    kept = {path.name for path in folder.glob("model_*.pth")}
    assert kept == {"model_epoch_003_step_00016.pth", "model_epoch_007_step_00032.pth", best}


def test_the_best_so_far() -> None:
    best = BestSoFar("val_loss", higher=False, patience=2)
    assert [best.heed({"val_loss": value}, n) for n, value in enumerate((3.0, 2.0, 2.5, float("nan")))] == [
        True,
        True,
        False,
        False,
    ]
    assert best.over and (best.value, best.epoch) == (2.0, 1)
    other = BestSoFar("val_loss", higher=False, patience=3)
    other.load(best.state())
    assert (other.value, other.since, other.over) == (2.0, 2, False)
    other = BestSoFar("val_top1", higher=True)
    other.load(best.state())
    assert other.epoch == -1
    with pytest.raises(EngineError, match="choose one of a, b"):
        best.heed({"a": 1, "b": 2}, 4)


def test_an_average_forgets_slowly_and_not_its_start() -> None:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, 100.0)
    average = WeightAverage(layer, 0.999)
    nn.init.constant_(layer.weight, 1.0)
    for _ in range(20):
        average.update()
    with average.in_place():
        assert layer.weight.item() == pytest.approx(1.0, abs=0.2)
    assert layer.weight.item() == 1.0
