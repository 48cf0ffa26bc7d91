"""One grammar of bounds: what ``--set`` takes is what a search may hold, and the other way round."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.automl.space import space_from_schema
from skillbank.automl.space_parameter import make_parameter
from skillbank.automl.space_ranges import Range
from skillbank.bank.discovery import Bank
from skillbank.bank.home import bank_root
from skillbank.bank.schema import Node, SpecSchema
from skillbank.bank.skill import Skill
from skillbank.bank.values import check_relations
from skillbank.errors import SkillbankError
from skillbank.plan.paths import MISSING, get_path, set_path
from skillbank.plan.request import Setting
from skillbank.plan.spec import user_changes
from tests.corpus.conftest import CORPUS

pytestmark = pytest.mark.slow

ROOTS = [bank_root(), *([CORPUS] if CORPUS.is_dir() else [])]


def schemas() -> Iterator[tuple[Path, SpecSchema]]:
    for file in sorted(
        f for root in ROOTS for f in root.rglob("*.schema.json") if f.parent.name == "schemas"
    ):
        yield file, SpecSchema.parse(json.loads(file.read_text()))


def numbers() -> list[tuple[str, Node, SpecSchema]]:
    """Every key that holds numbers, once for each way in which some schema bounds it."""
    found: dict[str, tuple[str, Node, SpecSchema]] = {}
    for _, schema in schemas():
        for key in schema.keys:
            node = schema.node(key)
            if node is None or node.children or node.kind not in ("integer", "number", "array", "any"):
                continue
            if isinstance(node.words.get("enum"), list) and node.kind == "array":
                continue
            rest = {k: v for k, v in node.words.items() if k not in ("description", "title")}
            found.setdefault(f"{key} {json.dumps(rest, sort_keys=True)}", (key, node, schema))
    return list(found.values())


def near(node: Node, chance: random.Random) -> float:
    """Draw a number at, or just to one side of, something that the entry speaks of."""
    words, limits = node.words, node.limits
    said = [limits.low[0], limits.high[0], 0.0, 1.0, words.get("default"), *(words.get("enum") or ())]
    said += [b for w in ("minimum", "maximum") if isinstance(b := words.get(w), list)]
    flat = [v for entry in said for v in (entry if isinstance(entry, list) else [entry])]
    known = [v for v in flat if isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)]
    at = chance.choice(known)
    moved = at + chance.choice((0, 0, 1, -1, 0.5, 1e-9, -1e-9, 8, 1e6, -1e6))
    return chance.choice((at, moved, int(moved), at * 2, -at, chance.uniform(at - 2, at + 2)))


def is_set(schema: SpecSchema, key: str, value: Any) -> bool:
    try:
        user_changes([Setting(key=key, value=value)], {}, schema, {})
    except SkillbankError:
        return False
    return True


def is_searched(key: str, node: Node, default: Any, said: Range) -> bool:
    try:
        make_parameter(key, node, default, said)
    except SkillbankError:
        return False
    return True


NUMBERS = numbers()


@pytest.mark.parametrize("part", range(4))
def test_a_value_is_allowed_to_be_set_iff_it_is_allowed_to_be_searched(part: int) -> None:
    @settings(max_examples=6, deadline=None)
    @given(st.integers(0, 2**32))
    def law(seed: int) -> None:
        chance = random.Random(seed)
        for key, node, schema in NUMBERS[part::4]:
            value: Any = near(node, chance)
            default = node.words.get("default")
            if node.kind == "array":
                if not isinstance(default, list) or not default or isinstance(default[0], str | list):
                    continue
                value = [value] * len(default)
            elif node.kind == "any" and not (isinstance(default, int | float) or node.words.get("enum")):
                continue
            taken = is_set(schema, key, value)
            assert is_searched(key, node, default, Range(choices=(value,))) is taken, (key, value)
            if isinstance(value, int | float):
                assert is_searched(key, node, default, Range(value, value)) is taken, (key, value, node.words)

    assert len(NUMBERS) > 50
    law()


def trainings() -> list[tuple[Skill, SpecSchema, dict[str, Any], str]]:
    """Keys of train schemas whose values must be in order with others."""
    found = []
    for root in ROOTS:
        for skill in Bank(root).skills:
            for action in [a for a in skill.actions if a.name == "train" and a.variant is None]:
                schema, (template, _) = skill.schema(action), skill.template(action)
                found += [(skill, schema, template, key) for key, _ in schema.relations]
    return found


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_relations_are_read_alike_too(seed: int) -> None:
    chance, checked = random.Random(seed), 0
    for skill, schema, template, key in trainings():
        node, default = schema.node(key), get_path(template, key)
        if node is None or default is MISSING or node.words.get("automl_enabled") is False:
            continue
        value = (
            int(near(node, chance)) if chance.random() < 0.3 else int(default * chance.choice((0.1, 1, 2, 4)))
        )
        whole: dict[str, Any] = json.loads(json.dumps(template))
        set_path(whole, key, value)
        taken = is_set(schema, key, value)
        try:
            check_relations(schema, [key], lambda k, spec=whole: get_path(spec, k))  # type: ignore[misc]
        except SkillbankError:
            taken = False
        try:
            space_from_schema(schema, template, parameters=[key], ranges={key: [value, value]})
            searched = True
        except SkillbankError:
            searched = False
        assert searched is taken, (skill.name, key, value)
        checked += 1
    assert checked >= 1
