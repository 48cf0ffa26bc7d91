"""Every action of Grounding DINO against a plan that a person wrote down."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.bank.skill import Skill
from tests.plan.golden import check_case, compile_case, load

CASES = sorted((Path(__file__).parent / "golden").glob("*.yaml"))


@pytest.mark.parametrize("file", CASES, ids=lambda f: f.stem)
def test_plan(file: Path, grounding_dino: Skill) -> None:
    case = load(file)
    check_case(case, grounding_dino, compile_case(case, grounding_dino))


def test_every_action_has_an_expected_plan(grounding_dino: Skill) -> None:
    covered = {(c["action"], c.get("chosen_variant")) for c in map(load, CASES)}
    assert covered == {(a.name, a.variant) for a in grounding_dino.actions}
