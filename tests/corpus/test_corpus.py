"""Twenty-one skills that other people wrote: all load, all compile or ask, oddities as expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank.bank.actions import Action
from skillbank.bank.discovery import Library
from skillbank.bank.documents import parse_yaml
from skillbank.bank.keys import plain
from skillbank.bank.skill import Skill
from skillbank.plan.coverage import bank_coverage, full_plan
from skillbank.plan.datasets import bindings
from skillbank.plan.inputs import positions
from skillbank.plan.model import Plan
from skillbank.plan.paths import get_path
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import Request
from skillbank.plan.spec import is_example, unset
from tests.plan.golden import check_case, compile_case, load

pytestmark = pytest.mark.slow

CASES = sorted((Path(__file__).parent / "golden").glob("*.yaml"))


def actions(corpus: Library) -> list[tuple[Skill, Action]]:
    return [(s, a) for s in corpus.skills for a in s.actions]


def test_every_skill_loads(corpus: Library) -> None:
    assert len(corpus.skills) == 21
    assert not [d for _, d in corpus.diagnostics if d.severity == "error"]
    assert len(actions(corpus)) == 125


def test_every_action_compiles_or_asks(corpus: Library) -> None:
    for skill, action in actions(corpus):
        for automl in ("auto", "off"):
            request = Request(skill=skill.name, action=action.name, variant=action.variant, automl=automl)
            plan = compile_plan(skill, request, "docker")
            assert all(q.key and q.why for q in plan.questions)
            assert Plan.from_document(plan.document()) == plan
        assert full_plan(skill, action).image


def test_every_required_input_is_bound_or_asked(corpus: Library) -> None:
    for skill, action in actions(corpus):
        request = Request(skill=skill.name, action=action.name, variant=action.variant, automl="off")
        for plan in (compile_plan(skill, request, "docker"), full_plan(skill, action)):
            changed = {plain(o.key) for o in plan.overrides}
            asked = " ".join(f"{q.key} {q.why}" for q in plan.questions)
            template, _ = skill.template(action)
            sources = {plain(r.key): r.source for r in bindings(skill, action, template)[0]}
            for declared in action.inputs:
                if declared.optional:
                    continue
                for key in positions(declared.key, plan.spec):
                    value = get_path(plan.spec, key)
                    by_user = plain(key) in changed
                    if not unset(value) and (by_user or not is_example(value)):
                        continue
                    source = sources.get(plain(key), "no source")
                    assert key in asked or source in asked or "parent job" in asked, (action, key)


def test_every_file_cell_appears_in_the_spec(corpus: Library) -> None:
    checked = 0
    for skill, action in actions(corpus):
        plan = full_plan(skill, action)
        text = str(plan.spec)
        template, _ = skill.template(action)
        for row in bindings(skill, action, template)[0]:
            if row.kind == "data":
                location = f"s3://bucket/{row.source}" + (f"/{row.path}" if row.path else "")
                assert location.rstrip("/") in text, (action, row)
                checked += 1
    assert checked > 250


def test_nothing_is_asked_for_that_was_given(corpus: Library) -> None:
    for skill, action in actions(corpus):
        plan = full_plan(skill, action)
        assert not [q for q in plan.questions if q.key.startswith("data.")], (skill, action, plan.questions)


def test_templates_written_with_aliases_are_the_same(corpus: Library) -> None:
    """Every template as its author might have written it: what occurs twice is an anchor and its aliases."""
    aliased = 0
    for skill, action in actions(corpus):
        template, _ = skill.template(action)
        text = yaml.safe_dump(_shared(template, {}), sort_keys=False)
        aliased += "*id" in text
        assert parse_yaml(text, "template") == template, (skill, action)
    assert aliased > 50


def _shared(node: Any, seen: dict[str, Any]) -> Any:
    """Make equal collections one object, which a dumper writes out once."""
    if isinstance(node, dict):
        node = {name: _shared(value, seen) for name, value in node.items()}
    elif isinstance(node, list):
        node = [_shared(value, seen) for value in node]
    else:
        return node
    return seen.setdefault(repr(node), node)


@pytest.mark.parametrize("file", CASES, ids=lambda f: f.stem)
def test_plan(file: Path, corpus: Library) -> None:
    case = load(file)
    skill = corpus.get(case["skill"])
    check_case(case, skill, compile_case(case, skill))


@pytest.mark.slow
def test_counts_add_up(corpus: Library) -> None:
    counts = bank_coverage(corpus.banks[0].root)
    total = counts[""]
    assert (total.skills, total.actions, total.failing, total.lost) == (21, 125, 0, 0)
    assert total.complete + total.asking == total.actions
    assert total.bound + total.asked == total.required_inputs
    assert total.placed == total.file_cells
    assert total.complete >= 100


def test_there_are_ten_odd_cases() -> None:
    assert len(CASES) >= 10
