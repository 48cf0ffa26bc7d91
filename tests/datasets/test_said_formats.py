"""The format that a person says of a place: part of the plan, of what runs, and of nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.formats import FORMATS, LAST
from skillbank.errors import ConflictError, DataError, SkillbankError, UsageError
from skillbank.facade.composition import compose
from skillbank.jobs.checks import check
from skillbank.jobs.data_making import make
from skillbank.jobs.data_sets import look_at
from skillbank.jobs.seen_data import change, seen_data
from skillbank.plan.model import Plan
from skillbank.plan.request import DataLocation
from skillbank.plan.slots import slot
from skillbank.runtime import Runtime
from tests.bank.banks import make_skill
from tests.datasets.running import _runtime, plan_of, staged
from tests.datasets.test_in_a_run import WORDS, coco, exact_training, home, options, pictures, yolo

__all__ = ["home"]


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Pictures with labels of YOLO and a COCO document of more classes: both may be meant."""
    place = yolo(tmp_path / "two", classes=("cat", "dog", "red bus"))
    for split in ("train", "val"):
        coco(place / f"annotations/instances_{split}.json", [f"p{i}.jpg" for i in range(4)], ("horse", "cow"))
    return place


def forms(plan: Plan) -> set[tuple[str, str]]:
    return {(each.source, each.form) for each in plan.inputs if each.place}


def composed(place: Path, text: str | None = None, **slots: Any) -> tuple[Plan, list[str]]:
    with _runtime() as runtime:
        requests, notes = compose(
            runtime,
            text,
            None if text else "tao-train-grounding-dino",
            None if text else ["train"],
            data=None if text else [DataLocation(source="train_datasets", uri=str(place))],
            epochs=1,
            automl="off",
            **slots,
        )
        [plan] = runtime.plan(requests)
    return plan, notes


def test_the_names_are_those_of_the_formats() -> None:
    assert slot("format").choices == tuple(each.name for each in (*FORMATS, LAST))


def test_two_formats_are_refused_with_the_option_that_is_there(two: Path) -> None:
    [problem] = set(check(plan_of(WORDS.format(two))).problems)
    assert "--format coco or yolo" in problem


@pytest.mark.parametrize(
    "said",
    [
        "{} as {}",
        "{} in {} format",
        "{} ({})",
        "the {1} data set {0}",
        "the {1}-format data in {0}",
        "{1} annotations in {0}",
        "{} with format={}",
    ],
)
@pytest.mark.parametrize(("form", "classes"), [("coco", 2), ("YOLO", 3)])
def test_words_and_options_say_it_alike_and_that_is_read(
    two: Path, said: str, form: str, classes: int
) -> None:
    plan = plan_of(WORDS.format(said.format(two, form)))
    assert not plan.questions and not check(plan).problems
    name = form.lower()
    assert forms(plan) == {("train_datasets", name), ("eval_dataset", name)}
    option, notes = composed(two, format=name)
    assert option.plan_id == plan.plan_id and not any("counts" in note for note in notes)
    with _runtime() as runtime:
        sentence = runtime.sentence([plan])
        [again] = runtime.plan(sentence)
    assert f"on {two} as {name}; validate on {two} as {name};" in sentence and again.plan_id == plan.plan_id
    assert Plan.from_document(plan.document()) == plan
    given = staged(plan)
    assert len(given.training().labels) == classes
    assert {record.image.parent.name for record in given.training().records} == {"train"}
    assert {record.image.parent.name for record in given.validation().records} == {"val"}


def test_a_sentence_about_the_annotations_is_of_all_data(two: Path) -> None:
    plan = plan_of(f"{WORDS.format(two)}. The annotations are in COCO format.")
    assert forms(plan) == {("train_datasets", "coco"), ("eval_dataset", "coco")} and not plan.questions


def test_what_was_approved_is_what_was_read_so(two: Path) -> None:
    plan = plan_of(WORDS.format(f"{two} as COCO"))
    before = seen_data(plan)
    assert str(two) in {each.uri for each in before}
    file = two / "annotations/instances_train.json"
    file.write_text(file.read_text().replace("horse", "zebra"))
    assert "was names" in change(before, seen_data(plan))


@pytest.mark.parametrize("platform", ["docker", "slurm", "kubernetes"])
def test_it_is_in_the_plans_of_all_platforms(two: Path, platform: str) -> None:
    plan = plan_of(WORDS.format(f"{two} as COCO") + f", on {platform}")
    assert plan.platform == platform and {form for _, form in forms(plan)} == {"coco"}
    made = make(plan, look_at(plan, whole=True), lambda _: None)
    assert {json.loads(made[key].read_text())["0"] for key in made if key.endswith("label_map")} == {"horse"}


