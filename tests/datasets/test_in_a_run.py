"""Data sets in a run: what is made of which, for whom, once, and what a person who approves is told."""

from __future__ import annotations

import json
import random
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from PIL import Image

from skillbank.errors import DataError, DataNotFoundError, SkillbankError
from skillbank.home import cache_dir
from skillbank.jobs.checks import check
from skillbank.jobs.seen_data import change, seen_data
from skillbank.plan.model import Plan
from skillbank.plan.request import DataLocation, Request, Setting
from tests.datasets.running import _runtime, plan_of, staged
from tests.s3 import CREDENTIALS

NAMES = ("cat", "dog", "red bus")
TABLE = "images.tar.gz, json_file: annotations.json"
WORDS = "train Grounding DINO on {}, no HPO, 1 epoch"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def pictures(folder: Path, count: int = 4, seed: int = 0, name: str = "p{}.jpg") -> list[str]:
    numbers = random.Random(f"{folder.name} {seed}")
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for index in range(count):
        made.append(name.format(index))
        file = folder / made[-1]
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = bytes(numbers.randrange(256) for _ in range(8 * 6 * 3))
        Image.frombytes("RGB", (8, 6), noise).resize((80, 60)).save(file)
    return made


def coco(file: Path, names: Sequence[str], classes: Sequence[str] = NAMES, first: int = 1) -> None:
    document = {
        "images": [{"id": i, "file_name": name, "width": 80, "height": 60} for i, name in enumerate(names)],
        "annotations": [
            {"id": i, "image_id": i, "category_id": first + i % len(classes), "bbox": [5 + i, 5, 20, 30]}
            for i in range(len(names))
        ],
        "categories": [{"id": first + i, "name": name} for i, name in enumerate(classes)],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document))


