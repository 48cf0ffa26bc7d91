"""The schemas of our own documents are up to date, valid, and describe what we write and read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from skillbank.bank.discovery import Library
from skillbank.bank.documents import read_yaml
from skillbank.bank.home import bank_root
from skillbank.bank.manifest import build_manifest
from skillbank.contracts import MODELS, contract, generate_contracts, tools_document
from skillbank.jobs.record import JobRecord
from skillbank.plan.model import Plan
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import Request

INFOS = sorted((bank_root() / "skills").glob("*/references/*skill_info.yaml"))
SCHEMAS = bank_root() / "schemas"
CORPUS = bank_root().parent / "shared" / "corpus" / "bank"


@pytest.fixture(scope="module")
def plan() -> Plan:
    skill = Library().get("tao-train-grounding-dino")
    return compile_plan(skill, Request(skill=skill.name, action="train"), "local")


def problems(name: str, document: Any) -> list[str]:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    found = Draft202012Validator(schema).iter_errors(json.loads(json.dumps(document)))
    return [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in found]


def test_files_are_up_to_date() -> None:
    assert generate_contracts(SCHEMAS, check=True) == []


@pytest.mark.parametrize("name", MODELS)
def test_each_is_a_valid_schema(name: str) -> None:
    Draft202012Validator.check_schema(contract(name))


@pytest.mark.parametrize("tool", tools_document()["tools"], ids=lambda tool: tool["name"])
def test_each_tool_has_valid_schemas(tool: dict[str, Any]) -> None:
    for schema in (tool["inputSchema"], tool["outputSchema"]):
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"


def test_a_plan_fits(plan: Plan) -> None:
    assert problems("plan", plan.document()) == []
    assert problems("plan", {**plan.document(), "surprise": 1})


def test_a_job_record_fits(plan: Plan) -> None:
    record = JobRecord(
        id="a-1",
        created=datetime.now(UTC),
        plan_id=plan.plan_id,
        plan=plan.document(),
        skill="s",
        action="train",
        platform="local",
        results_dir="/r",
    )
    assert problems("job_record", record.model_dump(mode="json")) == []


def test_the_manifest_fits() -> None:
    assert problems("manifest", build_manifest(bank_root())) == []


@pytest.mark.parametrize("file", INFOS, ids=lambda f: f.name)
def test_our_skill_infos_fit(file: Path) -> None:
    assert problems("skill_info", read_yaml(file)) == []


def test_skill_infos_of_the_family_fit() -> None:
    files = sorted(CORPUS.rglob("*skill_info.yaml"))
    if not files:
        pytest.skip(f"the corpus of real skills is not at {CORPUS}")
    odd = {f.name: found for f in files if (found := problems("skill_info", read_yaml(f)))}
    assert odd == {}


def test_generating_writes_what_is_stale(tmp_path: Path) -> None:
    assert len(generate_contracts(tmp_path, check=True)) == len(MODELS) + 1
    assert not list(tmp_path.iterdir())
    generate_contracts(tmp_path, check=False)
    assert generate_contracts(tmp_path, check=True) == []
    (tmp_path / "plan.schema.json").write_text("{}")
    assert generate_contracts(tmp_path, check=True) == [tmp_path / "plan.schema.json"]
