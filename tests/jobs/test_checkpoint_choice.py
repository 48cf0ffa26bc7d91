from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.errors import ParentError, UsageError
from skillbank.jobs.checkpoints import Candidate, choose, model_of, resumable, scan
from skillbank.jobs.metrics import EpochMetrics


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def name_of(epoch: int | None, step: int) -> str:
    return f"model_epoch_{epoch:03d}_step_{step:05d}.pth" if epoch is not None else f"part_step_{step}.pth"


CANDIDATES = st.lists(
    st.builds(
        lambda epoch, step, link: Candidate.of(Path(name_of(epoch, step)), link),
        st.none() | st.integers(0, 12),
        st.integers(0, 99_999),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)
EPOCHS = st.lists(
    st.builds(lambda e, v: EpochMetrics(e, {"m": v}), st.integers(0, 12), st.floats(0, 1)), max_size=6
)


@given(
    candidates=CANDIDATES,
    epochs=EPOCHS,
    method=st.sampled_from(["auto", "best", "latest", "3"]),
    data=st.data(),
)
def test_the_order_of_the_listing_plays_no_part(
    candidates: list[Candidate], epochs: list[EpochMetrics], method: str, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(candidates))
    first = choose(candidates, method=method, epochs=epochs, metric="m")
    assert first == choose(shuffled, method=method, epochs=epochs, metric="m")
    if first is not None and first.link:
        assert all(c.link for c in candidates)


@given(candidates=CANDIDATES)
def test_latest_is_the_greatest_epoch_then_step(candidates: list[Candidate]) -> None:
    real = [c for c in candidates if not c.link] or candidates
    latest = choose(candidates, method="latest")
    assert latest is not None
    order = [(-1 if c.epoch is None else c.epoch, -1 if c.step is None else c.step) for c in real]
    assert (-1 if latest.epoch is None else latest.epoch, -1 if latest.step is None else latest.step) == max(
        order
    )


def test_names() -> None:
    known = {
        "model_epoch_003_step_00120.pth": (3, 120),
        "epoch=3-step=120.ckpt": (3, 120),
        "student_epoch_007.pth": (7, None),
        "best_accuracy.pth": (None, None),
        "dino_model_latest.pth": (None, None),
    }
    for name, (epoch, step) in known.items():
        found = Candidate.of(Path(name))
        assert (found.epoch, found.step) == (epoch, step)


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    touch(tmp_path, *(f"train/{name_of(epoch, epoch * 10)}" for epoch in range(4)))
    touch(
        tmp_path,
        "inputs/model_epoch_900.pth",
        "ptm/model_epoch_901.pth",
        "train/lightning_logs/epoch=902.ckpt",
    )
    touch(tmp_path, "job/model_epoch_903.pth", "train/.hidden_epoch_904.pth", "train/status.json")
    (tmp_path / "train/gdino_model_latest.pth").symlink_to("model_epoch_003_step_00030.pth")
    (tmp_path / "train/model_epoch_905_step_00001.pth").touch()
    return tmp_path


METRICS = [EpochMetrics(0, {"m": 0.1}), EpochMetrics(1, {"m": 0.9}), EpochMetrics(9, {"m": 1.0})]


@pytest.mark.parametrize(
    ("method", "direction", "chosen"),
    [
        ("auto", "maximize", 1),
        ("best", "minimize", 0),
        ("latest", None, 3),
        ("0", None, 0),
        ("2", None, 2),
        ("4", None, 3),  # epoch 4 counted from one
    ],
)
def test_methods(trained: Path, method: str, direction: str | None, chosen: int) -> None:
    found = model_of("j", "train", trained, method=method, epochs=METRICS, metric="m", direction=direction)  # type: ignore[arg-type]
    assert found == trained / "train" / name_of(chosen, chosen * 10)


def test_auto_is_the_latest_without_a_metric(trained: Path) -> None:
    assert model_of("j", "train", trained, metric="m").name == name_of(3, 30)
    only_absent = [EpochMetrics(77, {"m": 1.0})]
    assert model_of("j", "train", trained, epochs=only_absent, metric="m").name == name_of(3, 30)


def test_errors_list_what_was_looked_at(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ParentError, match=r"'9'.*model_epoch_000_step_00000.pth"):
        model_of("j", "train", trained, method="9")
    with pytest.raises(ParentError, match="no checkpoint for 'best'"):
        model_of("j", "train", trained, method="best")
    with pytest.raises(ParentError, match=r"left no model \(\.onnx\)"):
        model_of("j", "export", trained)
    with pytest.raises(ParentError, match="left no model"):
        model_of("j", "train", tmp_path_factory.mktemp("empty"))
    with pytest.raises(UsageError, match="newest"):
        model_of("j", "train", trained, method="newest")


def test_a_link_is_the_last_resort(tmp_path: Path) -> None:
    touch(tmp_path, "job/weights.pth")
    (tmp_path / "model_latest.pth").symlink_to(tmp_path / "job/weights.pth")
    (tmp_path / "broken_latest.pth").symlink_to("nowhere.pth")
    assert model_of("j", "train", tmp_path) == tmp_path / "model_latest.pth"


def test_kinds_by_action(tmp_path: Path) -> None:
    touch(tmp_path, "a.pth", "export/model.onnx", "deploy/model.engine", "train/student_epoch_001.pth")
    touch(tmp_path, "train/teacher_epoch_005.pth", "prune/pruned_model.pth")
    assert model_of("j", "export", tmp_path).name == "model.onnx"
    assert model_of("j", "gen_trt_engine", tmp_path).name == "model.engine"
    assert model_of("j", "distill", tmp_path).name == "student_epoch_001.pth"
    assert model_of("j", "prune", tmp_path).name == "pruned_model.pth"
    assert model_of("j", "quantize", tmp_path).name == "teacher_epoch_005.pth"


def test_folders_that_are_one_model(tmp_path: Path) -> None:
    touch(tmp_path, "epoch_1/config.json", "epoch_1/model.safetensors", "epoch_1/model-2.safetensors")
    touch(tmp_path, "epoch=2-step=5.ckpt/shard_0.pt", "loose.safetensors")
    found = {str(c.path.relative_to(tmp_path)) for c in scan(tmp_path, "train")}
    assert found == {"epoch_1", "epoch=2-step=5.ckpt", "loose.safetensors"}
    assert model_of("j", "train", tmp_path).name == "epoch=2-step=5.ckpt"


def test_resume_takes_the_newest_that_was_written_to_its_end(tmp_path: Path) -> None:
    assert resumable(tmp_path) is None
    for epoch in range(3):
        with zipfile.ZipFile(tmp_path / name_of(epoch, 1), "w") as archive:
            archive.writestr("data.pkl", b"0" * 1000)
    newest = tmp_path / name_of(2, 1)
    newest.write_bytes(newest.read_bytes()[:-30])
    assert resumable(tmp_path) == tmp_path / name_of(1, 1)


def test_best_by_name_counts_when_no_metric_does(tmp_path: Path) -> None:
    touch(tmp_path, "iter_accuracy.pth", "best_accuracy.pth")
    assert model_of("j", "train", tmp_path, method="best").name == "best_accuracy.pth"
    assert model_of("j", "train", tmp_path).name == "best_accuracy.pth"
