"""The program on real data sets: what it leaves, what it says while it works, and how it ends."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
import yaml

from skillbank.data_program.status import StatusLog
from skillbank.datasets.opening import open_place
from skillbank.datasets.progress import Step
from skillbank.jobs.metrics import read_status
from tests.data_program.conftest import CLASSES, CocoFolder, Program
from tests.datasets.reading import Found, boxes


def held(place: Path, split: str) -> Found:
    return {Path(name).name: found for name, found in boxes(open_place(place).data, split).items()}


def test_a_check_of_good_data_says_what_it_holds(data: CocoFolder, program: Program) -> None:
    done = program("check", data.root)
    assert done.code == 0 and done.report["ok"] and done.report["errors"] == []
    assert [each["pictures"] for each in done.report["splits"]] == [12, 4]
    assert "| train | 12 | 0 | 12 |" in done.told and "| val (valid) | 4 | 0 | 4 |" in done.told
    assert all(name in done.told for name in CLASSES)
    assert "No errors" in done.told
    assert "<html" in (done.folder / "dataset.html").read_text()
    first, *_, last = done.lines
    assert first["status"] == "STARTED" and last["status"] == "SUCCESS"
    assert last["kpi"] == {"pictures": 16, "boxes": 16, "classes": 3, "errors": 0, "warnings": 0}


def test_a_check_counts_every_kind_of_error_and_fails(data: CocoFolder, program: Program) -> None:
    (data.root / "train" / "train-003.jpg").write_bytes(b"no picture")
    (data.root / "train" / "train-004.jpg").unlink()
    data.add("valid", 4, boxes=[(5, 6, 0, 30), (5, 6, 20, 30)])
    done = program("check", data.root)
    kinds = {each["kind"]: each["count"] for each in done.report["errors"]}
    assert kinds == {"picture-missing": 1, "picture-broken": 1, "box-empty": 4}
    assert done.code == 1 and not done.report["ok"]
    last = done.lines[-1]
    assert last["status"] == "FAILURE" and last["kpi"]["errors"] == 6
    assert (
        last["message"].startswith("3 kinds of errors, first: pictures that")
        and "report.md" in last["message"]
    )
    assert all(f"(`{kind}`)" in done.told for kind in kinds)
    reader = read_status(done.folder.parent, "check")
    assert reader.failure == last["message"] and reader.progress.metrics["errors"] == 6


def test_errors_may_stand_in_the_report_alone(data: CocoFolder, program: Program) -> None:
    (data.root / "train" / "train-004.jpg").unlink()
    done = program("check", data.root, check={"on_errors": "report", "page": False})
    assert done.code == 0 and not done.report["ok"]
    assert done.lines[-1]["status"] == "SUCCESS" and done.lines[-1]["message"].startswith("an error: ")
    assert not (done.folder / "dataset.html").exists()


def test_without_decoding_that_is_said(data: CocoFolder, program: Program) -> None:
    file = data.root / "train" / "train-003.jpg"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    done = program("check", data.root, check={"decode": False, "page": False})
    assert done.code == 0 and "were not decoded" in done.told


@pytest.mark.parametrize("to", ["odvg", "coco", "yolo", "voc", "labelme", "csv"])
def test_a_converted_data_set_holds_the_same(data: CocoFolder, program: Program, to: str) -> None:
    done = program("convert", data.root, convert={"to": to})
    assert done.code == 0
    new = done.folder / "dataset"
    for split in ("train", "val"):
        assert held(new, split) == held(data.root, split)
    assert done.report["splits"]["train"]["pictures"] == 12 and done.report["ok"]
    assert "| train | 12 | 0 | 12 |" in done.told
    assert str(new) in done.lines[-1]["message"] and str(new) in done.told
    assert done.lines[-1]["kpi"] == {"pictures": 16, "boxes": 16, "classes": 3, "mended": 0}
    assert sorted(each.name for each in done.folder.iterdir()) == [
        "dataset",
        "report.json",
        "report.md",
        "status.json",
    ]


def test_one_split_alone_is_written(data: CocoFolder, program: Program) -> None:
    done = program("convert", data.root, dataset={"splits": ["valid"]}, convert={"to": "odvg"})
    assert list(done.report["splits"]) == ["val"]


def test_faults_refuse_a_conversion_and_all_are_reported(data: CocoFolder, program: Program) -> None:
    data.add("valid", 4, boxes=[(5, 6, 0, 30), (5, 6, 20, 30)])
    done = program("convert", data.root, convert={"to": "coco"})
    assert done.code == 1 and not (done.folder / "dataset").exists()
    assert done.report["errors"][0]["kind"] == "box-empty" and done.report["errors"][0]["count"] == 4
    last = done.lines[-1]
    assert last["status"] == "FAILURE" and last["message"].startswith("nothing was written: an error: ")
    assert "dataset.on_broken=skip" in last["message"]


def test_what_is_broken_is_left_out_and_counted(data: CocoFolder, program: Program) -> None:
    data.add("valid", 4, boxes=[(5, 6, 0, 30), (5, 6, 20, 30)])
    done = program("convert", data.root, dataset={"on_broken": "skip"}, convert={"to": "coco"})
    assert done.code == 0 and done.lines[-1]["kpi"]["mended"] == 4
    assert sum(map(len, held(done.folder / "dataset", "val").values())) == 4
    assert "boxes without width or height" in done.told and done.report["repairs"]["box-empty"]["count"] == 4


def test_a_start_after_another_writes_anew_and_touches_nothing_else(
    data: CocoFolder, program: Program
) -> None:
    first = program("convert", data.root, convert={"to": "coco"})
    again = program("convert", data.root, convert={"to": "odvg"})
    assert again.code == 0 and again.report["format"] == "odvg"
    shutil.rmtree(first.folder / "dataset")
    (first.folder / "dataset").mkdir()
    (first.folder / "dataset" / "mine.txt").write_text("not ours")
    refused = program("convert", data.root, convert={"to": "coco"})
    assert refused.code == 1 and "is there already" in refused.lines[-1]["message"]
    assert (first.folder / "dataset" / "mine.txt").exists()


def test_an_archive_with_a_folder_of_another_name_around_it(
    data: CocoFolder, program: Program, tmp_path: Path
) -> None:
    archive = tmp_path / "export.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(data.root, "my data set of june")
    unpacked = tmp_path / "unpacked"
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    for number, place in enumerate((archive, unpacked)):
        done = program("convert", place, f"results{number}", convert={"to": "coco"})
        assert done.code == 0 and done.lines[-1]["kpi"]["pictures"] == 16
        assert held(done.folder / "dataset", "train") == held(data.root, "train")


def test_pictures_without_annotations_are_no_data_set_to_convert(program: Program, tmp_path: Path) -> None:
    place = tmp_path / "nothing"
    place.mkdir()
    (place / "notes.docx").write_bytes(b"x")
    done = program("convert", place, convert={"to": "coco"})
    assert done.code == 1 and "holds no data set" in done.lines[-1]["message"]


def test_a_data_set_is_divided_by_its_seed(data: CocoFolder, program: Program) -> None:
    shutil.rmtree(data.root / "valid")
    wanted = {"val": "3", "test": "25%", "by": "picture", "seed": 4}
    done = program("split", data.root / "train", split=wanted)
    assert done.code == 0
    assert {name: each["pictures"] for name, each in done.report["splits"].items()} == {
        "train": 6,
        "val": 3,
        "test": 3,
    }
    again = program("split", data.root / "train", "again", split=wanted)
    for split in ("train", "val", "test"):
        assert held(again.folder / "dataset", split) == held(done.folder / "dataset", split)
    assert done.report["division"]["seed"] == 4


def test_what_is_divided_already_is_refused_in_words_of_the_spec(data: CocoFolder, program: Program) -> None:
    done = program("split", data.root)
    assert done.code == 1 and "split.again=true" in done.lines[-1]["message"]
    assert "--" not in done.lines[-1]["message"]
    assert program("split", data.root, split={"again": True}).code == 0
    named = program("split", data.root, dataset={"splits": ["train"]})
    assert named.code == 1 and "name its folder" in named.lines[-1]["message"]


def test_status_says_how_far_it_is_and_not_too_often(tmp_path: Path) -> None:
    status = StatusLog(tmp_path)
    for done in range(1001):
        status.step(Step("pictures decoded", done, 1000))
    status.step(Step("writing", 10))
    lines = [json.loads(line) for line in (tmp_path / "status.json").read_text().splitlines()]
    assert len(lines) < 20
    assert lines[-2]["message"] == "pictures decoded: 1,000 of 1,000"
    assert (lines[-2]["step"], lines[-2]["max_step"]) == (1000, 1000)
    assert lines[-1]["message"] == "writing: 10" and "max_step" not in lines[-1]


def test_a_wrong_spec_ends_the_command_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text("results_dir: /r\n")
    command = [sys.executable, "-m", "skillbank", "data", "program", "convert", "-e", f"{tmp_path}/spec.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "dataset.place and convert.to has no value yet" in done.stderr


@pytest.mark.slow
def test_a_canceled_job_takes_its_unfinished_folders_with_it(tmp_path: Path) -> None:
    made = CocoFolder(tmp_path / "data")
    made.add("train", 1500)
    spec = {
        "results_dir": str(tmp_path / "results"),
        "dataset": {"place": str(made.root)},
        "convert": {"to": "coco", "pictures": "copy"},
    }
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
    folder = tmp_path / "results" / "convert"
    command = [sys.executable, "-m", "skillbank", "data", "program", "convert", "-e", f"{tmp_path}/spec.yaml"]
    with subprocess.Popen(command) as running:
        deadline = time.monotonic() + 60
        while not list(folder.glob(".dataset-*")) and time.monotonic() < deadline:
            time.sleep(0.002)
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 128 + signal.SIGTERM
    assert [each.name for each in folder.iterdir()] == ["status.json"]
