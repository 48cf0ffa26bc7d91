"""How much of a bank compiles: the counts behind ``skillbank lint DIR --summary``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from skillbank.bank.actions import Action
from skillbank.bank.discovery import Bank
from skillbank.bank.keys import plain
from skillbank.bank.skill import Skill
from skillbank.errors import SkillbankError
from skillbank.plan.datasets import DATASETS, bindings
from skillbank.plan.draft import Parent
from skillbank.plan.inference import field_accepts, takes_parent
from skillbank.plan.inputs import positions
from skillbank.plan.model import ParentRef, Plan
from skillbank.plan.paths import get_path
from skillbank.plan.planner import compile_plan
from skillbank.plan.products import Product, producer_of
from skillbank.plan.request import DataLocation, Request
from skillbank.plan.spec import is_example, unset


@dataclass(slots=True)
class Coverage:
    """Counts over one skill, or the sum over a bank.

    Each action is compiled twice: bare, and with data for every source and a parent whose model fits.
    """

    skills: int = 0
    actions: int = 0
    complete: int = 0
    """Actions without a question when data and parent are given."""
    asking: int = 0
    """Actions that even then have a question."""
    failing: int = 0
    """Actions that raise an error."""
    required_inputs: int = 0
    bound: int = 0
    """Required inputs with a value when data and parent are given."""
    asked: int = 0
    """Required inputs that are a question even then."""
    lost: int = 0
    """Required inputs that are neither; must be none."""
    table_rows: int = 0
    file_cells: int = 0
    """Values that tables and data_sources bind to a file or folder."""
    placed: int = 0
    """Those of them that appear in the spec."""

    def __iadd__(self, other: Coverage) -> Coverage:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self


def bank_coverage(root: Path) -> dict[str, Coverage]:
    """Count for every skill of a bank, by name; the bank's sum is under an empty name."""
    counts = {skill.name: skill_coverage(skill) for skill in Bank(root).skills}
    total = Coverage()
    for count in counts.values():
        total += count
    return {**counts, "": total}


def skill_coverage(skill: Skill) -> Coverage:
    """Compile every action of a skill and count what came of it."""
    count = Coverage(skills=1, table_rows=len(skill.dataset_table) + len(skill.inference_table))
    for action in skill.actions:
        count.actions += 1
        try:
            compile_plan(skill, _request(skill, action), "docker")
            plan = full_plan(skill, action)
        except SkillbankError:
            count.failing += 1
            continue
        count.asking += bool(plan.questions)
        count.complete += not plan.questions
        _count_inputs(count, action, plan)
        text = str(plan.spec)
        for key, uri in expected_locations(skill, action):
            count.file_cells += 1
            count.placed += uri in text or any(plain(o.key) == plain(key) for o in plan.overrides)
    return count


def full_plan(skill: Skill, action: Action) -> Plan:
    """Compile with a location for every data source and a parent that leaves what the action starts from."""
    template, _ = skill.template(action)
    rows, _ = bindings(skill, action, template)
    sources = sorted({r.source for r in rows if DATASETS.fullmatch(r.source)})
    data = tuple(DataLocation(source=s, uri=f"s3://bucket/{s}") for s in sources)
    table = {row.field: row.function for row in skill.inference_table if row.action == action.name}
    models = [k for k, f in {**table, **action.spec_params}.items() if takes_parent(f)]
    required = [i.key for i in action.inputs if not i.optional and i.key in models]
    product: Product = next((field_accepts(k) for k in [*required, *models]), "weights")
    parent = Parent(ParentRef(job="parent", action=producer_of(product), skill=skill.name))
    request = _request(skill, action).model_copy(update={"data": data})
    return compile_plan(skill, request, "docker", parent if models else None)


def expected_locations(skill: Skill, action: Action) -> list[tuple[str, str]]:
    """Return each key that `full_plan` must fill from data, and the location it gets."""
    template, _ = skill.template(action)
    rows, _ = bindings(skill, action, template)
    return [
        (r.key, f"s3://bucket/{r.source}/{r.path}".rstrip("/"))
        for r in rows
        if r.kind == "data" and DATASETS.fullmatch(r.source)
    ]


def _request(skill: Skill, action: Action) -> Request:
    return Request(skill=skill.name, action=action.name, variant=action.variant, automl="off")


def _count_inputs(count: Coverage, action: Action, plan: Plan) -> None:
    changed = {plain(o.key) for o in plan.overrides}
    asked = " ".join(f"{q.key} {q.why}" for q in plan.questions)
    for declared in action.inputs:
        if declared.optional:
            continue
        count.required_inputs += 1
        values = [(k, get_path(plan.spec, k)) for k in positions(declared.key, plan.spec)]
        if all(not unset(v) and (plain(k) in changed or not is_example(v)) for k, v in values):
            count.bound += 1
        elif any(k in asked for k, _ in values):
            count.asked += 1
        else:
            count.lost += 1
