"""What is told of a skill and of an action, and how much of a bank compiles."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from skillbank.bank.skill import Skill
from skillbank.plan.coverage import Coverage, expected_locations, full_plan, skill_coverage
from skillbank.plan.description import describe_action, describe_skill, find_parameters
from skillbank.plan.hardware import hardware_notes
from skillbank.plan.model import Resources
from tests.plan.conftest import MakeSkill

SCHEMA = {
    "properties": {
        "train": {
            "properties": {
                "lr": {"type": "number", "description": "How fast it learns."},
                "model": {"type": "string"},
                "epochs": {"type": "integer", "minimum": 1},
            }
        },
        "data": {"properties": {"folder": {"type": "string"}, "engine_file": {"type": "string"}}},
    }
}
TEMPLATE = {
    "train": {"lr": 0.1, "model": "???", "epochs": 3},
    "data": {"folder": "???", "engine_file": "???"},
}
ROW = "| train | data.folder | train_dataset | images | no |"


@pytest.fixture
def toy(make_skill: MakeSkill) -> Skill:
    inputs = {
        "data.engine_file": {"type": "file"},
        "train.model": {"type": "file"},
        "data.folder": {"type": "folder"},
    }
    return make_skill(
        datasets=ROW,
        inference="| train | train.model | parent_model | |",
        info={
            "metric": "mAP",
            "actions": {"train": {"command": "toy train -e {config_path}", "inputs": inputs}},
            "spec_shorthand_keys": {"speed": "train.lr"},
        },
        schemas={"train": SCHEMA},
        templates={"train": TEMPLATE},
    )


def test_a_skill_is_told_whole(toy: Skill) -> None:
    told = describe_skill(toy)
    assert told["actions"] == [
        {
            "name": "train",
            "variant": None,
            "command": "toy train -e {config_path}",
            "image": "registry/toy:1",
        }
    ]
    assert (told["name"], told["metric"], told["network_arch"]) == ("toy", "mAP", "toy")
    assert told["shorthands"] == dict(toy.actions[0].shorthands)


def test_an_action_is_told_with_its_leaves_alone(toy: Skill) -> None:
    told = describe_action(toy, toy.actions[0])
    assert [each["key"] for each in told["parameters"]] == [
        "train.lr",
        "train.model",
        "train.epochs",
        "data.folder",
        "data.engine_file",
    ]
    assert told["parameters"][0]["default"] == 0.1
    assert [each["key"] for each in told["data"]] == ["data.folder"]
    found = describe_action(toy, toy.actions[0], "learns fast")["parameters"]
    assert [each["key"] for each in found] == ["train.lr"]


@pytest.mark.parametrize(
    ("search", "keys"),
    [
        ("train", ["train.lr", "train.x"]),
        ("LR, train", ["train.lr"]),
        ("fast", ["train.lr"]),
        ("none", []),
        (" ", None),
    ],
)
def test_keys_are_found_before_descriptions(search: str, keys: list[str] | None) -> None:
    parameters = [
        {"key": "train.lr", "description": "How fast."},
        {"key": "train.x"},
        {"key": "data.y", "description": "What train reads."},
    ]
    expected = [each["key"] for each in parameters] if keys is None else keys
    assert [each["key"] for each in find_parameters(parameters, search)] == expected


def test_how_much_compiles_is_counted(toy: Skill) -> None:
    count = skill_coverage(toy)
    assert count.skills == count.actions == 1 and count.failing == count.lost == 0
    assert count.required_inputs == count.bound + count.asked
    assert count.file_cells == count.placed == len(expected_locations(toy, toy.actions[0])) == 1
    plan = full_plan(toy, toy.actions[0])
    assert plan.spec["data"]["folder"] == "s3://bucket/train_dataset/images"
    assert [ref.action for ref in plan.parents] == ["train"], "what it starts from is weights, and no engine"
    twice = Coverage()
    for _ in range(2):
        twice += count
    assert asdict(twice) == {name: 2 * value for name, value in asdict(count).items()}


@pytest.mark.parametrize(
    ("memory", "batch", "said"),
    [
        (24.0, 9, None),
        (23.0, 9, "; set b to 4 instead of 9"),
        (16.0, 4, ""),
        (15.0, 4, "; set b to 2 instead of 4"),
        (8.0, 2, ""),
        (7.0, 2, "; set b to 1 instead of 2"),
        (7.0, 1, ""),
    ],
)
def test_the_batch_of_the_largest_step_that_the_memory_reaches(
    memory: float, batch: int, said: str | None
) -> None:
    facts = {"gpu_memory_gb": 24, "batch_size": {"key": "b", "by_memory_gb": {16: 4, 8: 2}}}
    note = f"the skill is meant for GPUs of 24 GB and these have {memory:g} GB"
    expected = [] if said is None else [note + said]
    assert hardware_notes(facts, {"b": batch}, Resources(gpus=1), memory) == expected
    bare = [] if said is None else [note]
    for rule in ({}, {"batch_size": {"key": "b"}}, {"batch_size": {"key": "b", "by_memory_gb": {}}}):
        assert hardware_notes({"gpu_memory_gb": 24, **rule}, {"b": batch}, Resources(gpus=1), memory) == bare


@pytest.mark.parametrize(
    ("least", "gpus", "told"), [(1, 0, True), (1, 1, False), (0, 0, False), (None, 0, False)]
)
def test_too_few_gpus_are_said(least: int | None, gpus: int, told: bool) -> None:
    assert bool(hardware_notes({"min_gpus": least}, {}, Resources(gpus=gpus), None)) is told


def test_a_parameter_that_no_template_has_has_no_default(make_skill: MakeSkill) -> None:
    skill = make_skill(schemas={"train": SCHEMA}, templates={"train": {"train": {"lr": None}}})
    told = describe_action(skill, skill.action("train", None))["parameters"]
    assert sorted((each["key"], each["type"], each["default"]) for each in told) == [
        ("data.engine_file", "string", None), ("data.folder", "string", None),
        ("train.epochs", "integer", None), ("train.lr", "number", None), ("train.model", "string", None),
    ]  # fmt: skip
