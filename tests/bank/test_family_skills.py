"""The skills of model families: valid by the standard, of one mind in prose and metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from skills_ref import read_properties, validate

from skillbank.bank.documents import read_yaml
from skillbank.bank.tables import dataset_rows, inference_rows

SKILLS = Path(__file__).parents[2] / "skills"
FAMILIES = ("rtdetr", "segformer", "image-classification")
ONE_KEY_A_ROW = ("segformer", "image-classification")
"""Families whose tables name keys as their metadata does; others' name pairs of pictures and boxes."""

Params = dict[tuple[str, str], str]
Sources = dict[tuple[str, str], tuple[str, str]]


@pytest.fixture(params=FAMILIES)
def skill(request: pytest.FixtureRequest) -> Path:
    return SKILLS / f"tao-train-{request.param}"


def info_of(skill: Path) -> dict[str, Any]:
    document: dict[str, Any] = read_yaml(skill / "references" / "skill_info.yaml")
    return document


def deploy_of(skill: Path) -> Path:
    """The document of the skill's deploy container, without its ending."""
    return skill / "references" / skill.name.replace("train", "deploy")


def documents(skill: Path) -> list[dict[str, Any]]:
    """The metadata of the skill, and of its deploy container where it has one."""
    deploy = deploy_of(skill).with_suffix(".skill_info.yaml")
    return [info_of(skill), *([read_yaml(deploy)] if deploy.is_file() else [])]


def params(document: dict[str, Any]) -> Params:
    return {
        (action, key): function
        for action, keys in document["spec_params"].items()
        for key, function in keys.items()
    }


def params_of(text: str) -> Params:
    return {(row.action, row.field): row.function for row in inference_rows(text, "SKILL.md")}


def sources(document: dict[str, Any]) -> Sources:
    return {
        (action, key): (source["source"], source["path"])
        for action, keys in document["data_sources"].items()
        for key, source in keys.items()
    }


def sources_of(text: str) -> Sources:
    return {(row.action, row.key): (row.source, row.files.path) for row in dataset_rows(text, "SKILL.md")}


def test_the_standard_is_kept(skill: Path) -> None:
    assert validate(skill) == []
    assert read_properties(skill).license == "Apache-2.0"


@pytest.mark.parametrize("family", ONE_KEY_A_ROW)
def test_tables_agree_with_the_metadata(family: str) -> None:
    skill = SKILLS / f"tao-train-{family}"
    info, *deploy = documents(skill)
    text = (skill / "SKILL.md").read_text(encoding="utf-8")
    assert sources_of(text) == sources(info)
    assert params_of(text) == params(info) | {
        key: value for each in deploy for key, value in params(each).items()
    }
    for each in deploy:
        text = deploy_of(skill).with_suffix(".md").read_text(encoding="utf-8")
        assert sources_of(text) == sources(each)
        assert params_of(text) == params(each)


def test_every_key_exists_in_the_schema_of_its_action(skill: Path) -> None:
    for document in documents(skill):
        for action, declared in document["actions"].items():
            schema = json.loads((skill / "schemas" / f"{action}.schema.json").read_text(encoding="utf-8"))
            for key in [*declared["inputs"], *declared["outputs"]]:
                node = schema
                for part in key.split("."):
                    name, listed, _ = part.partition("[")
                    node = node["properties"][name]
                    node = node["items"] if listed else node


@pytest.mark.parametrize(
    ("family", "metric", "tried", "some"),
    [
        ("segformer", "val_miou", 16, "model.backbone.freeze_backbone"),
        ("image-classification", "val_acc_1", 23, "train.optim.lr"),
    ],
)
def test_what_a_search_tries_is_what_the_family_marks(
    family: str, metric: str, tried: int, some: str
) -> None:
    skill = SKILLS / f"tao-train-{family}"
    schema = json.loads((skill / "schemas" / "train.schema.json").read_text(encoding="utf-8"))
    wanted = schema["automl_default_parameters"]
    assert len(wanted) == tried
    assert {"train.optim.lr", some} <= set(wanted)
    assert not [key for key in wanted if key.startswith("distill")], "a teacher is never searched"
    assert info_of(skill)["metric"]["name"] == metric
