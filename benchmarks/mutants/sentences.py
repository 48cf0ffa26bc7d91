"""Each request of the open sets, and each paraphrase, as a test of its own.

`make test` reads them by the set: ``test_sets.py`` and ``test_strangers.py`` of tests/requests,
``test_paraphrases.py`` of tests/plan and ``test_requests_of_skills.py`` of tests/corpus fail of one that was
right and is right no more. Alone, a fault has those
read that see it. What is not right without a fault is no test: looking leaves it out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.corpus.conftest import CORPUS
from tests.corpus.test_requests_of_skills import CASES as OF_OTHERS
from tests.corpus.test_requests_of_skills import HERE as OTHERS
from tests.plan.test_paraphrases import CASES as PARAPHRASES
from tests.plan.test_paraphrases import REQUESTS
from tests.requests import SEEN
from tests.requests.test_strangers import RIGHT as STRANGERS

from benchmarks.requests.answers import alone, answer, job_id, open_with_jobs
from benchmarks.requests.cases import Case, CaseSet, load
from benchmarks.requests.judging import judge
from skillbank.runtime import Runtime

_OPEN = [REQUESTS / name for name in SEEN] + [REQUESTS / "strangers" / name for name in STRANGERS]
SETS = [
    *load(_OPEN, REQUESTS),
    *([CaseSet("corpus", OTHERS, tuple(OF_OTHERS))] if CORPUS.is_dir() else []),
    *(CaseSet(name, REQUESTS, tuple(cases)) for name, cases in PARAPHRASES.items()),
]


@pytest.fixture(scope="module")
def opened() -> Iterator[Callable[[Path], Runtime]]:
    runtimes: dict[Path, Runtime] = {}
    with contextlib.ExitStack() as stack:
        stack.enter_context(alone())

        def of(root: Path) -> Runtime:
            if root not in runtimes:
                banks = [str(CORPUS)] if root == OTHERS else []
                runtimes[root] = stack.enter_context(open_with_jobs(root, banks))
            return runtimes[root]

        yield of


@pytest.mark.parametrize(
    ("root", "case"),
    [pytest.param(each.root, case, id=f"{each.name}-{case.id}") for each in SETS for case in each.cases],
)
def test_it_is_read_rightly(opened: Callable[[Path], Runtime], root: Path, case: Case) -> None:
    runtime = opened(root)
    verdict = judge(case, answer(runtime, case.text), partial(job_id, runtime))
    assert verdict.right and not verdict.silent
