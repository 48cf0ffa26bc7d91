"""What was said and comes to nothing in a plan is asked about or told, whole sentences."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plan.conftest import Compile, MakeSkill
from tests.plan.test_questions import START, STARTS, Asked, acts

DATA = (
    "| train | data.img | train_datasets | images | No |\n| train | data.val | eval_dataset | images | No |"
)
LAID = {"train": {"data": {"img": "", "val": ""}}}
OPTIONAL = {"train": {"data.val": {"source": "eval_dataset", "path": "v", "optional": True}}}
CASES: dict[str, tuple[dict[str, Any], str, dict[str, Any], Asked, list[str]]] = {
    "data whose keys are all set": (
        {"datasets": DATA, "templates": LAID},
        "train",
        {"data": ("train=s3://b", "eval=s3://e"), "settings": ("data.img=/x",)},
        [("data.train", "data.img are set by themselves, so that s3://b would not be used; keep one", ())],
        [],
    ),
    "data of which no key is set": (
        {"datasets": DATA, "templates": LAID},
        "train",
        {"data": ("train=s3://b", "eval=s3://e")},
        [],
        [],
    ),
    "data of another action": (
        {
            "datasets": DATA + "\n| evaluate | data.val | inference_dataset | images | No |",
            "info": {"actions": acts("train") | acts("evaluate")},
            "templates": {"evaluate": LAID["train"]},
        },
        "evaluate",
        {"data": ("inference=s3://b", "train=s3://c")},
        [
            (
                "data.train",
                "evaluate reads inference, so that s3://c, given as train, would not be used; say what it "
                "is, or leave it out",
                ("--data inference=s3://c",),
            )
        ],
        [],
    ),
    "data of an action that reads none": (
        {
            "datasets": DATA,
            "info": {"actions": acts("train") | acts("export")},
            "templates": {"export": {"x": 1}},
        },
        "export",
        {"data": ("train=s3://c",)},
        [
            (
                "data.train",
                "export reads no data set by a role, so that s3://c, given as train, would not be used; "
                "say what it is, or leave it out",
                (),
            )
        ],
        [],
    ),
    "data that no key takes": (
        {
            "info": {"actions": acts("train", "data.src", "data.more?")},
            "templates": {"train": {"data": {"src": "", "more": ""}}},
        },
        "train",
        {"data": ("train=s3://b", "train=s3://c"), "settings": ("data.src=/s",)},
        [
            (
                "data.train",
                "toy does not say which keys train_datasets fills, so that s3://b, s3://c would not be "
                "used; set them yourself: data.src",
                ("--set data.src=s3://b",),
            )
        ],
        [],
    ),
    "data that no key could take": (
        {},
        "train",
        {"data": ("train=s3://b",)},
        [
            (
                "data.train",
                "toy does not say which keys train_datasets fills, so that s3://b would not be used; set "
                "the keys yourself",
                (),
            )
        ],
        [],
    ),
    "a model whose key is set": (
        {"inference": STARTS, "templates": START},
        "train",
        {"settings": ("train.pretrained_model_path=/x.pth",), "pretrained": "/m.pth"},
        [
            (
                "pretrained",
                "train.pretrained_model_path is set to /x.pth, so that '/m.pth', said as pretrained, "
                "would not be used; keep one",
                (),
            )
        ],
        [],
    ),
    "the same model by its key": (
        {"inference": STARTS, "templates": START},
        "train",
        {"settings": ("train.pretrained_model_path=/m.pth",), "pretrained": "/m.pth"},
        [],
        [],
    ),
    "scratch beside a model by its key": (
        {"inference": STARTS, "templates": START},
        "train",
        {"settings": ("train.pretrained_model_path=/x.pth",), "pretrained": "none"},
        [
            (
                "pretrained",
                "train.pretrained_model_path is set to /x.pth, so that 'none', said as pretrained, would "
                "not be used; keep one",
                (),
            )
        ],
        [],
    ),
    "no validation data": (
        {
            "datasets": "| train | data.img | train_datasets | images | No |",
            "info": {"data_sources": OPTIONAL},
            "templates": LAID,
        },
        "train",
        {"data": ("train=s3://b",)},
        [],
        [
            "no eval data: there will be no validation metric, and the latest checkpoint counts as the "
            "best; --data eval=LOCATION adds it"
        ],
    ),
    "validation data by its key": (
        {
            "datasets": "| train | data.img | train_datasets | images | No |",
            "info": {"data_sources": OPTIONAL},
            "templates": LAID,
        },
        "train",
        {"data": ("train=s3://b",), "settings": ("data.val=/v",)},
        [],
        [],
    ),
    "no validation data of an export": (
        {
            "info": {"data_sources": {"export": OPTIONAL["train"]}, "actions": acts("export")},
            "templates": {"export": LAID["train"]},
        },
        "export",
        {"settings": ("data.img=/v",)},
        [("data.eval", "export has no data to work on", ("--data eval=LOCATION",))],
        [],
    ),
    "an example that stays": (
        {
            "info": {"actions": acts("train", "train.zip?", "train.a?")},
            "templates": {"train": {"train": {"zip": "/path/to/file.zip", "a": "x"}}},
        },
        "train",
        {},
        [],
        ["train.zip keeps the example '/path/to/file.zip' of its template; set it or clear it"],
    ),
    "an example that was set": (
        {
            "info": {"actions": acts("train", "train.zip?")},
            "templates": {"train": {"train": {"zip": "/path/to/file.zip"}}},
        },
        "train",
        {"settings": ("train.zip=/z",)},
        [],
        [],
    ),
    "GPUs that no key takes": (
        {},
        "train",
        {"gpus": 2, "nodes": 3},
        [],
        [
            "the spec of train has no key for the number of GPUs: the job gets 2, and the program decides "
            "what it uses",
            "the spec of train has no key for the number of nodes: the job gets 3, and the program "
            "decides what it uses",
        ],
    ),
    "GPUs of the CPU": ({}, "train", {"gpus": 0}, [], []),
}
"""A skill, an action of it, what a person said, and the questions and warnings of its plan."""


@pytest.mark.parametrize("case", CASES)
def test_what_a_plan_asks_and_tells(make_skill: MakeSkill, compiled: Compile, case: str) -> None:
    made, action, said, questions, warnings = CASES[case]
    given = dict(said)
    plan = compiled(make_skill(**made), action, *given.pop("settings", ()), **given)
    assert [(q.key, q.why, q.choices) for q in plan.questions] == questions
    assert [told for told in plan.warnings if "packages no schema" not in told] == warnings
