"""The skill of SegFormer: valid by the standard, of one mind in prose and metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from skills_ref import read_properties, validate

from skillbank.bank.documents import read_yaml
from skillbank.bank.tables import dataset_rows, inference_rows

SKILL = Path(__file__).parents[2] / "skills" / "tao-train-segformer"
DEPLOY = "tao-deploy-segformer"


@pytest.fixture(scope="module")
def info() -> dict[str, Any]:
    document: dict[str, Any] = read_yaml(SKILL / "references" / "skill_info.yaml")
    return document


@pytest.fixture(scope="module")
def deploy() -> dict[str, Any]:
    document: dict[str, Any] = read_yaml(SKILL / "references" / f"{DEPLOY}.skill_info.yaml")
    return document


def params(document: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (action, key): function
        for action, keys in document["spec_params"].items()
        for key, function in keys.items()
    }


def params_of(text: str) -> dict[tuple[str, str], str]:
    return {(row.action, row.field): row.function for row in inference_rows(text, "SKILL.md")}


def sources(document: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (action, key): (source["source"], source["path"])
        for action, keys in document["data_sources"].items()
        for key, source in keys.items()
    }


def sources_of(text: str) -> dict[tuple[str, str], tuple[str, str]]:
    return {(row.action, row.key): (row.source, row.files.path) for row in dataset_rows(text, "SKILL.md")}


def test_the_standard_is_kept() -> None:
    assert validate(SKILL) == []
    assert read_properties(SKILL).license == "Apache-2.0"


def test_tables_agree_with_the_metadata(info: dict[str, Any], deploy: dict[str, Any]) -> None:
    text = (SKILL / "SKILL.md").read_text(encoding="utf-8")
    assert sources_of(text) == sources(info)
    assert params_of(text) == params(info) | params(deploy)
    text = (SKILL / "references" / f"{DEPLOY}.md").read_text(encoding="utf-8")
    assert sources_of(text) == sources(deploy)
    assert params_of(text) == params(deploy)


def test_every_key_exists_in_the_schema_of_its_action(info: dict[str, Any], deploy: dict[str, Any]) -> None:
    for document in (info, deploy):
        for action, declared in document["actions"].items():
            schema = json.loads((SKILL / "schemas" / f"{action}.schema.json").read_text(encoding="utf-8"))
            for key in [*declared["inputs"], *declared["outputs"]]:
                node = schema
                for part in key.split("."):
                    node = node["properties"][part]


def test_what_a_search_tries_is_what_the_family_marks(info: dict[str, Any]) -> None:
    schema = json.loads((SKILL / "schemas" / "train.schema.json").read_text(encoding="utf-8"))
    wanted = schema["automl_default_parameters"]
    assert len(wanted) == 16
    assert "train.optim.lr" in wanted and "model.backbone.freeze_backbone" in wanted
    assert info["metric"]["name"] == "val_miou"
