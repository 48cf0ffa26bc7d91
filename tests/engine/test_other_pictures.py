"""A training that goes on with other pictures than it began with."""

import shutil
from pathlib import Path

import pytest

from skillbank_engine.training.loading import EpochBatches
from skillbank_engine.training.saving import Position, recounted
from tests.engine.conftest import Run, status_lines

STEPS = ("train.checkpoint_interval_unit=step", "train.checkpoint_interval=1")


@pytest.mark.parametrize(
    ("size", "count", "batches"),
    [(4, 15, 3), (4, 8, 1), (4, 60, 12), (2, 15, 6), (4, 1, 0), (8, 16, 1)],
    ids=["the same", "fewer", "more", "smaller batches", "one", "larger batches and more"],
)
def test_the_place_in_an_epoch_is_counted_anew(size: int, count: int, batches: int) -> None:
    now = EpochBatches(count, size, seed=0)
    found = recounted(Position(2, 3, 11, 6.0), 4, 15, now)
    assert (found.epoch, found.batches, found.loss_sum) == (2, batches, 2.0 * batches)
    assert found.step == 2 * now.batches + batches
    ended = recounted(Position(2, 0, 8, 0.0), 4, 15, now)
    assert (ended.batches, ended.step, ended.loss_sum) == (0, 2 * now.batches, 0.0)


def test_fewer_pictures_are_trained_on_as_many_epochs(
    toy: Run, tmp_path: Path, colours: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert toy("train", "train.num_epochs=1", *STEPS) == 0
    fewer = tmp_path / "fewer"
    shutil.copytree(colours, fewer)
    for name in ("blue", "green", "red"):
        for number in range(2, 5):
            (fewer / "train" / name / f"{number}.png").unlink()
    # Three batches of four: as many as the smaller set has in an epoch and a half.
    begun = tmp_path / "results" / "train" / "model_epoch_000_step_00003.pth"
    words = (f"train.resume_training_checkpoint_path={begun}", f"results_dir={tmp_path / 'other'}")
    assert toy("train", "train.num_epochs=3", f"dataset.root={fewer}", *words) == 0
    lines = [
        line for line in status_lines(tmp_path / "other" / "train") if "train_loss" in line.get("kpi", {})
    ]
    assert [line["step"] for line in lines] == [2, 4, 6]
    assert all(line["gradient_norm"] > 0 for line in lines), "every epoch has trained"
    said = capsys.readouterr().err
    assert "made with 15 pictures in batches of 4 in all, now there are 6 in batches of 4" in said
    assert "some come twice, and others not" in said
