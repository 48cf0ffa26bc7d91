"""The packaged skills: valid by the standard, and of one mind in prose and metadata."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from skills_ref import read_properties, validate

from skillbank.bank.documents import read_yaml
from skillbank.bank.tables import dataset_rows, inference_rows

BANK = Path(__file__).parents[2]
SKILL = BANK / "skills" / "tao-train-grounding-dino"
INFO = SKILL / "references" / "skill_info.yaml"
DEPLOY_INFO = SKILL / "references" / "tao-deploy-grounding-dino.skill_info.yaml"
DEPLOY_TEXT = SKILL / "references" / "tao-deploy-grounding-dino.md"

Source = tuple[str, str, bool, bool]
"""Dataset, path, one of several sources, optional."""


def sources_of_table(text: str) -> dict[tuple[str, str], Source]:
    found = {}
    for row in dataset_rows(text, "SKILL.md"):
        assert row.files.kind == "map", row
        for name, path, optional in row.files.parts:
            found[row.action, f"{row.key}.{name}"] = (row.source, path, row.is_list, optional)
    return found


def sources_of_info(info: dict[str, Any]) -> dict[tuple[str, str], Source]:
    return {
        (action, key.replace("[0]", "")): (
            source["source"],
            source["path"],
            "[0]" in key,
            source.get("optional", False),
        )
        for action, keys in info["data_sources"].items()
        for key, source in keys.items()
    }


def params_of_table(text: str) -> dict[tuple[str, str], str]:
    return {(row.action, row.field): row.function for row in inference_rows(text, "SKILL.md")}


def params_of_info(info: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (action, key): function
        for action, keys in info["spec_params"].items()
        for key, function in keys.items()
    }


@pytest.fixture(scope="module")
def info() -> dict[str, Any]:
    document: dict[str, Any] = read_yaml(INFO)
    return document


@pytest.fixture(scope="module")
def deploy() -> dict[str, Any]:
    document: dict[str, Any] = read_yaml(DEPLOY_INFO)
    return document


@pytest.fixture(scope="module")
def text() -> str:
    return (SKILL / "SKILL.md").read_text()


@pytest.mark.parametrize(
    "name",
    [
        "tao-train-grounding-dino",
        "tao-run-automl",
        "tao-convert-dataset-format",
        "skillbank-label-set",
        "tao-validate-dataset-format",
    ],
)
def test_skill_passes_the_standard_validator(name: str) -> None:
    assert validate(BANK / "skills" / name) == []
    properties = read_properties(BANK / "skills" / name)
    assert properties.license == "Apache-2.0"
    assert properties.metadata["version"] == "0.1.0"


def test_dataset_table_agrees_with_skill_info(info: dict[str, Any], text: str) -> None:
    table = sources_of_table(text)
    assert len(table) == 17
    assert table == sources_of_info(info)


def test_inference_table_agrees_with_skill_info(
    info: dict[str, Any], deploy: dict[str, Any], text: str
) -> None:
    table = params_of_table(text)
    assert len(table) == 24
    assert table == params_of_info(info) | params_of_info(deploy)


def test_deploy_tables_agree_with_their_overlay(deploy: dict[str, Any]) -> None:
    text = DEPLOY_TEXT.read_text()
    assert sources_of_table(text) == sources_of_info(deploy)
    assert params_of_table(text) == params_of_info(deploy)


@pytest.mark.parametrize("file", [INFO, DEPLOY_INFO])
def test_every_key_exists_in_the_schema_of_its_action(file: Path) -> None:
    document = read_yaml(file)
    for action, declared in document["actions"].items():
        schema = json.loads((SKILL / "schemas" / f"{action}.schema.json").read_text())
        keys = [*declared["inputs"], *declared["outputs"]]
        keys += document["data_sources"].get(action, {})
        keys += document["spec_params"].get(action, {})
        keys += [key for group in declared.get("one_of", []) for key in group]
        for key in keys:
            node = schema
            for step in key.replace("[0]", "").split("."):
                node = node.get("items", node)["properties"][step]
        assert document["spec_templates"][action]


def test_shorthands_lead_somewhere(info: dict[str, Any], deploy: dict[str, Any]) -> None:
    for document, action in ((info, "train"), (deploy, "gen_trt_engine")):
        schema = json.loads((SKILL / "schemas" / f"{action}.schema.json").read_text())
        for key in document["spec_shorthand_keys"].values():
            node = schema
            for step in key.split("."):
                node = node["properties"][step]


def test_data_sources_are_declared_inputs(info: dict[str, Any], deploy: dict[str, Any]) -> None:
    for document in (info, deploy):
        for action, keys in document["data_sources"].items():
            assert set(keys) <= set(document["actions"][action]["inputs"])


def test_images_are_those_of_the_image_map(info: dict[str, Any], deploy: dict[str, Any]) -> None:
    images = read_yaml(BANK / "references" / "images.yaml")["images"]["tao_toolkit"]
    assert info["container_image"] == images["pyt"]
    assert deploy["container_image"] == images["deploy"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "cuda_oom"),
        ("OSError: Can't load tokenizer for 'bert-base-uncased'.", "text_encoder_missing"),
        ("category ids must start from 0", "bad_category_ids"),
        ("PIL.UnidentifiedImageError: cannot identify image file 'a.jpg'", "corrupt_image"),
        ("label 7 is not in the label map", "missing_label"),
    ],
)
def test_error_patterns_match_what_they_name(info: dict[str, Any], line: str, name: str) -> None:
    matching = [entry["name"] for entry in info["error_patterns"] if re.search(entry["pattern"], line, re.I)]
    assert matching == [name]


def test_error_patterns_leave_a_good_run_alone(info: dict[str, Any]) -> None:
    line = "Epoch 3: train_loss 4.21, val_mAP50 0.31; text encoder bert-base-uncased, 24 categories"
    assert not [entry for entry in info["error_patterns"] if re.search(entry["pattern"], line, re.I)]


def test_links_of_the_skill_lead_to_files() -> None:
    for document in (SKILL / "SKILL.md", DEPLOY_TEXT):
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / link).is_file(), link


def test_evals_name_what_exists(info: dict[str, Any], deploy: dict[str, Any]) -> None:
    evals = json.loads((SKILL / "evals" / "evals.json").read_text())
    assert len({case["id"] for case in evals}) == len(evals)
    for case in evals:
        expected = case["expect"]
        actions = deploy["actions"] if expected.get("variant") == "deploy" else info["actions"]
        assert expected["action"] in actions
        assert (expected["route"] == "automl") == (
            expected["action"] == "train" and expected["automl_policy"] != "off"
        )


def test_automl_skill_has_nothing_to_run() -> None:
    info = yaml.safe_load((BANK / "skills/tao-run-automl/references/skill_info.yaml").read_text())
    assert info["type"] == "application"
    assert info["actions"] == {}
