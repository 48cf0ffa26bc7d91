"""What a skill calls by words of its own is understood: actions, kinds of actions, data, listed values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank.plan.model import Plan
from skillbank.runtime import Runtime
from tests.plan.conftest import composed

ACTION = {"config_format": "yaml", "mode": "config"}
TRAIN = {"train": {"num_epochs": 10, "mode": "whole"}, "dataset": {"img_size": 224, "root": "", "shards": ""}}
SCHEMA = {
    "type": "object",
    "properties": {
        "train": {
            "type": "object",
            "properties": {
                "num_epochs": {"type": "int", "default": 10},
                "mode": {"type": "categorical", "enum": ["whole", "instance"], "default": "whole"},
            },
        },
        "dataset": {
            "type": "object",
            "properties": {
                "img_size": {"type": "int", "default": 224},
                "root": {"type": "string", "default": ""},
                "shards": {"type": "string", "default": ""},
            },
        },
    },
}


def write_gizmo(bank: Path) -> None:
    """Write a skill whose actions, data sources and variants have names that no other skill has."""
    folder = bank / "skills" / "models" / "tao-train-gizmo"
    (folder / "references").mkdir(parents=True)
    (folder / "schemas").mkdir()
    names = ("train", "retrain", "segment_train", "evaluate", "segment_evaluate")
    row = {"dataset.root": {"source": "train_datasets", "path": ""}}
    shards = {"dataset.shards": {"source": "train_shards_dataset", "path": "", "optional": True}}
    own = {"dataset.root": {"source": "eval_dataset", "path": ""}}
    info = {
        "name": "tao-train-gizmo", "type": "model", "network_arch": "gizmo", "automl_enabled": False,
        "tags": ["defect"],
        "description": "Gizmo finds defects in pictures. It may be started from a distorted model.",
        "container_image": "x/y:1",
        "actions": {name: {**ACTION, "command": f"gizmo {name} -e {{config_path}}"} for name in names},
        "data_sources": {
            **dict.fromkeys(("train", "retrain", "segment_train"), row | shards),
            **dict.fromkeys(("evaluate", "segment_evaluate"), own),
        },
        "spec_shorthand_keys": {"num_epochs": "train.num_epochs", "img_size": "dataset.img_size"},
        "spec_templates": {name: f"../references/spec_template_{name}.yaml" for name in names},
    }  # fmt: skip
    (folder / "references" / "skill_info.yaml").write_text(yaml.safe_dump(info))
    for name in names:
        (folder / "references" / f"spec_template_{name}.yaml").write_text(yaml.safe_dump(TRAIN))
        (folder / "schemas" / f"{name}.schema.json").write_text(json.dumps(SCHEMA))
    (folder / "SKILL.md").write_text(
        f"---\nname: tao-train-gizmo\ndescription: {info['description']}\n---\n\n# Gizmo\n"
    )


def write_widget(bank: Path) -> None:
    """Write a skill of which one action has two variants, and none without a name."""
    folder = bank / "skills" / "models" / "tao-train-widget"
    (folder / "references").mkdir(parents=True)
    for variant, action in (("", "train"), ("tao-server-widget.", "prune"), ("tao-phone-widget.", "prune")):
        info = {
            "name": "tao-train-widget", "type": "model", "network_arch": "widget", "automl_enabled": False,
            "description": "Widget finds nuts.", "container_image": "x/y:1",
            "actions": {action: {**ACTION, "command": f"widget {action} -e {{config_path}}"}},
        }  # fmt: skip
        (folder / "references" / f"{variant}skill_info.yaml").write_text(yaml.safe_dump(info))
    (folder / "SKILL.md").write_text(
        "---\nname: tao-train-widget\ndescription: Widget finds nuts.\n---\n\n# Widget\n"
    )


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    bank = tmp_path_factory.mktemp("own") / "bank"
    write_gizmo(bank)
    write_widget(bank)
    return Runtime([bank])


def planned(runtime: Runtime, text: str) -> list[Plan]:
    requests, _ = composed(runtime, text)
    return list(runtime.plan(requests))


def asked(plans: list[Plan]) -> str:
    return " ".join(q.why for plan in plans for q in plan.questions)


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("retrain gizmo on ./d", ["retrain"]),
        ("please start retraining gizmo on ./d", ["retrain"]),
        ("run segment_train of gizmo on ./d", ["segment_train"]),
        ("gizmo segment train on ./d", ["segment_train"]),
        ("--skill tao-train-gizmo --action segment_train --train ./d", ["segment_train"]),
        (
            "train the segmentation of gizmo on ./d and evaluate it on ./v",
            ["segment_train", "segment_evaluate"],
        ),
        ("train gizmo on ./d and evaluate the segmentation on ./v", ["train", "segment_evaluate"]),
        ("I retrained gizmo last week, evaluate it on ./v", ["evaluate"]),
        ("train gizmo on ./d", ["train"]),
    ],
)
def test_actions_of_its_own(runtime: Runtime, text: str, actions: list[str]) -> None:
    assert [plan.action for plan in planned(runtime, text)] == actions


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("train gizmo on ./d, image size 512", "img_size", 512),
        ("train gizmo on ./d with 384 px images", "img_size", 384),
        ("train gizmo on ./d, img_size=128", "img_size", 128),
    ],
)
def test_names_of_keys_in_plain_words(runtime: Runtime, text: str, key: str, value: Any) -> None:
    [plan] = planned(runtime, text)
    assert plan.spec["dataset"][key] == value and not plan.questions


def test_a_data_source_of_its_own(runtime: Runtime) -> None:
    for text in (
        "train gizmo on ./d, train_shards_dataset=s3://b/s",
        "train gizmo on ./d, train_shards_dataset at s3://b/s",
    ):
        [plan] = planned(runtime, text)
        assert plan.spec["dataset"]["shards"] == "s3://b/s"


def test_a_word_that_is_a_value_here_is_never_free(runtime: Runtime) -> None:
    assert "instance" in asked(planned(runtime, "train gizmo for instance segmentation on ./d"))
    [plan] = planned(runtime, "train gizmo in instance mode on ./d")
    assert plan.spec["train"]["mode"] == "instance"


def test_what_a_description_offers_beside_is_asked_about(runtime: Runtime) -> None:
    assert not asked(planned(runtime, "train the defects gizmo model on ./d"))
    assert "distorted" in asked(planned(runtime, "train the distorted gizmo model on ./d"))


@pytest.mark.parametrize(
    ("text", "variant", "asks"),
    [
        ("prune widget for the phone", "phone", False),
        ("prune widget for phones", "phone", False),
        ("prune the phone widget", "phone", False),
        ("prune widget for the server", "server", False),
        ("prune widget", "phone", True),
        ("prune widget for the widget", "phone", True),
        ("prune widget for phones and the server", "phone", True),
    ],
)
def test_the_word_of_a_variant_chooses_it(runtime: Runtime, text: str, variant: str, asks: bool) -> None:
    [plan] = planned(runtime, text)
    assert plan.variant == f"tao-{variant}-widget"
    choices = {q.key: q.choices for q in plan.questions}
    assert ("variant" in choices) is asks
    if asks:
        assert [str(each) for each in choices["variant"]] == [
            "--variant tao-phone-widget", "--variant tao-server-widget"
        ]  # fmt: skip
    else:
        assert not choices
