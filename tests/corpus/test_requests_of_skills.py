"""Ordinary sentences for the skills of other people give the right plans, or a question where one is due."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.requests.__main__ import verdicts
from benchmarks.requests.answers import alone, answer, open_with_jobs
from benchmarks.requests.cases import Case
from benchmarks.requests.judging import Kind, Verdict
from benchmarks.requests.table import explained

from skillbank.bank.discovery import Library
from skillbank.bank.documents import read_yaml
from tests.corpus.conftest import CORPUS

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
FILES = ("requests", "further_requests")
CASES = [Case.parse(document, name) for name in FILES for document in read_yaml(HERE / f"{name}.yaml")]


@pytest.fixture(scope="module")
def judged(corpus: Library) -> Iterator[dict[str, Verdict]]:
    """Every request, read and planned as ``skillbank plan TEXT`` does it beside the skills of the corpus."""
    with alone(), open_with_jobs(HERE, [str(CORPUS)]) as runtime:
        answer(runtime, "train RT-DETR on s3://bucket/data")  # loads the skills
        yield {verdict.case.id: verdict for verdict in verdicts(runtime, CASES)}


def test_the_requests_are_of_many_skills_and_each_is_there_once(corpus: Library) -> None:
    assert len({case.id for case in CASES}) == len(CASES) >= 60
    named = {plan["skill"] for case in CASES for plan in case.plans or ()}
    assert named <= {skill.name for skill in corpus.skills} and len(named) >= 14
    assert sum(bool(case.ask or case.refuse) for case in CASES) >= len(CASES) / 6


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_plan_is_the_one_that_was_said(case: Case, judged: dict[str, Verdict]) -> None:
    verdict = judged[case.id]
    assert verdict.right, "\n".join(explained(verdict, whole=True))
    assert not case.ordinary or verdict.kind is Kind.EXACT


def test_a_question_names_what_it_is_about(judged: dict[str, Verdict]) -> None:
    assert {name: verdict.unnamed for name, verdict in judged.items() if verdict.unnamed} == {}
