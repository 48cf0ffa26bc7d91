"""Every question that a plan can ask, whole: its key, its sentence and its ways out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from skillbank.bank.skill import Skill
from skillbank.plan.model import Question
from skillbank.plan.open_points import open_points
from skillbank.plan.questions import left_open
from tests.plan.conftest import Compile, MakeSkill

Asked = list[tuple[str, str, tuple[str, ...]]]


def acts(name: str, *inputs: str, **more: Any) -> dict[str, Any]:
    """Return an action with inputs; those that end in ``?`` are optional."""
    declared = {key.rstrip("?"): {"type": "file", "optional": key.endswith("?")} for key in inputs}
    return {name: {"command": f"toy {name} -e {{config_path}}", "inputs": declared, **more}}


def row(key: str, function: str, action: str = "train") -> str:
    return f"| {action} | {key} | {function} | x |\n"


SCHEMA = {"properties": {"train": {"properties": {"mode": {"enum": ["a", "b", "c"]}}}}}
MODELS = {"actions": acts("evaluate", "evaluate.model")}
EVAL = {"evaluate": {"evaluate": {"model": "", "data": "???", "other": "x"}, "train": {"lr": "???"}}}
START = {
    "train": {
        "train": {
            "pretrained_model_path": "",
            "backbone": {"pretrained_backbone_path": ""},
            "resume_training_checkpoint_path": "",
        }
    }
}
STARTS = (
    row("train.pretrained_model_path", "ptm_if_no_resume_model")
    + row("train.backbone.pretrained_backbone_path", "ptm_if_no_resume_model")
    + row("train.resume_training_checkpoint_path", "resume_model")
)
CASES: dict[str, tuple[dict[str, Any], str, dict[str, Any], Asked]] = {
    "an input that nothing gives": (
        {
            "info": {"actions": acts("train", "train.zip", "train.extra?")},
            "templates": {"train": {"train": {"zip": "", "extra": ""}}},
        },
        "train",
        {},
        [("train.zip", "train.zip is needed and nothing says what it is; give --set train.zip=VALUE", ())],
    ),
    "an input that a schema lists": (
        {
            "info": {"actions": acts("train", "train.mode")},
            "templates": {"train": {"train": {"mode": "???"}}},
            "schemas": {"train": SCHEMA},
        },
        "train",
        {},
        [
            (
                "train.mode",
                "train.mode is needed and nothing says what it is; give --set train.mode=VALUE",
                ("--set train.mode=a", "--set train.mode=b", "--set train.mode=c"),
            )
        ],
    ),
    "a value left open of its own section": (
        {"templates": EVAL, "info": MODELS, "inference": row("evaluate.model", "parent_model", "evaluate")},
        "evaluate",
        {"parent": "train"},
        [
            (
                "evaluate.data",
                "evaluate.data is needed and nothing says what it is; give --set evaluate.data=VALUE",
                (),
            )
        ],
    ),
    "an example in the place of a value": (
        {
            "templates": {
                "train": {"train": {"zip": "<your file>", "n": "<3"}, "other": {"zip": "<your file>"}}
            }
        },
        "train",
        {},
        [("train.zip", "train.zip is needed and nothing says what it is; give --set train.zip=VALUE", ())],
    ),
    "a model without a parent": (
        {
            "templates": {"evaluate": {"evaluate": {"model": ""}}},
            "info": MODELS,
            "inference": row("evaluate.model", "parent_model", "evaluate"),
        },
        "evaluate",
        {},
        [
            (
                "parent",
                "evaluate.model comes from a parent job; give --parent JOB, or --set evaluate.model=FILE",
                (),
            )
        ],
    ),
    "a model that the parent does not leave": (
        {
            "templates": {"evaluate": {"evaluate": {"trt_engine": ""}}},
            "info": {"actions": acts("evaluate", "evaluate.trt_engine")},
            "inference": row("evaluate.trt_engine", "parent_model", "evaluate"),
        },
        "evaluate",
        {"parent": "train"},
        [
            (
                "evaluate.trt_engine",
                "evaluate.trt_engine needs engine, but the parent's action 'train' leaves weights; give "
                "another --parent or --set evaluate.trt_engine=FILE",
                (),
            )
        ],
    ),
    "a model that nothing declares": (
        {
            "templates": {"evaluate": {"evaluate": {"model": "", "onnx": ""}}},
            "info": {"actions": acts("evaluate")},
            "inference": row("evaluate.model", "parent_model", "evaluate")
            + row("evaluate.onnx", "parent_model", "evaluate"),
        },
        "evaluate",
        {},
        [
            (
                "parent",
                "evaluate.model comes from a parent job; give --parent JOB, or --set evaluate.model=FILE",
                (),
            )
        ],
    ),
    "one of two models that nothing declares is set": (
        {
            "templates": {"evaluate": {"evaluate": {"model": "", "onnx": ""}}},
            "info": {"actions": acts("evaluate")},
            "inference": row("evaluate.model", "parent_model", "evaluate")
            + row("evaluate.onnx", "parent_model", "evaluate"),
        },
        "evaluate",
        {"settings": ("evaluate.onnx=/a",)},
        [],
    ),
    "one of several": (
        {
            "templates": {"train": {"train": {"a": "", "b": ""}}},
            "info": {"actions": acts("train", "train.a", "train.b", one_of=[["train.a", "train.b"]])},
        },
        "train",
        {},
        [("train.a", "one of train.a, train.b is needed", ("--set train.a=VALUE", "--set train.b=VALUE"))],
    ),
    "one of several is set": (
        {
            "templates": {"train": {"train": {"a": "", "b": ""}}},
            "info": {"actions": acts("train", "train.a", "train.b", one_of=[["train.a", "train.b"]])},
        },
        "train",
        {"settings": ("train.b=1",)},
        [],
    ),
    "a row of data": (
        {
            "datasets": "| train | data.img | train_datasets | images | No |\n| train | data.ann | "
            "train_datasets | a.json | No |",
            "templates": {"train": {"data": {"img": "", "ann": ""}}},
        },
        "train",
        {},
        [("data.train", "train reads a.json, images from train_datasets; give --data train=LOCATION", ())],
    ),
    "a row of another job": (
        {
            "datasets": "| train | data.info | train_datasets | /results/{convert_job_id}/info/ | No |\n| "
            "train | data.ann | train_datasets | a.json | No |",
            "templates": {"train": {"data": {"info": "", "ann": ""}}},
        },
        "train",
        {"data": ("train=s3://b",)},
        [("data.info", "data.info is info/ of a convert job; give --set data.info=PATH", ())],
    ),
    "a row of prose": (
        {
            "datasets": "| train | data.root | train_datasets | the folder with everything | No |\n| "
            "train | data.ann | train_datasets | a.json | No |",
            "templates": {"train": {"data": {"root": "", "ann": ""}}},
        },
        "train",
        {"data": ("train=s3://b",)},
        [("data.root", "data.root needs a value (SKILL.md:10); give --set data.root=VALUE", ())],
    ),
    "two starts of one training": (
        {"inference": STARTS, "templates": START},
        "train",
        {"settings": ("train.resume_training_checkpoint_path=/r.pth",), "pretrained": "/m.pth"},
        [
            (
                "pretrained",
                "train starts from /r.pth (train.resume_training_checkpoint_path), so that "
                "train.pretrained_model_path (/m.pth) gives nothing; keep one",
                (),
            )
        ],
    ),
    "a start from scratch and from a checkpoint": (
        {"inference": STARTS, "templates": START},
        "train",
        {"settings": ("train.resume_training_checkpoint_path=/r.pth",), "pretrained": "none"},
        [
            (
                "pretrained",
                "train starts from /r.pth (train.resume_training_checkpoint_path), so that --pretrained "
                "none gives nothing; keep one",
                (),
            )
        ],
    ),
    "a whole model and its backbone": (
        {"inference": STARTS, "templates": START},
        "train",
        {
            "settings": (
                "train.pretrained_model_path=/m.pth",
                "train.backbone.pretrained_backbone_path=/b.pth",
            )
        },
        [
            (
                "pretrained",
                "train starts from /m.pth (train.pretrained_model_path), so that "
                "train.backbone.pretrained_backbone_path (/b.pth) gives nothing; keep one",
                (),
            )
        ],
    ),
    "a parent and another model": (
        {"inference": STARTS, "templates": START},
        "train",
        {"parent": "train", "pretrained": "/m.pth"},
        [("parent", "toy train starts from '/m.pth', so that job-1 gives nothing; keep one", ())],
    ),
    "a parent that leaves no weights": (
        {"inference": STARTS, "templates": START},
        "train",
        {"parent": "export"},
        [("parent", "the parent job-1 (export) leaves onnx, which toy train does not start from", ())],
    ),
    "a parent that no key takes": (
        {"templates": {"train": {"a": 1}}},
        "train",
        {"parent": "train"},
        [
            (
                "parent",
                "nothing of toy train says which key takes the model of job-1, so that the parent would "
                "give nothing; set the key yourself (--set KEY=JOB), or leave the parent out",
                (),
            )
        ],
    ),
    "a parent that does not fit the key it was named for": (
        {
            "inference": row("evaluate.trt_engine", "parent_model", "evaluate"),
            "info": {"actions": acts("evaluate", "evaluate.trt_engine")},
            "templates": {"evaluate": {"evaluate": {"trt_engine": ""}}},
        },
        "evaluate",
        {"parent": "train", "settings": ("evaluate.trt_engine={parent_model}",)},
        [
            (
                "parent",
                "nothing of toy evaluate says which key takes the model of job-1, so that the parent "
                "would give nothing; set the key yourself (--set KEY=JOB), or leave the parent out",
                (),
            )
        ],
    ),
    "optional data that is all missing": (
        {
            "info": {
                "data_sources": {
                    "train": {"data.a": {"source": "train_datasets", "path": "a", "optional": True}}
                }
            },
            "templates": {"train": {"data": {"a": ""}}},
        },
        "train",
        {},
        [("data.train", "train has no data to work on", ("--data train=LOCATION",))],
    ),
}
"""A skill, an action of it, what a person said, and the questions of its plan."""


def asked(
    make_skill: MakeSkill, compiled: Compile, made: Mapping[str, Any], action: str, said: Mapping[str, Any]
) -> Asked:
    given = dict(said)
    skill: Skill = make_skill(**made)
    plan = compiled(skill, action, *given.pop("settings", ()), **given)
    return [(q.key, q.why, q.choices) for q in plan.questions]


@pytest.mark.parametrize("case", CASES)
def test_what_a_plan_asks(make_skill: MakeSkill, compiled: Compile, case: str) -> None:
    made, action, said, questions = CASES[case]
    assert asked(make_skill, compiled, made, action, said) == questions


def test_what_another_action_leaves_open_is_listed(make_skill: MakeSkill) -> None:
    skill = make_skill(info={"actions": acts("evaluate") | acts("train")}, templates=EVAL)
    spec = {"evaluate": {"data": "???"}, "train": {"lr": "???", "n": 1}, "model": {"x": "???"}}
    assert left_open(skill, skill.action("evaluate", None), spec) == ("train.lr",)


@pytest.mark.parametrize(
    ("count", "more"), [(0, ""), (1, ""), (20, ""), (21, "; and 1 more"), (25, "; and 5 more")]
)
def test_of_many_questions_the_first_are_told(count: int, more: str) -> None:
    asked = [Question(key=f"k{number}", why="why" if number else "w" * 700) for number in range(count)]
    told = str(open_points(asked))
    assert told.startswith("k0: www" if count else "") and told.endswith(more)
    assert told.count("; ") == max(0, min(count, 20) - 1) + bool(more)
    assert len(told.partition("; ")[0]) < 620