def test_a_search_evaluates_in_it_too(two: Path) -> None:
    plan = plan_of(f"train Grounding DINO on {two} as COCO, AutoML with 2 trials")
    assert plan.search is not None and plan.search.evaluation is not None
    assert {each.form for each in plan.search.evaluation.inputs if each.place} == {"coco"}


def test_each_place_has_its_own(two: Path, tmp_path: Path) -> None:
    other = yolo(tmp_path / "other", ("val",))
    plan = plan_of(WORDS.format(f"{two} as COCO, validate on {other} as YOLO"))
    assert forms(plan) == {("train_datasets", "coco"), ("eval_dataset", "yolo")}
    assert not check(plan).problems
    with pytest.raises(ConflictError, match="coco and yolo"):
        plan_of(WORDS.format(f"{two} as COCO, validate on {two} as YOLO"))


def test_the_option_counts_and_says_so(two: Path) -> None:
    plan, notes = composed(two, WORDS.format(f"{two} as COCO"), format="yolo")
    assert {form for _, form in forms(plan)} == {"yolo"}
    assert any("--format yolo counts, not the coco of the words" in note for note in notes)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("voc", r"is not Pascal VOC: it is COCO .*--format coco.* YOLO .*--format yolo"),
        ("pictures", r"pictures, which have no annotations"),
    ],
)
def test_a_format_that_is_not_there_ends_the_launch_with_what_is(two: Path, said: str, told: str) -> None:
    plan, _ = composed(two, format=said)
    [problem] = set(check(plan).problems)
    with pytest.raises(DataError, match=told):
        staged(plan)
    assert str(two) in problem


def test_a_name_that_is_none_is_refused_with_the_nearest(two: Path) -> None:
    with pytest.raises(UsageError, match=r"--format is cocco, .*did you mean 'coco'"):
        composed(two, format="cocco")
    plan, _ = composed(two, format="Pascal-VOC")
    assert {form for _, form in forms(plan)} == {"voc"}


def test_it_counts_where_the_files_lie_as_the_table_names_them(tmp_path: Path) -> None:
    place = exact_training(tmp_path / "exact", classes=("cat", "dog"))
    coco(place / "instances.json", [f"p{i}.jpg" for i in range(4)], ("horse", "cow", "ox"))
    assert len(staged(plan_of(WORDS.format(place))).training().labels) == 2
    given = staged(plan_of(WORDS.format(f"{place} as COCO")))
    assert len(given.training().labels) == 3 and any(
        "said to be read as COCO" in line for line in given.checks.data
    )
    assert len(staged(plan_of(WORDS.format(f"{place} as ODVG"))).training().labels) == 2


def test_pictures_to_look_at_are_those_of_the_format(tmp_path: Path) -> None:
    place = tmp_path / "set"
    names = pictures(place / "images")
    coco(place / "annotations.json", names[:2])
    request = options(place).skill.name
    said = f"run inference of {request} on {place} as COCO with checkpoint {place}/annotations.json, find cat"
    plan = plan_of(said)
    assert forms(plan) == {("inference_dataset", "coco")}
    found = check(plan, remote=True)
    assert any("2 pictures" in line for line in found.data)


def test_what_no_action_reads_is_refused() -> None:
    with _runtime() as runtime, pytest.raises(SkillbankError, match="--format has no meaning for export"):
        compose(runtime, None, "tao-train-grounding-dino", ["export"], format="coco")


@pytest.mark.parametrize(
    "words",
    [
        "train Grounding DINO pretrained on COCO with {}, no HPO",
        "train Grounding DINO on {}, no HPO, and write the results to ./out as COCO",
        "train Grounding DINO on {} via slurm, no HPO",
    ],
)
def test_other_words_are_no_formats_of_the_data(two: Path, words: str) -> None:
    plan = plan_of(words.format(two))
    assert {form for _, form in forms(plan)} == {""}
    asked = " ".join(question.why for question in plan.questions)
    assert ("COCO" in asked) is ("COCO" in words)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"dataset.root": ""}, "reads it as it is"),
        ({"dataset.images": "images", "dataset.masks": "masks"}, "takes data of its own format"),
    ],
)
def test_a_program_that_reads_its_data_itself_is_told_no_format(
    two: Path, tmp_path: Path, files: dict[str, str], told: str
) -> None:
    sources = {key: {"source": "train_datasets", "path": path} for key, path in files.items()}
    make_skill(tmp_path / "bank", "toy-yak", data_sources={"train": sources})
    with Runtime([tmp_path / "bank"]) as runtime, pytest.raises(SkillbankError, match=told):
        [plan] = runtime.plan(f"train toy-yak on {two} as COCO")
        raise DataError("; ".join(check(plan).problems))
