"""Prompts in people's own words find the skill that is meant, among skills that other people wrote."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from benchmarks.searching import Prompts, measured, of_bank, own_prompts

from skillbank.bank.discovery import Library
from tests.corpus.conftest import CORPUS

pytestmark = pytest.mark.slow


def test_prompts_name_skills_that_there_are(corpus: Library) -> None:
    assert {name for _, name in own_prompts()} == {skill.name for skill in corpus.skills}


@pytest.mark.parametrize(
    ("prompts", "first", "three"),
    [
        (lambda: Prompts("own", Library([CORPUS], own=False).skills, own_prompts()), 0.7, 0.85),
        (lambda: of_bank(CORPUS.parent), 1.0, 1.0),
    ],
)
def test_the_skill_that_is_meant_is_found(
    corpus: Library, prompts: Callable[[], Prompts], first: float, three: float
) -> None:
    rows = {row["ranking"]: row for row in measured(prompts())}
    search, plain = rows["search"], rows["one BM25 of the whole text"]
    assert search["first"] >= first and search["three"] >= three and search["nothing"] == 0
    assert search["first"] >= plain["first"] and search["three"] >= plain["three"]