def exact_training(place: Path, count: int = 4, classes: Sequence[str] = NAMES) -> Path:
    lines = [
        {"file_name": name, "width": 80, "height": 60, "detection": {"instances": [
            {"bbox": [5, 5, 30, 40], "label": i % len(classes), "category": classes[i % len(classes)]}]}}
        for i, name in enumerate(pictures(place / "images", count))
    ]  # fmt: skip
    (place / "annotations_odvg.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (place / "annotations_odvg_labelmap.json").write_text(json.dumps(dict(enumerate(classes))))
    return place


def yolo(place: Path, splits: Sequence[str] = ("train", "val"), classes: Sequence[str] = NAMES) -> Path:
    for seed, split in enumerate(splits):
        for index, name in enumerate(pictures(place / "images" / split, seed=seed)):
            label = place / "labels" / split / f"{Path(name).stem}.txt"
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text(f"{index % len(classes)} 0.5 0.5 0.25 0.5\n")
    keys = "".join(f"{split}: images/{split}\n" for split in splits)
    (place / "data.yaml").write_text(f"path: .\n{keys}names: {json.dumps(list(classes))}\n")
    return place


def options(place: Path, **more: Any) -> Plan:
    """Plan a training without any words."""
    data = [DataLocation(source="train_datasets", uri=str(place))]
    data += [DataLocation(source="eval_dataset", uri=str(uri)) for uri in more.pop("val", ())]
    settings = (Setting(key="train.num_epochs", value=1),)
    request = Request(
        skill="tao-train-grounding-dino",
        action="train",
        data=tuple(data),
        settings=settings,
        automl="off",
        **more,
    )
    with _runtime() as runtime:
        [plan] = runtime.plan(request)
    return plan


def test_words_and_options_divide_a_data_set_alike_and_it_reads_back(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set", ("train", "val", "test"))
    plan = plan_of(WORDS.format(place))
    assert options(place).plan_id == plan.plan_id
    with _runtime() as runtime:
        said = runtime.sentence([plan])
        [again] = runtime.plan(said)
    assert f"on {place}; validate on {place};" in said and again.plan_id == plan.plan_id
    shutil.rmtree(place)  # what was read back is what it was, whatever lies there now
    with _runtime() as runtime:
        assert runtime.plan(said)[0].plan_id == plan.plan_id


def test_pictures_alone_are_refused_with_the_way_to_label_them(tmp_path: Path) -> None:
    place = tmp_path / "photos"
    pictures(place)
    [told] = [each for each in check(plan_of(WORDS.format(place))).problems if "no annotations" in each]
    assert f"label {place} 'CLASS = DESCRIPTION' --into SET labels them" in told


def test_exact_files_are_used_where_they_lie(tmp_path: Path, home: Path) -> None:
    place = exact_training(tmp_path / "train")
    coco(tmp_path / "val" / "annotations.json", pictures(tmp_path / "val" / "images"), first=0)
    given = staged(plan_of(WORDS.format(f"{place}, validate on {tmp_path}/val")))
    assert given.path("dataset.train_data_sources[0].json_file") == place / "annotations_odvg.jsonl"
    assert given.path("dataset.val_data_sources.json_file") == tmp_path / "val" / "annotations.json"
    assert given.checks.data == () and not list(cache_dir().glob("*-dataset"))


def test_an_exact_set_is_not_asked_for_the_rest_of_what_lies_there(tmp_path: Path) -> None:
    place = exact_training(tmp_path / "train")
    coco(place / "annotations.json", ["p0.jpg"])
    (place / "notes.csv").write_text("a,b\n1,2\n")
    assert staged(plan_of(WORDS.format(place))).checks.data == ()


def test_it_is_made_once_and_anew_when_something_changes(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set")
    first = staged(plan_of(WORDS.format(place)))
    again = staged(plan_of(WORDS.format(place) + ", seed 3"))
    key = "dataset.train_data_sources[0].json_file"
    assert first.path(key) == again.path(key)
    (place / "labels" / "train" / "p0.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    assert staged(plan_of(WORDS.format(place))).path(key) != first.path(key)


def test_no_picture_is_copied(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set")
    given = staged(plan_of(WORDS.format(place)))
    folder = given.path("dataset.train_data_sources[0].image_dir")
    assert folder.is_relative_to(place)
    assert not [file for file in cache_dir().rglob("*") if file.suffix == ".jpg"]


def test_classes_have_the_same_numbers_by_name(tmp_path: Path) -> None:
    place = tmp_path / "set"
    coco(place / "train" / "_annotations.coco.json", pictures(place / "train"), ("dog", "cat", "bird"))
    coco(place / "valid" / "_annotations.coco.json", pictures(place / "valid"), ("cat", "red bus", "dog"))
    given = staged(plan_of(WORDS.format(place)))
    numbers = json.loads(given.path("dataset.train_data_sources[0].label_map").read_text())
    document = json.loads(given.path("dataset.val_data_sources.json_file").read_text())
    measured = {each["id"]: each["name"] for each in document["categories"]}
    assert {int(number): name for number, name in numbers.items()} == measured
    assert list(measured.values())[:3] == ["dog", "cat", "bird"]


def test_a_part_that_is_named_is_meant(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set", ("train", "val", "test"))
    plan = plan_of(WORDS.format(f"{place}/train, validate on {place}/test"))
    given = staged(plan)
    assert {record.image.parent.name for record in given.validation().records} == {"test"}
    assert {record.image.parent.name for record in given.training().records} == {"train"}


def test_no_training_validates_on_a_test_split(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set", ("train", "test"))
    plan = plan_of(WORDS.format(place))
    assert not any(binding.source == "eval_dataset" and not binding.optional for binding in plan.inputs)
    with pytest.raises(DataError, match=r"has no split to measure on for eval_dataset.*name it: .*/test"):
        staged(plan_of(WORDS.format(f"{place}, validate on {place}")))


def test_an_evaluation_takes_the_test_split_where_there_is_no_other_and_says_so(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set", ("train", "test"))
    given = staged(plan_of(f"evaluate Grounding DINO on {place}, checkpoint {place}/data.yaml"))
    assert "is measured on its test split" in " ".join(given.checks.notes)
    assert {r.image.parent.name for r in given.validation("test_data_sources").records} == {"test"}


def test_nothing_is_measured_on_a_training_split_unsaid(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set", ("train",))
    with pytest.raises(DataError, match=r"name it: .*/train"):
        staged(plan_of(f"evaluate Grounding DINO on {place}, checkpoint {place}/data.yaml"))


@pytest.mark.parametrize("ending", ["zip", "tar", "gztar"])
@pytest.mark.parametrize("top", ["", "any name/"])
def test_a_data_set_may_be_one_archive(tmp_path: Path, ending: str, top: str) -> None:
    yolo(tmp_path / "raw" / top)
    archive = shutil.make_archive(str(tmp_path / "export"), ending, tmp_path / "raw")
    shutil.rmtree(tmp_path / "raw")
    given = staged(plan_of(WORDS.format(archive)))
    assert (len(given.training().records), len(given.validation().records)) == (4, 4)


def test_pictures_in_several_archives_are_one_folder(tmp_path: Path) -> None:
    place = tmp_path / "set"
    names = [*pictures(place / "a", 2, name="a{}.jpg"), *pictures(place / "b", 2, name="b{}.jpg")]
    for part in ("a", "b"):
        with tarfile.open(place / f"part_{part}.tar.gz", "w:gz") as tar:
            tar.add(place / part, arcname=".")
        shutil.rmtree(place / part)
    coco(place / "labels.json", names)
    records = staged(plan_of(WORDS.format(place))).training().records
    assert len(records) == 4 and all(record.image.is_file() for record in records)


def test_links_to_folders_are_followed(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set")
    for split in ("train", "val"):
        shutil.move(place / "images" / split, tmp_path / "disk" / split)
        (place / "images" / split).symlink_to(tmp_path / "disk" / split)
    (place / "again").symlink_to(place)
    given = staged(plan_of(WORDS.format(place)))
    assert (len(given.training().records), len(given.validation().records)) == (4, 4)
    folder = given.path("dataset.train_data_sources[0].image_dir")
    assert not any(record.image.parent.is_symlink() for record in given.training().records), folder
    native = exact_training(tmp_path / "native")
    shutil.move(native / "images", tmp_path / "far")
    (native / "images").symlink_to(tmp_path / "far")
    given = staged(plan_of(WORDS.format(native)))
    assert given.checks.data == () and len(given.training().records) == 4


@pytest.mark.parametrize("platform", ["local", "docker"])
def test_links_that_a_container_does_not_follow_are_made_files(tmp_path: Path, platform: str) -> None:
    native, converted, loose = exact_training(tmp_path / "native"), yolo(tmp_path / "set"), tmp_path / "loose"
    pictures(loose / "images", 2)
    (tmp_path / "store").mkdir()
    for number, picture in enumerate(sorted(tmp_path.rglob("*.jpg"))):
        blob = tmp_path / f"store/{number}"
        picture.rename(blob)
        picture.symlink_to(blob)

    def given(words: str) -> Any:
        return staged(plan_of(words).model_copy(update={"platform": platform}))

    for place in (native, converted):
        found = given(WORDS.format(place))
        records = found.training().records
        assert len(records) == 4 and all(record.image.is_file() for record in records)
        assert {record.image.is_symlink() for record in records} == {platform == "local"}
        told = any("are links that lead out" in line for line in found.checks.data)
        assert told == (place == native and platform == "docker")
    words = f"run inference with Grounding DINO on {loose}, find 'cat', checkpoint {loose}/images/p0.jpg"
    folder = given(words).path("dataset.infer_data_sources.image_dir[0]")
    assert [file.is_symlink() for file in folder.iterdir()] == [platform == "local"] * 2


def test_a_picture_alone_is_the_only_one_that_is_looked_at(tmp_path: Path) -> None:
    pictures(tmp_path / "all", 3)
    place = tmp_path / "all"
    words = f"run inference with Grounding DINO on {place}/p1.jpg, find 'cat', checkpoint {place}/p0.jpg"
    folder = staged(plan_of(words)).path("dataset.infer_data_sources.image_dir[0]")
    assert [file.name for file in folder.rglob("*.jpg")] == ["p1.jpg"]


def test_everything_is_said_at_once(tmp_path: Path) -> None:
    place = tmp_path / "set"
    names = pictures(place / "images", 6)
    coco(place / "annotations" / "custom.json", [*names, "gone.jpg"])
    (place / "images" / "p1.jpg").write_bytes(b"no picture")
    document = json.loads((place / "annotations" / "custom.json").read_text())
    document["annotations"][2]["bbox"] = [5, 5, 0, 10]
    document["annotations"][3]["bbox"] = [500, 500, 10, 10]
    (place / "annotations" / "custom.json").write_text(json.dumps(document))
    with pytest.raises(DataError) as refused:
        staged(plan_of(WORDS.format(place)))
    for said in (
        "not there: 1",
        "cannot be decoded: 1",
        "without width or height: 1",
        "outside of their picture: 1",
    ):
        assert said in str(refused.value)
    assert "--on-broken skip" in str(refused.value)
    given = staged(plan_of(WORDS.format(place) + ", skip broken pictures"))
    assert [len(record.boxes) for record in given.training().records] == [1, 1, 1], "none is taken for empty"


def test_what_was_approved_is_held_to(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set")
    plan = plan_of(WORDS.format(place))
    before = seen_data(plan)
    assert change(before, seen_data(plan)) == ""
    (place / "labels" / "val" / "p0.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    assert str(place) in change(before, seen_data(plan))


def test_a_folder_that_holds_no_data_set_says_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "readme.md").write_text("x")
    seen = check(plan_of(WORDS.format(tmp_path / "set")))
    assert "has no images.tar.gz" in seen.problems[0] and "Pascal VOC" in " ".join(seen.problems)
    assert seen.missing


def test_few_samples_are_a_warning(tmp_path: Path) -> None:
    plan = plan_of(WORDS.format(exact_training(tmp_path / "train", 3)) + ", batch size 4")
    assert any("3 samples, fewer than one batch of 4" in note for note in check(plan).notes)
    plan = plan_of(WORDS.format(tmp_path / "train") + ", batch size 3")
    assert not any("fewer than one batch" in note for note in check(plan).notes)


def test_a_bucket_is_brought_as_a_whole_and_recognised(
    tmp_path: Path, s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3_server}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=s3_server)
    client.create_bucket(Bucket="sets")
    place = yolo(tmp_path / "set")
    for file in place.rglob("*"):
        if file.is_file():
            client.upload_file(str(file), "sets", f"a/{file.relative_to(place)}")
    given = staged(plan_of(WORDS.format("s3://sets/a, validate on s3://sets/a")))
    assert (len(given.training().records), len(given.validation().records)) == (4, 4)
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", place)
    client.upload_file(archive, "sets", "packed.zip")
    given = staged(plan_of(WORDS.format("s3://sets/packed.zip, validate on s3://sets/packed.zip")))
    assert (len(given.training().records), len(given.validation().records)) == (4, 4)
    native = exact_training(tmp_path / "native")
    text = (native / "annotations_odvg.jsonl").read_text()
    (native / "annotations_odvg.jsonl").write_text("\ufeff" + text)
    for file in native.rglob("*.*"):
        client.upload_file(str(file), "sets", f"native/{file.relative_to(native)}")
    given = staged(plan_of(WORDS.format("s3://sets/native")))
    assert len(given.training().records) == 4
    assert given.path("dataset.train_data_sources[0].json_file").read_text().startswith("{")
    with pytest.raises(DataNotFoundError, match="s3://sets/b"):
        staged(plan_of(WORDS.format("s3://sets/b")))


def test_a_chain_reads_its_data_by_roles(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set", ("train", "val", "test"))
    with _runtime() as runtime:
        train, evaluate = runtime.plan(f"train and evaluate Grounding DINO on {place}, no HPO")
    assert {binding.place for binding in train.inputs if binding.place} == {str(place)}
    assert {binding.source for binding in evaluate.inputs if binding.place} == {"eval_dataset"}
    for plan in (train, evaluate):
        assert not check(plan).problems


def test_a_search_evaluates_on_the_same_data(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set")
    plan = plan_of(f"train Grounding DINO on {place}, AutoML with 2 trials, skip broken pictures")
    assert not plan.questions and plan.search is not None and plan.search.evaluation is not None
    inner = plan.search.evaluation
    assert {b.place for b in inner.inputs if b.place} == {str(place)} and inner.on_broken == "skip"


def test_a_quantization_calibrates_on_what_is_trained_on_and_measures_on_the_rest(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set", ("train", "val", "test"))
    given = staged(plan_of(f"quantize Grounding DINO on {place}, checkpoint {place}/data.yaml"))
    assert {r.image.parent.name for r in given.validation().records} == {"val"}
    calibration = given.path("dataset.quant_calibration_data_sources.json_file")
    assert calibration == given.path("dataset.train_data_sources[0].json_file")


def test_an_annotation_file_names_its_data_set(tmp_path: Path) -> None:
    place = tmp_path / "set"
    coco(place / "annotations" / "instances_train2017.json", pictures(place / "train2017", 3))
    coco(place / "annotations" / "instances_val2017.json", pictures(place / "val2017", 2))
    given = staged(plan_of(WORDS.format(place)))
    assert (len(given.training().records), len(given.validation().records)) == (3, 2)
    given = staged(plan_of(WORDS.format(f"{place}/annotations/instances_val2017.json")))
    assert len(given.training().records) == 2


def test_files_that_another_skill_names_keep_their_numbers(tmp_path: Path) -> None:
    place = tmp_path / "set"
    coco(place / "annotations.json", pictures(place / "images"), first=0)
    text = (place / "annotations.json").read_text()
    (place / "annotations.json").write_text("\ufeff" + text)
    given = staged(
        other_skill(tmp_path, "object_detection", "images.tar.gz, json_file: annotations.json", place)
    )
    file = given.path("dataset.train_data_sources[0].json_file")
    assert file != place / "annotations.json"
    assert [each["id"] for each in json.loads(file.read_text())["categories"]] == [0, 1, 2]


def test_what_another_skill_reads_is_not_refused_for_what_it_may_take(tmp_path: Path) -> None:
    place = tmp_path / "set"
    coco(place / "annotations.json", [*pictures(place / "images"), "gone.jpg"], first=3)
    document = json.loads((place / "annotations.json").read_text())
    document["images"][-1]["file_name"] = "p0.jpg"
    document["annotations"][0]["bbox"] = [70, 5, 40, 30]
    (place / "annotations.json").write_text(json.dumps(document))
    given = staged(
        other_skill(tmp_path, "object_detection", "images.tar.gz, json_file: annotations.json", place)
    )
    assert given.path("dataset.train_data_sources[0].json_file") == place / "annotations.json"
    assert any("reach out of their picture" in note for note in given.checks.notes)


def test_another_skill_gets_the_files_that_its_table_names(tmp_path: Path) -> None:
    place = yolo(tmp_path / "set")
    plan = other_skill(tmp_path, "object_detection", TABLE, place)
    given = staged(plan)
    document = json.loads(given.path("dataset.train_data_sources[0].json_file").read_text())
    assert [each["id"] for each in document["categories"]] == [1, 2, 3]
    assert given.path("dataset.train_data_sources[0].image_dir").is_relative_to(place)


def test_what_cannot_be_made_is_refused_with_what_is_expected(tmp_path: Path) -> None:
    plan = other_skill(
        tmp_path, "segmentation", "images.tar.gz, json_file: masks.tar.gz", yolo(tmp_path / "set")
    )
    with pytest.raises(SkillbankError) as refused:
        staged(plan)
    assert "takes segmentation data: a folder with images.tar.gz, masks.tar.gz" in str(refused.value)


def other_skill(tmp_path: Path, kind: str, files: str, place: Path) -> Plan:
    from skillbank.runtime import Runtime

    skill = tmp_path / "bank" / "toy-detector"
    (skill / "references").mkdir(parents=True)
    (skill / "SKILL.md").write_text(
        "---\nname: toy-detector\ndescription: A toy that detects toys.\n---\n# Toy\n\n"
        f"- **Dataset type:** {kind}\n\n"
        "### Per-Action Dataset Requirements\n\n"
        "| Action | Spec Key | Source | Files | List? |\n|---|---|---|---|---|\n"
        f"| train | dataset.train_data_sources | train_datasets | image_dir: {files} | Yes |\n"
    )
    (skill / "references" / "skill_info.yaml").write_text(
        "network_arch: toy\nautoml_enabled: false\n"
        "actions:\n  train:\n    command: toy train -e {config_path}\n"
    )
    (skill / "references" / "spec_template_train.yaml").write_text(
        "results_dir: ''\ndataset: {train_data_sources: [{image_dir: '', json_file: ''}]}\n"
    )
    with Runtime([tmp_path / "bank"]) as runtime:
        [plan] = runtime.plan(f"train toy-detector on {place}")
    return plan
