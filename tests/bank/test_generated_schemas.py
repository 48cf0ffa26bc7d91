"""Schemas and templates of the packaged skill, and the generator that writes them."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from skillbank.bank.schemas import HEADER, generate_schemas, load_schema_document
from skillbank.bank.skill import Skill
from skillbank.errors import SkillbankError, SkillFormatError

SKILL = Path(__file__).parents[2] / "skills" / "tao-train-grounding-dino"
ACTIONS = ["evaluate", "export", "gen_trt_engine", "inference", "quantize", "train"]
STANDARD_TYPES = {"integer", "number", "boolean", "string", "array", "object", "null"}


def read_schema(action: str) -> dict[str, Any]:
    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is not JSON")

    text = (SKILL / "schemas" / f"{action}.schema.json").read_text()
    schema: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return schema


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, child in schema.get("properties", {}).items():
        yield f"{path}{name}", child
        yield from nodes(child, f"{path}{name}.")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return load_schema_document(Skill(SKILL, bank_root=SKILL.parents[1]), os.environ)


@pytest.mark.slow
def test_packaged_files_are_up_to_date(document: dict[str, Any]) -> None:
    assert generate_schemas(SKILL, document, check=True) == []


@pytest.mark.parametrize("action", ACTIONS)
def test_schema_is_valid_and_accepts_its_default(action: str) -> None:
    schema = read_schema(action)
    Draft202012Validator.check_schema(schema)
    assert not list(Draft202012Validator(schema).iter_errors(schema["default"]))
    for path, node in nodes(schema):
        types = node["type"] if isinstance(node["type"], list) else [node["type"]]
        assert set(types) <= STANDARD_TYPES, path
        if "default" in node:
            assert not list(Draft202012Validator(node).iter_errors(node["default"])), path
        assert node.get("description"), path
        assert node.get("parent_param") in (None, True), path
        for word in ("automl_default_parameters", "automl_disabled_parameters"):
            assert node.get(word, []) == sorted(node.get(word, [])), path


@pytest.mark.parametrize("action", ACTIONS)
def test_schema_closes_what_has_fixed_keys(action: str) -> None:
    schema = read_schema(action)
    assert "required" not in schema
    for path, node in [("", schema), *nodes(schema)]:
        if "properties" in node:
            assert node["additionalProperties"] is False, path
    assert schema["properties"]["quantize"]["properties"]["backend_kwargs"]["additionalProperties"] is True


@pytest.mark.parametrize("action", ACTIONS)
def test_template_equals_the_defaults(action: str) -> None:
    text = (SKILL / "references" / f"spec_template_{action}.yaml").read_text()
    assert text.startswith(HEADER)
    assert yaml.safe_load(text) == read_schema(action)["default"]


@pytest.mark.parametrize("action", ["evaluate", "inference", "gen_trt_engine"])
def test_deploy_template_wants_an_engine(action: str) -> None:
    template = yaml.safe_load((SKILL / "references" / f"spec_template_deploy_{action}.yaml").read_text())
    schema = read_schema(action)
    assert not list(Draft202012Validator(schema).iter_errors(template))
    assert template[action]["trt_engine"] == "???"
    if action != "gen_trt_engine":
        assert template[action]["checkpoint"] == ""


def test_search_words() -> None:
    schema = read_schema("train")
    found = dict(nodes(schema))
    assert schema["automl_default_parameters"] == sorted(
        path for path, node in found.items() if node.get("automl_enabled") is True
    )
    for path in ("train.optim.lr", "train.optim.lr_backbone", "train.optim.weight_decay"):
        assert found[path]["automl_scale"] == "log"
        assert 0 < found[path]["automl_minimum"] < found[path]["default"] < found[path]["automl_maximum"]
    assert found["train.optim.lr"]["exclusiveMinimum"] == 0
    assert found["train.optim.momentum"]["minimum"] == 0
    assert found["train.optim.momentum"]["exclusiveMaximum"] == 1
    assert found["dataset.augmentation.train_random_crop_min"]["parent_param"] is True
    crop_max = found["dataset.augmentation.train_random_crop_max"]
    assert crop_max["math_cond"] == "> depends_on"
    assert crop_max["depends_on"] == "dataset.augmentation.train_random_crop_min"
    assert found["model.num_select"]["depends_on"] == "model.num_queries"
    assert found["model.dec_layers"]["minimum"] == 1
    assert read_schema("gen_trt_engine")["properties"]["gen_trt_engine"]["properties"]["tensorrt"][
        "properties"
    ]["data_type"]["enum"] == ["FP32", "FP16"]


@pytest.mark.parametrize("action", ACTIONS)
def test_searched_parameters_have_finite_ranges(action: str) -> None:
    schema = read_schema(action)
    found = dict(nodes(schema))
    for path in schema["automl_default_parameters"]:
        node = found[path]
        low = node.get("automl_minimum", node.get("minimum"))
        high = node.get("automl_maximum", node.get("maximum"))
        assert low is not None and high is not None and low < high, path
        assert low <= node["default"] <= high, path


def test_manifest_names_every_file_with_its_digest() -> None:
    manifest = json.loads((SKILL / "schemas" / "manifest.json").read_text())
    assert list(manifest["actions"]) == ACTIONS
    listed: set[str] = set()
    for entry in manifest["actions"].values():
        for name, digest in entry["sha256"].items():
            assert hashlib.sha256((SKILL / name).read_bytes()).hexdigest() == digest
            listed.add(name)
    made = {f"schemas/{p.name}" for p in (SKILL / "schemas").glob("*.schema.json")}
    made |= {f"references/{p.name}" for p in (SKILL / "references").glob("spec_template_*.yaml")}
    assert listed == made


@pytest.mark.slow
def test_check_reports_and_writing_repairs(tmp_path: Path, document: dict[str, Any]) -> None:
    skill = tmp_path / SKILL.name
    shutil.copytree(SKILL, skill)
    generate_schemas(skill, document, check=False)
    edited = skill / "schemas" / "train.schema.json"
    edited.write_text(edited.read_text().replace("900", "901", 1))
    gone = skill / "references" / "spec_template_export.yaml"
    gone.unlink()
    orphan = skill / "references" / "spec_template_prune.yaml"
    orphan.write_text(HEADER + "a: 1\n")
    own = skill / "references" / "spec_template_mine.yaml"
    own.write_text("a: 1\n")
    stale = sorted([edited, gone, orphan])
    assert generate_schemas(skill, document, check=True) == stale
    assert orphan.exists() and not gone.exists()
    assert generate_schemas(skill, document, check=False) == stale
    assert generate_schemas(skill, document, check=True) == []
    assert own.exists() and not orphan.exists()


def test_infinity_is_refused(tmp_path: Path, document: dict[str, Any]) -> None:
    broken = copy.deepcopy(document)
    broken["train"]["schema"]["properties"]["model"]["maximum"] = float("inf")
    with pytest.raises(SkillFormatError, match="Infinity"):
        generate_schemas(tmp_path, broken, check=False)
    assert list(tmp_path.iterdir()) == []


def test_a_document_without_defaults_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SkillFormatError, match="no schema and defaults for train"):
        generate_schemas(tmp_path, {"train": {"schema": {}}}, check=True)


@pytest.mark.parametrize(
    ("source", "error", "sentence"),
    [
        ("", SkillFormatError, "names no schema_source"),
        ("schema_source: no-such-program-here", SkillbankError, "cannot be started"),
        (
            "schema_source: python -c 'raise SystemExit(\"broken\")'",
            SkillbankError,
            "failed with status 1: broken",
        ),
        ("schema_source: python -c 'print(1)'", SkillFormatError, "printed no mapping"),
        ("schema_source: python -c 'print()'", SkillFormatError, "is not valid JSON"),
    ],
)
def test_schema_source_that_gives_nothing(
    tmp_path: Path, source: str, error: type[SkillbankError], sentence: str
) -> None:
    (tmp_path / "references").mkdir()
    (tmp_path / "references" / "skill_info.yaml").write_text(f"name: x\n{source}\n")
    with pytest.raises(error, match=sentence):
        load_schema_document(Skill(tmp_path), os.environ)
