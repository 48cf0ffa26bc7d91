from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillbank.jobs.metrics import StatusReader, find_status_file, metric_direction, read_status

LINES: list[dict[str, Any]] = [
    {"status": "STARTED", "message": "Starting training."},
    {
        "status": "RUNNING",
        "message": "Training loop in progress",
        "kpi": {
            "epoch": 0,
            "step": 10,
            "max_epoch": 2,
            "max_step": 20,
            "eta": "0:01:05.5",
            "time_per_epoch": "0:00:05",
        },
    },
    {"status": "RUNNING", "message": "Train metrics generated.", "kpi": {"train_loss": 2.5}},
    {
        "status": "RUNNING",
        "message": "Eval metrics generated.",
        "kpi": {"val_mAP50": 0.5, "val_loss": float("nan")},
    },
    {"status": "RUNNING", "message": "Training loop in progress", "kpi": {"epoch": 1, "step": 20, "eta": 3}},
    {"status": "RUNNING", "message": "Eval metrics generated: é", "kpi": {"val_mAP50": "0.75", "note": "x"}},
    {"status": "SUCCESS", "message": "done"},
]
TEXT = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in LINES)


def test_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(TEXT)
    reader = StatusReader(path)
    assert reader.poll() and not reader.poll()
    seen = reader.progress
    assert (seen.status, seen.epoch, seen.max_epoch, seen.step, seen.max_step) == ("SUCCESS", 1, 2, 20, 20)
    assert (seen.loss, seen.eta_s) == (2.5, 3.0)
    assert seen.metrics == {"train_loss": 2.5, "val_mAP50": 0.75}
    assert [(e.epoch, e.values) for e in reader.epochs] == [
        (0, {"train_loss": 2.5, "val_mAP50": 0.5}),
        (1, {"val_mAP50": 0.75}),
    ]
    assert reader.failure is None


def test_every_prefix_is_read_without_error_and_continued(tmp_path: Path) -> None:
    path, whole = tmp_path / "status.json", tmp_path / "whole.json"
    whole.write_bytes(TEXT)
    expected = StatusReader(whole)
    expected.poll()
    for cut in range(len(TEXT) + 1):
        path.write_bytes(TEXT[:cut])
        reader = StatusReader(path)
        reader.poll()
        lines = TEXT[:cut].count(b"\n") + (TEXT[cut : cut + 1] == b"\n")
        assert reader.progress.message == (LINES[lines - 1]["message"] if lines else "")
        path.write_bytes(TEXT)
        reader.poll()
        assert (reader.progress, reader.epochs) == (expected.progress, expected.epochs)


def test_a_file_started_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(TEXT)
    reader = StatusReader(path)
    reader.poll()
    path.write_text('{"status": "FAILURE", "message": "no such label: cat"}\n')
    assert reader.poll()
    assert (reader.epochs, reader.failure, reader.progress.max_epoch) == ([], "no such label: cat", None)
    with path.open("a") as file:
        file.write('{"status": "STARTED", "message": "again"}\n')
    assert reader.poll() and reader.failure is None


def test_what_is_no_line_of_it_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(b'[1]\n\nnonsense\n{"kpi": 3}\n\xff\xfe\n' + b"[" * 5000 + b"\n")
    reader = StatusReader(path)
    assert reader.poll()
    assert reader.progress.metrics == {}
    assert not StatusReader(tmp_path / "none.json").poll()


def test_epochs_that_count_from_one_are_counted_from_zero(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    rows = [{"epoch": e, "max_epoch": 3, "val_mAP": e / 10} for e in (1, 2, 3)]
    path.write_text("".join(json.dumps({"status": "RUNNING", "kpi": row}) + "\n" for row in rows))
    reader = StatusReader(path)
    reader.poll()
    assert [e.epoch for e in reader.epochs] == [0, 1, 2]


def test_where_the_file_is(tmp_path: Path) -> None:
    assert find_status_file(tmp_path, "train") is None
    for name in ("job", "other", "."):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "status.json").write_text("")
        assert find_status_file(tmp_path, "train") == (
            None if name == "job" else tmp_path / name / "status.json"
        )
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "status.json").write_bytes(TEXT)
    assert read_status(tmp_path, "train").progress.status == "SUCCESS"


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val_mAP50", "maximize"),
        ("train_loss", "minimize"),
        ("val_error", "minimize"),
        ("val_acc", "maximize"),
    ],
)
def test_direction(name: str, direction: str) -> None:
    assert metric_direction(name) == direction
