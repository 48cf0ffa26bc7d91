"""Steps written as a block, under headings or as a diff keep what is said of each, or it is asked about."""

from __future__ import annotations

import pytest
from benchmarks.requests.answers import Planned, answer

from skillbank.runtime import Runtime

SECTIONS = """train:
  model: rtdetr
  data: data/new
  epochs: 20
evaluate:
  data: data/val
  batch_size: 2"""
LIST = """- action: train
  model: rtdetr
  data: data/new
  epochs: 20
- action: evaluate
  data: data/val
  batch_size: 2"""
NESTED = """steps:
  - train:
      model: rtdetr
      data: data/new
      epochs: 20
  - evaluate:
      data: data/val
      batch_size: 2"""
JSON = """{"train": {"model": "rtdetr", "data": "data/new", "epochs": 20},
 "evaluate": {"data": "data/val", "batch_size": 2}}"""
HEADINGS = """Training: rtdetr, data/new, 20 epochs
Evaluation: data/val, batch size 2"""
SETTINGS = "Train rtdetr on data/new, no hpo\ntrain:\n  num_epochs: 20\ndataset:\n  batch_size: 2"


def plans(own_bank: Runtime, text: str) -> tuple[Planned, ...]:
    return answer(own_bank, text).plans


@pytest.mark.parametrize(
    "text",
    [
        SECTIONS, f"Please run this:\n{SECTIONS}", f"```yaml\n{SECTIONS}\n```", f"Do this:\n{LIST}", LIST,
        NESTED, JSON, HEADINGS,
    ],
)  # fmt: skip
def test_each_step_keeps_what_is_written_below_it(own_bank: Runtime, text: str) -> None:
    train, evaluate = plans(own_bank, text)
    assert (train.slots["action"], evaluate.slots["action"]) == ("train", "evaluate")
    assert train.slots["data"]["train_datasets"] == ["data/new"]
    assert train.slots["set"] == {"train.num_epochs": 20}
    assert evaluate.slots["data"] == {"eval_dataset": ["data/val"]}
    assert evaluate.slots["set"] == {"evaluate.batch_size": 2}


def test_sections_are_called_by_nouns_and_hold_lists(own_bank: Runtime) -> None:
    text = "training:\n  model: rtdetr\n  data:\n    - data/a\n    - data/b\nevaluation:\n  data: data/val"
    train, evaluate = plans(own_bank, text)
    assert train.slots["data"]["train_datasets"] == ["data/a", "data/b"]
    assert (evaluate.slots["action"], evaluate.slots["data"]) == ("evaluate", {"eval_dataset": ["data/val"]})


def test_further_steps_under_headings_make_an_evaluation_one(own_bank: Runtime) -> None:
    text = "Training: rtdetr, data/new, no hpo\nEvaluation: data/val\nExport: onnx"
    assert [plan.slots["action"] for plan in plans(own_bank, text)] == [
        "train",
        "evaluate",
        "export",
    ]


def test_what_stands_beside_sections_is_said_of_all(own_bank: Runtime) -> None:
    assert [plan.slots["gpus"] for plan in plans(own_bank, f"Run this:\n{SECTIONS}\ngpus: 2")] == [2, 2]


@pytest.mark.parametrize(
    "text",
    [
        "Training: rtdetr, data/new, no hpo\nEvaluation: data/val",
        "Train: data/new\nVal: data/val\nModel: rtdetr",
    ],
)
def test_a_place_alone_under_a_heading_is_what_is_validated_on(own_bank: Runtime, text: str) -> None:
    [train] = plans(own_bank, text)
    assert train.slots["data"] == {"train_datasets": ["data/new"], "eval_dataset": ["data/val"]}


def test_sections_of_a_spec_are_settings(own_bank: Runtime) -> None:
    [train] = plans(own_bank, SETTINGS)
    assert train.slots["set"] == {"train.num_epochs": 20, "dataset.batch_size": 2}


@pytest.mark.parametrize(
    "text",
    [
        "-train rtdetr on data/old, no hpo\n+train rtdetr on data/new, no hpo",
        "- train rtdetr on data/old, no hpo\n+ train rtdetr on data/new, no hpo",
        "train rtdetr on data/new, no hpo\n-  lr: 1e-4\n-  batch: 8\n+  lr: 1e-5\n+  batch: 4",
        "train rtdetr on data/new, no hpo\n  data: x: y\n  epochs: 20\n  data: data/c",
        "Training: rtdetr on data/new, 20 epochs, no hpo\nValidation: data/val, batch size 2",
    ],
)
def test_what_is_taken_out_or_said_twice_is_asked_about(own_bank: Runtime, text: str) -> None:
    [plan] = plans(own_bank, text)
    assert plan.slots["data"]["train_datasets"] == ["data/new"]
    assert any(question.key == "words" for question in plan.asked)


@pytest.mark.parametrize(
    "things", ["docker containers", "slurm posters", "kubernetes logos", "local buses", "number plates"]
)
def test_names_of_platforms_can_be_things(own_bank: Runtime, things: str) -> None:
    said = answer(own_bank, f"find {things} in pics/ using c25a97")
    [plan] = said.plans
    assert plan.slots["captions"] == [things] and plan.runs
    assert plan.slots["platform"] == plans(own_bank, "find cats in pics/ using c25a97")[0].slots["platform"]


@pytest.mark.parametrize("things", ["number plates", "a person riding a bike"])
def test_a_word_that_stays_as_it_is_was_not_corrected(own_bank: Runtime, things: str) -> None:
    assert not any(
        "was read as" in note for note in answer(own_bank, f"search pics/ for {things} with c25a97").notes
    )


@pytest.mark.parametrize(
    "text",
    [
        "find batch labels in pics/ using c25a97",
        "Tell me how to train rtdetr on data/a with val data/b",
        "Teach me to train rtdetr on data/a with val data/b",
        "train rtdetr to be small on data/a val data/b, no hpo",
        "train rtdetr on data/a/train, val is in the same folder, no hpo",
        "train rtdetr on data/a, no hpo, the image size is 640",
        "train rtdetr on data/a, no hpo. Our input size is 640.",
    ],
)
def test_what_no_rule_reads_is_asked_about(own_bank: Runtime, text: str) -> None:
    assert any(question.key == "words" for plan in plans(own_bank, text) for question in plan.asked)


def test_what_somebody_lets_themselves_have_is_set(own_bank: Runtime) -> None:
    [plan] = plans(own_bank, "train rtdetr on data/a, no hpo, lemme have 2 gpus")
    assert plan.slots["gpus"] == 2
