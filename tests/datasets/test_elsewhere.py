"""Data sets in a bucket, looked into as a plan is made or left to the launch: never without a word."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from skillbank.facade.composition import compose
from skillbank.jobs import data_elsewhere
from skillbank.jobs.checks import Checks, check
from skillbank.plan.model import Plan
from skillbank.storage import data_listing
from tests.datasets.running import _runtime, staged
from tests.datasets.test_in_a_run import coco, home, pictures, yolo
from tests.s3 import CREDENTIALS

__all__ = ["home"]

Put = Callable[[Path, str], str]


@pytest.fixture
def put(s3_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Put:
    """Bring a folder to a bucket of its own, and return where it lies."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3_server}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=s3_server)
    bucket = tmp_path.name.replace("_", "-").lower()[:60].strip("-")
    client.create_bucket(Bucket=bucket)

    def bring(folder: Path, name: str) -> str:
        for file in folder.rglob("*"):
            if file.is_file():
                client.upload_file(str(file), bucket, f"{name}/{file.relative_to(folder)}")
        return f"s3://{bucket}/{name}"

    return bring


def divided_coco(place: Path) -> Path:
    for seed, split in enumerate(("train", "val")):
        names = pictures(place / split, seed=seed)
        coco(place / f"annotations/instances_{split}.json", names)
    return place


def planned(place: str, *, looking: bool, **more: Any) -> tuple[Plan, Checks, list[str]]:
    """Plan a training as ``skillbank plan`` does, with ``--check`` or without."""
    with _runtime() as runtime:
        text = f"train Grounding DINO on {place}, no HPO, 1 epoch"
        requests, notes = compose(runtime, text, None, None, elsewhere=looking, **more)
        [plan] = runtime.plan(requests)
    return plan, check(plan, remote=looking), notes


@pytest.mark.parametrize(("make", "title"), [(divided_coco, "COCO"), (yolo, "YOLO")])
def test_it_is_looked_into_as_at_a_local_place(
    tmp_path: Path, put: Put, make: Callable[[Path], Path], title: str
) -> None:
    local = make(tmp_path / "set")
    place = put(local, "set")
    plan, seen, notes = planned(place, looking=True)
    assert {each.source for each in plan.inputs if each.place == place} == {"train_datasets", "eval_dataset"}
    assert any("is validated on its own split" in note for note in notes)
    here = [line.replace(str(local), place) for line in planned(str(local), looking=True)[1].data]
    assert list(seen.data) == here and f"is {title} (train): 4 pictures, 4 boxes" in here[0]
    assert not seen.problems and {each.state for each in seen.places} == {"made"}
    given = staged(plan)
    assert (len(given.training().records), len(given.validation().records)) == (4, 4)


def test_without_a_look_it_is_said_what_is_left_to_whom(tmp_path: Path, put: Put) -> None:
    place = put(divided_coco(tmp_path / "set"), "set")
    plan, seen, _ = planned(place, looking=False)
    assert not any(each.source == "eval_dataset" for each in plan.inputs)
    [note] = [note for note in seen.notes if place in note]
    assert "this plan validates on no split of it (its launch looks, and takes one)" in note
    assert "'skillbank plan --check' looks now" in note
    assert any("no eval data" in warning for warning in plan.warnings)


def test_faults_in_it_are_found_before_anything_is_brought(tmp_path: Path, put: Put) -> None:
    local = divided_coco(tmp_path / "set")
    file = local / "annotations/instances_train.json"
    document = json.loads(file.read_text())
    document["images"][0]["file_name"] = "gone.jpg"
    file.write_text(json.dumps(document))
    _, seen, _ = planned(put(local, "set"), looking=True)
    assert "gone.jpg" in " ".join(seen.problems)


def test_a_format_is_said_of_it_too(tmp_path: Path, put: Put) -> None:
    local = yolo(tmp_path / "set")
    for split in ("train", "val"):
        coco(local / f"annotations/instances_{split}.json", [f"p{i}.jpg" for i in range(4)])
    place = put(local, "set")
    _, seen, _ = planned(place, looking=True)
    assert "--format coco or yolo" in " ".join(seen.problems)
    plan, seen, _ = planned(place, looking=True, format="coco")
    assert not seen.problems and "is COCO (train)" in seen.data[0]
    assert {each.form for each in plan.inputs if each.place} == {"coco"}
    assert len(staged(plan).validation().records) == 4


def test_what_is_large_is_left_to_the_launch_with_a_word(
    tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = put(divided_coco(tmp_path / "set"), "set")
    monkeypatch.setattr(data_elsewhere, "AT_ONCE", 100)
    plan, seen, _ = planned(place, looking=True)
    assert any("large annotations" in note for note in seen.notes) and not seen.problems
    assert not any(each.source == "eval_dataset" for each in plan.inputs)
    assert any("no eval data" in warning for warning in plan.warnings)


def test_of_many_pictures_without_sizes_no_boxes_are_missed(
    tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = put(yolo(tmp_path / "set"), "set")
    monkeypatch.setattr(data_listing, "_MOST_HEADS", 1)
    plan, seen, _ = planned(place, looking=True)
    assert any(each.source == "eval_dataset" for each in plan.inputs), "its splits need no sizes"
    assert not seen.problems and any("looked into when a job is launched" in note for note in seen.notes)


def test_archives_are_left_to_the_launch_which_reads_them(tmp_path: Path, put: Put) -> None:
    local = divided_coco(tmp_path / "set")
    shutil.make_archive(str(local / "train"), "zip", local / "train")
    shutil.rmtree(local / "train")
    plan, seen, _ = planned(put(local, "half"), looking=True)
    assert not seen.problems and len(staged(plan).training().records) == 4
    whole = tmp_path / "whole"
    whole.mkdir()
    shutil.make_archive(str(whole / "all"), "zip", yolo(tmp_path / "packed"))
    plan, seen, _ = planned(put(whole, "whole"), looking=True)
    assert not seen.problems and any("all.zip, which is unpacked when" in note for note in seen.notes)
    assert len(staged(plan).training().records) == 4


def test_what_is_not_there_is_missing(put: Put, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one/readme.txt").write_text("nothing")
    place = put(tmp_path / "one", "one")
    assert planned(f"{place}x", looking=True)[1].missing
    assert "holds no data set that is recognised" in " ".join(planned(place, looking=True)[1].problems)


def test_no_server_is_asked_for_a_mere_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skillbank.storage.s3.client", lambda: pytest.fail("a server was asked"))
    local = yolo(tmp_path / "set", ("train",))
    _, seen, _ = planned(f"{local}, validate on s3://bucket/val", looking=False)
    assert any("s3://bucket/val lies elsewhere and was not looked into" in note for note in seen.notes)
    assert not seen.problems and "is YOLO (train)" in seen.data[0]
