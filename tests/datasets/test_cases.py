"""Data sets as people really have them, each shaped as somebody has reported it, in plans and runs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillbank.cli import main
from skillbank.errors import SkillbankError
from tests.cli.conftest import Answer, Command
from tests.datasets.running import plan_of, staged

CASES = Path(__file__).parents[3] / "shared" / "cases" / "inputs"
SHAPES = {"blue square", "green triangle", "red circle"}
Case = Callable[[str], Path]


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Copy a case: nothing may be written into it, and nothing around it may be read."""
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))

    def copied(name: str) -> Path:
        if not (CASES / name).is_dir():
            pytest.skip(f"the cases are not at {CASES}")
        return Path(shutil.copytree(CASES / name, tmp_path / "data" / name))

    return copied


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run ``skillbank ARGS`` in this process."""

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["skillbank", *arguments])
        with pytest.raises(SystemExit) as exit_info:
            main()
        out, err = capsys.readouterr()
        return Answer(int(exit_info.value.code or 0), out, err)

    return run


def words(place: Path, more: str = "") -> str:
    return f"train Grounding DINO on {place}, no HPO, 1 epoch{more}"


@pytest.mark.parametrize(
    ("name", "recognised"),
    [
        ("fmt_coco_train", "is COCO (train)"),
        ("fmt_roboflow_coco", "is COCO (valid)"),
        ("fmt_yolo_ultra", "is YOLO (train)"),
        ("fmt_voc", "is Pascal VOC (val)"),
        ("fmt_labelme", "is LabelMe (train)"),
        ("fmt_beside", "ODVG and COCO"),
        ("fmt_tar_top", "is not in images.tar.gz under this name"),
        ("name_prefix", "is not in images.tar.gz under this name"),
        ("name_windows", "is not in images.tar.gz under this name"),
        ("bom", "begins with a byte order mark"),
        ("label_float", "expected int, got float"),
        ("coco_unsorted", "do not count from 0 in their order"),
        ("coco_ids_string", "expected int, got str"),
        ("odvg_is_coco", "is COCO: 12 pictures"),
        ("pic_exif_ls", "other sizes than it states"),
    ],
)
def test_it_is_taken(case: Case, name: str, recognised: str) -> None:
    place = case(name)
    before = sorted(file.relative_to(place) for file in place.rglob("*"))
    given = staged(plan_of(words(place)))
    assert any(recognised in said for said in given.checks.data), given.checks.data
    training, validation = given.training(), given.validation()
    assert (len(training.records), sum(len(record.boxes) for record in training.records)) == (12, 20)
    assert (len(validation.records), sum(len(record.boxes) for record in validation.records)) == (6, 13)
    assert set(training.labels) == set(validation.names) == SHAPES
    assert sorted(file.relative_to(place) for file in place.rglob("*")) == before


def test_what_is_tested_on_is_left_alone(case: Case) -> None:
    place = case("fmt_roboflow_coco")
    given = staged(plan_of(words(place)))
    assert all("test is left alone" in said for said in given.checks.data)
    assert "the category 'shapes' only groups the others" in " ".join(given.checks.notes)
    assert {record.image.parent.name for record in given.validation().records} == {"valid"}


def test_it_is_evaluated_without_renumbering_by_hand(case: Case) -> None:
    place = case("eval_cvat")
    plan = plan_of(f"evaluate Grounding DINO on {place}, checkpoint {place}/images/img000.jpg")
    measured = staged(plan).validation("test_data_sources")
    assert set(measured.names) == SHAPES and len(measured.records) == 6


def test_pictures_are_looked_at_in_any_folder(case: Case) -> None:
    place = case("inf_folder")
    plan = plan_of(
        f"run inference with Grounding DINO on {place}, find 'red circle', checkpoint {place}/img000.jpg"
    )
    given = staged(plan)
    assert given.path("dataset.infer_data_sources.image_dir[0]") == place
    assert given.checks.data == (f"inference_dataset {place}: 6 pictures; all of the folder",)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("box_normalised", "boxes in fractions of the picture where pixels are meant: 20"),
        ("label_disagrees", "off by one?"),
        ("coco_noann", "there is nothing to measure"),
        ("box_zero", "boxes without width or height"),
        ("pic_truncated", "pictures that cannot be decoded: 1"),
    ],
)
def test_it_is_refused_before_anything_starts(case: Case, name: str, why: str) -> None:
    with pytest.raises(SkillbankError) as refused:
        staged(plan_of(words(case(name))))
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("name", "pictures", "boxes", "why"),
    [
        ("box_zero", 11, 19, "boxes without width or height: 1 (drop the box)"),
        ("box_zero", 11, 19, "would teach that nothing is there: 1 (drop the picture)"),
        ("pic_truncated", 11, 17, "pictures that cannot be decoded: 1 (drop the picture)"),
    ],
)
def test_what_is_broken_is_skipped_with_a_count(
    case: Case, name: str, pictures: int, boxes: int, why: str
) -> None:
    given = staged(plan_of(words(case(name), ", skip broken pictures and boxes")))
    assert any("(skipped)" in note for note in given.checks.notes)
    assert any(why in note for note in given.notes), given.notes
    records = given.training().records
    assert (len(records), sum(len(record.boxes) for record in records)) == (pictures, boxes)


def test_what_a_person_named_must_exist(case: Case, command: Command) -> None:
    place = case("val_missing")
    answer = command(
        "run", f"train Grounding DINO on {place}/train, validate on {place}/valdation, no HPO", "--yes"
    )
    assert answer.code == 5 and f"did you mean '{place}/val'" in answer.err
    answer = command("run", f"fine-tune Grounding DINO from /nope/x.pth on {place}, no HPO", "--yes")
    assert answer.code == 5 and "/nope/x.pth" in answer.err


def test_sixteen_bits_are_scaled_and_said(case: Case) -> None:
    given = staged(plan_of(words(case("pic_16bit"), ", skip what is broken")))
    assert "pictures with more than 8 bits a colour: 8" in " ".join(given.checks.notes)
    assert len(given.training().records) == 8


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fmt_roboflow_coco", "fmt_yolo_ultra", "fmt_tar_top", "pic_truncated"])
def test_it_is_trained_and_validated(case: Case, command: Command, name: str) -> None:
    answer = command(
        "run", words(case(name)), "--on-broken", "skip", "--set", "engine.profile=small", "--yes", "--json"
    )
    assert answer.code == 0, answer.err
    job: dict[str, Any] = answer.document
    history = " ".join(str(line) for line in history_of(command, job))
    assert "val_mAP50" in str(job) and "pictures and" in history
    if name == "pic_truncated":
        assert "pictures that cannot be decoded: 1 (drop the picture)" in history


def history_of(command: Command, job: dict[str, Any]) -> list[Any]:
    answer: Answer = command("status", str(job.get("job") or job.get("id")), "--json")
    history: list[Any] = answer.document["history"]
    return history
