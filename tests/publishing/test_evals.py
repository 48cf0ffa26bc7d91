"""The bank's own questions to agents: in the public form, and the plan is what they expect."""

import json
from pathlib import Path
from typing import Any

import pytest

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.home import bank_root
from skillbank.bank.lint_evals import evals
from skillbank.bank.skill import Skill
from skillbank.runtime import Runtime

FILES = sorted((bank_root() / "skills").glob("*/evals/evals.json"))
CASES = [(file.parents[1].name, case) for file in FILES for case in json.loads(file.read_text())]


def test_every_skill_of_the_bank_has_some() -> None:
    assert {file.parents[1] for file in FILES} == {
        f.parent for f in (bank_root() / "skills").glob("*/SKILL.md")
    }


@pytest.mark.parametrize(("skill", "case"), CASES, ids=[f"{name}-{case['id']}" for name, case in CASES])
def test_the_plan_is_what_they_expect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skill: str, case: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    assert {"id", "question", "expected_skill", "expected_behavior"} <= case.keys()
    with Runtime() as runtime:
        [plan] = runtime.plan(case["question"])
    found = {
        "action": plan.action,
        "variant": plan.variant,
        "route": plan.route.name,
        "automl_policy": plan.automl_policy.value,
    }
    meant = (
        plan.route.skill or plan.skill.name if case["expected_skill"] != plan.skill.name else plan.skill.name
    )
    assert meant == case["expected_skill"] == skill
    assert {key: found[key] for key in case["expect"]} == case["expect"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "evals.json"),
        ('{"evals": []}', "no list"),
        ("[3]", "question 1 is no mapping"),
        ('[{"id": "a"}]', "asks nothing"),
        ('[{"question": "q", "expected_behavior": "b"}]', "no list of sentences"),
        ('[{"id": "a", "question": "q"}, {"id": "a", "question": "q"}]', "question 2 has the id 'a'"),
        ('[{"question": "q", "expect": {"colour": 1}}]', "something else than"),
        ('[{"question": "q", "expect": {"action": "fly"}}]', "'fly', which the skill does not have"),
    ],
)
def test_what_is_wrong_is_found(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "references").mkdir()
    (tmp_path / "evals").mkdir()
    (tmp_path / "SKILL.md").write_text("---\nname: x\ndescription: d\n---\n")
    (tmp_path / "references" / "skill_info.yaml").write_text("type: model\nactions: {train: {command: c}}\n")
    (tmp_path / "evals" / "evals.json").write_text(text)
    found: list[Diagnostic] = list(evals(Skill(tmp_path)))
    assert [told in each.message for each in found] == [True]
