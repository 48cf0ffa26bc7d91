"""The skills for data sets: planned by words, options and tools, run as jobs, out of everybody's way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillbank import Runtime
from skillbank.agent.approval_policy import ApprovalPolicy
from skillbank.agent.toolbox import Toolbox
from skillbank.errors import SkillbankError, UsageError
from skillbank.plan.model import Source
from tests.cli.conftest import Command, bank, environment, inline
from tests.data_program.conftest import CocoFolder

__all__ = ["bank", "environment", "inline"]

CONVERT, VALIDATE = "tao-convert-dataset-format", "tao-validate-dataset-format"
DETECTOR = "tao-train-grounding-dino"


@pytest.fixture
def runtime(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Runtime]:
    monkeypatch.setenv("SKILLBANK_HOME", environment["SKILLBANK_HOME"])
    for name in ("SKILLBANK_DATABASE_URL", "SKILLBANK_APPROVE", "SKILLBANK_BANKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with Runtime() as opened:
        yield opened


def planned(runtime: Runtime, text: str) -> tuple[str, str, dict[str, Any], list[str]]:
    """Return skill, action, spec and questions of a request of one step."""
    [plan] = runtime.plan(text)
    return plan.skill.name, plan.action, plan.spec, [question.key for question in plan.questions]


@pytest.mark.parametrize(
    "text",
    [
        f"use {CONVERT} to convert ./data to coco",
        f"convert ./data to coco with {CONVERT}",
        f"run convert of {CONVERT} on ./data, to coco",
        f"run convert of {CONVERT}; data source_dataset = ./data; convert.to = coco",
    ],
)
def test_words_that_name_the_skill_convert(runtime: Runtime, tmp_path: Path, text: str) -> None:
    skill, action, spec, questions = planned(runtime, text)
    assert (skill, action, questions) == (CONVERT, "convert", [])
    assert (spec["dataset"]["place"], spec["convert"]["to"]) == (str(tmp_path / "data"), "coco")


@pytest.mark.parametrize(
    "text",
    [f"check ./data with {VALIDATE}", f"use {VALIDATE} to check ./data", f"run {VALIDATE} on ./data"],
)
def test_words_that_name_the_skill_check(runtime: Runtime, tmp_path: Path, text: str) -> None:
    skill, action, spec, questions = planned(runtime, text)
    assert (skill, action, questions) == (VALIDATE, "check", [])
    assert spec["dataset"]["place"] == str(tmp_path / "data")


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("validate Grounding DINO on ./val", "evaluate"),
        ("check Grounding DINO on ./val", "evaluate"),
        ("test the Grounding DINO model on ./val", "evaluate"),
        ("convert Grounding DINO to onnx", "export"),
        ("convert Grounding DINO to ONNX format", "export"),
        ("export Grounding DINO", "export"),
        ("quantize Grounding DINO with ./data", "quantize"),
        ("train Grounding DINO on ./data in COCO format and validate on ./val", "train"),
    ],
)
def test_words_for_a_model_stay_the_models(runtime: Runtime, text: str, action: str) -> None:
    skill, found, _, _ = planned(runtime, text)
    assert (skill, found) == (DETECTOR, action)


@pytest.mark.parametrize(
    "text",
    [
        "validate the model on ./data",
        "validate the model on the data set ./data",
        "convert to onnx",
        "convert ./model.pth to onnx",
        "check the model ./model.pth",
        "export ./model.pth as coco",
        "convert COCO",
    ],
)
def test_words_that_name_no_skill_are_refused_as_before(runtime: Runtime, text: str) -> None:
    with pytest.raises(SkillbankError):
        runtime.plan(text)


@pytest.mark.parametrize(
    ("text", "action", "said"),
    [
        ("validate ./data", "check", {}),
        ("convert ./data to COCO", "convert", {"convert.to": "coco"}),
        ("please turn ./data into YOLOv8 format", "convert", {"convert.to": "yolo"}),
        (
            "convert my Pascal VOC data set in ./data to COCO format and write it to ./out",
            "convert",
            {"convert.to": "coco", "dataset.format": "voc", "results_root": "out"},
        ),
        (
            "convert ./data from VOC to COCO skipping broken images on docker",
            "convert",
            {
                "convert.to": "coco",
                "dataset.format": "voc",
                "dataset.on_broken": "skip",
                "platform": "docker",
            },
        ),
        ("convert ./data to YOLO into ./out", "convert", {"convert.to": "yolo", "results_root": "out"}),
        ("check ./data", "check", {}),
        ("check the data set ./data for errors", "check", {}),
        ("check ./data for mistakes please, before we train on it next week", "check", {}),
        ("Could you validate the dataset at ./data?", "check", {}),
        ("validate the annotations of ./data as YOLO", "check", {"dataset.format": "yolo"}),
        ("what is wrong with ./data?", "check", {}),
        ("split ./data 80/20", "split", {"split.val": "0.2"}),
        ("split ./data 80/20, seed 3", "split", {"split.val": "0.2", "split.seed": 3}),
        ("split ./data 0.7/0.3 with seed 3", "split", {"split.val": "0.3", "split.seed": 3}),
        (
            "divide ./data into train, val and test (70/20/10)",
            "split",
            {"split.val": "0.2", "split.test": "0.1"},
        ),
        ("split ./data into 90% train and 10% test", "split", {"split.val": "", "split.test": "0.1"}),
        ("split the dataset ./data into training (80%) and validation (20%)", "split", {"split.val": "0.2"}),
        ("split ./data, 20% for validation", "split", {"split.val": "0.2"}),
        ("split off 20% of ./data for validation", "split", {"split.val": "0.2"}),
    ],
)
def test_words_about_a_data_set_alone_are_a_run_of_the_skills_for_them(
    runtime: Runtime, tmp_path: Path, text: str, action: str, said: dict[str, Any]
) -> None:
    [plan] = runtime.plan(text)
    skill = VALIDATE if action == "check" else CONVERT
    assert (plan.skill.name, plan.action, plan.questions) == (skill, action, ())
    assert plan.spec["dataset"]["place"] == str(tmp_path / "data")
    root, platform = said.pop("results_root", None), said.pop("platform", "local")
    assert plan.results_root == (str(tmp_path / root) if root else None) and plan.platform == platform
    assert {o.key: o.value for o in plan.overrides if o.source in (Source.USER, Source.SHORTHAND)} == said
    [again] = runtime.plan(runtime.sentence([plan]))
    assert again.plan_id == plan.plan_id


@pytest.mark.parametrize(
    "text", ["split ./data", "split ./data into train and val and test", "split ./data 80/30"]
)
def test_a_division_that_is_not_said_is_asked_for(runtime: Runtime, text: str) -> None:
    [plan] = runtime.plan(text)
    assert [question.key for question in plan.questions][:1] == ["split.val"]


def test_what_no_data_set_is_written_in_is_refused_with_all_there_are(runtime: Runtime) -> None:
    with pytest.raises(UsageError, match=r"'tfrecord' is no format .* there are odvg, coco, yolo"):
        runtime.plan("convert the dataset ./data to TFRecord")


def test_a_data_set_in_a_sentence_for_more_is_never_dropped(runtime: Runtime) -> None:
    plans = runtime.plan("convert ./data to COCO, then train Grounding DINO on it")
    assert any("convert" in question.why for plan in plans for question in plan.questions)


@pytest.mark.parametrize(
    "text",
    [
        "check ./data and then train Grounding DINO on ./data, no HPO",
        "Check the labels in ./data. Then train Grounding DINO on them without HPO",
    ],
)
def test_a_check_before_a_training_is_a_step_of_its_own(runtime: Runtime, text: str) -> None:
    check, train = runtime.read(text).requests
    assert (check.action, train.action) == ("check", "train")
    assert [d.uri for d in train.data] == [d.uri for d in check.data] and train.automl == "off"


def test_what_is_not_understood_behind_a_check_stops_it_too(runtime: Runtime) -> None:
    check, train = runtime.read("check ./data, then train Grounding DINO on it with zorg 7").requests
    assert [q.key for q in check.questions] == [q.key for q in train.questions] == ["words"]


def test_the_format_to_write_is_asked_for_with_all_there_are(runtime: Runtime) -> None:
    [plan] = runtime.plan(f"run convert of {CONVERT} on ./data")
    [question] = plan.questions
    assert question.key == "convert.to" and "--set convert.to=coco" in question.choices


def test_plans_need_no_gpu_anywhere_and_read_back_as_they_are(runtime: Runtime) -> None:
    text = f"run convert of {CONVERT}; data source_dataset = ./data; convert.to = coco; on platform docker"
    [plan] = runtime.plan(text)
    assert plan.resources.gpus == 0 and plan.image == "skillbank-engine:local"
    sentence = runtime.sentence([plan])
    assert "GPU" not in sentence
    [again] = runtime.plan(sentence)
    assert again.plan_id == plan.plan_id
    [asked] = runtime.plan(f"{text}; 1 GPU")
    assert asked.resources.gpus == 1 and "1 GPU" in runtime.sentence([asked])


def test_a_value_that_no_format_has_is_refused_when_planned(runtime: Runtime) -> None:
    with pytest.raises(SkillbankError, match=r"convert\.to"):
        runtime.plan(f"run convert of {CONVERT}; data source_dataset = ./data; convert.to = coko")


@pytest.mark.slow
def test_tools_convert_check_and_show_the_counts(runtime: Runtime, data: CocoFolder) -> None:
    tools = Toolbox(runtime, approvals=ApprovalPolicy({"launch": "always"}))
    [need] = tools.describe_action(skill=CONVERT, action="convert").data
    given = [{"role": need.role, "uri": str(data.root)}]
    to = [{"key": "to", "value_json": '"YOLO"'}]
    [plan] = tools.plan(skill=CONVERT, actions=["convert"], data=given, settings=to).plans
    job = tools.launch(plan_id=plan.plan_id).job
    status = tools.job_status(job=job, wait_seconds=120)
    assert status.state == "COMPLETE"
    assert status.metrics == {"pictures": 16, "boxes": 16, "classes": 3, "mended": 0}
    found = tools.job_results(job=job, find="report")
    assert {each.path for each in found.files} == {"convert/report.json", "convert/report.md"}
    new = Path(found.results) / "convert" / "dataset"
    given = [{"role": "source_dataset", "uri": str(new)}]
    [plan] = tools.plan(skill=VALIDATE, actions=["check"], data=given).plans
    job = tools.launch(plan_id=plan.plan_id).job
    assert tools.job_status(job=job, wait_seconds=120).metrics["errors"] == 0


def test_a_role_that_the_skill_does_not_have_is_refused_by_tools(runtime: Runtime) -> None:
    tools = Toolbox(runtime)
    for role, said in (("validation data", "is no role of data"), ("training", "reads source_dataset")):
        answer = tools.call(
            "plan",
            {"skill": VALIDATE, "actions": ["check"], "data": [{"role": role, "uri": "/d"}]},
        )
        assert answer.error is not None and said in answer.error.message


@pytest.mark.slow
def test_findings_end_a_job_with_the_first_of_them(inline: Command, data: CocoFolder) -> None:
    (data.root / "train" / "train-003.jpg").write_bytes(b"no picture")
    words = ("--skill", VALIDATE, "--action", "check", "--data", f"source_dataset={data.root}")
    done = inline("run", *words, "--yes", "--json")
    assert done.code == 1
    status = inline("status", "last", "--json").document
    assert status["state"] == "ERROR"
    assert "pictures that cannot be decoded" in json.dumps(status)
    shown = inline("status", "last")
    assert "errors 1" in shown.out and "data_has_errors" in shown.out


@pytest.mark.slow
def test_an_archive_is_unpacked_for_the_job(inline: Command, data: CocoFolder, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "export"), "zip", tmp_path, "data")
    words = ("--skill", CONVERT, "--action", "split", "--data", f"source_dataset={archive}")
    done = inline("run", *words, "--set", "val=0.25", "--set", "again=true", "--seed", "3", "--yes", "--json")
    assert done.code == 0, done.err
    [report] = (tmp_path / "home").rglob("split/report.json")
    document = json.loads(report.read_text())
    assert {name: each["pictures"] for name, each in document["splits"].items()} == {"train": 12, "val": 4}
    assert document["division"]["seed"] == 3


@pytest.mark.parametrize(
    "words",
    [
        ("--on-broken", "skip"),
        ("--set", "on_broken=skip"),
        ("--set", "dataset.on_broken=skip"),
        ("--on-broken", "skip", "--set", "dataset.on_broken=skip"),
    ],
)
def test_leaving_out_what_is_broken_is_said_in_any_way(
    inline: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "data").mkdir()
    given = ("--skill", CONVERT, "--action", "convert", "--data", f"source_dataset={tmp_path / 'data'}")
    plan = inline("plan", *given, "--set", "to=coco", *words, "--json").document
    assert plan["spec"]["dataset"]["on_broken"] == "skip" and "dataset.on_broken = skip" in plan["sentence"]
    again = inline("plan", plan["sentence"], "--json").document
    assert again["plan_id"] == plan["plan_id"]


def test_two_words_on_broken_data_are_refused(inline: Command, tmp_path: Path) -> None:
    given = ("--skill", CONVERT, "--action", "convert", "--data", f"source_dataset={tmp_path}")
    refused = inline("plan", *given, "--set", "dataset.on_broken=refuse", "--on-broken", "skip")
    assert refused.code == 2 and "keep one" in refused.err


def test_a_check_that_could_leave_nothing_out_says_so(inline: Command, tmp_path: Path) -> None:
    given = ("--skill", VALIDATE, "--action", "check", "--data", f"source_dataset={tmp_path}")
    plan = inline("plan", *given, "--on-broken", "skip", "--json").document
    assert any("nothing broken is left out" in each for each in plan["warnings"])
