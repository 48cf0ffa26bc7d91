"""Hand-written expected plans: a template and every single value in which the spec differs from it."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import yaml

from skillbank.bank.skill import Skill
from skillbank.plan.draft import Parent
from skillbank.plan.model import ParentRef, Plan
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import Request, parse_data, parse_settings


def load(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    return document


def compile_case(case: dict[str, Any], skill: Skill) -> Plan:
    parent = None
    if "parent" in case:
        spec = {"model": case["parent_model"]} if "parent_model" in case else {}
        parent = Parent(ParentRef(job="job-1", action=case["parent"], skill=skill.name), spec)
    request = Request(
        skill=skill.name,
        data=parse_data(case.get("data", ())),
        settings=parse_settings(case.get("set", ())),
        **{k: case[k] for k in ("action", "variant", "pretrained", "automl", "gpus") if k in case},
    )
    return compile_plan(skill, request, "docker", parent)


def check_case(case: dict[str, Any], skill: Skill, plan: Plan) -> None:
    template = yaml.safe_load((skill.root / case["template"]).read_text()) if "template" in case else {}
    expected = copy.deepcopy(template)
    for key, value in case["differs"].items():
        assert _put(expected, key, value) != value, f"{key} does not differ from the template"
    assert plan.spec == expected
    assert [q.key for q in plan.questions] == case.get("questions", [])
    for sentence in case.get("notes", ()):
        assert any(sentence in w for w in plan.warnings), (sentence, plan.warnings)
    assert len(plan.warnings) == len(case.get("notes", ())), plan.warnings
    assert plan.variant == case.get("chosen_variant")
    simple = {
        "route": plan.route.name,
        "command": list(plan.command),
        "image": plan.image,
        "config_format": plan.config_format,
        "outputs": list(plan.outputs),
        "resources": {"gpus": plan.resources.gpus, "nodes": plan.resources.nodes},
        "metric": [plan.metric, plan.metric_direction],
        "inputs": {i.key: [i.uri, i.runtime, "optional" if i.optional else "required"] for i in plan.inputs},
    }
    assert {k: v for k, v in simple.items() if k in case} == {k: case[k] for k in simple if k in case}


def _put(document: Any, key: str, value: Any) -> Any:
    """Set a value and return what was there; written anew so that it shares nothing with the compiler."""
    parts = [int(p) if p.isdigit() else p for p in re.findall(r"[^.\[\]]+", key)]
    for part in parts[:-1]:
        document = document[part] if isinstance(part, int) else document.setdefault(part, {})
    before = document.get(parts[-1]) if isinstance(document, dict) else document[parts[-1]]
    document[parts[-1]] = value
    return before
