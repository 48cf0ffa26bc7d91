"""The sets that the reader was written on: nothing runs that was not said, and it seldom asks needlessly.

Sets that it has not seen are left out: what is read in a test is seen.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.requests.__main__ import measure
from benchmarks.requests.cases import load
from benchmarks.requests.judging import Kind
from benchmarks.requests.score import Score

from tests.requests import BEHIND, SEEN, UNSEEN

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
RIGHT = 0.97
"""Share of all requests that are exact or rightly asked. May only rise."""
MENDED = {"twelfth": 0.79}
"""The share where only what ran wrongly has been mended since a set was measured. May only rise."""
ANSWERED = {"t12-num-early"}
"""Cases that want a question and are read as the plan beside it: the engine has had such a key since."""
ASKED_NEEDLESSLY = {"twelfth": 23}
"""How many ordinary requests of a set may end in a question. May only fall."""


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    return measure(load([HERE / name for name in SEEN], HERE))


def test_every_set_is_seen_or_unseen() -> None:
    there = {each.name for each in HERE.iterdir() if each.name != "bank" and any(each.glob("*.yaml"))}
    assert there == {*SEEN, *UNSEEN}


@pytest.mark.parametrize("name", SEEN)
def test_nothing_runs_that_was_not_said(scores: dict[str, Score], name: str) -> None:
    score = scores[name]
    assert len(score.verdicts) >= 160
    wrong = [v for v in score.verdicts if v.kind in (Kind.RUNNABLE, Kind.CRASHED) or v.silent]
    assert [v.case.id for v in wrong if v.case.id not in ANSWERED or v.differences] == []


def test_what_is_said_is_planned_or_rightly_asked_about(scores: dict[str, Score]) -> None:
    found = Score.of(v for name, score in scores.items() if name not in MENDED for v in score.verdicts)
    assert _right(found) >= RIGHT, [(v.case.id, v.kind.value) for v in found.failing]
    for name, share in MENDED.items():
        assert _right(scores[name]) >= share, scores[name].failing


@pytest.mark.parametrize("name", SEEN)
def test_what_is_read_rightly_stays_so(scores: dict[str, Score], name: str) -> None:
    assert {v.case.id for v in scores[name].failing} <= BEHIND


def _right(score: Score) -> float:
    return 1 - len(score.failing) / len(score.verdicts)


def test_what_plain_users_plainly_type_is_planned_as_it_is(scores: dict[str, Score]) -> None:
    ordinary = {name: [v for v in score.verdicts if v.case.ordinary] for name, score in scores.items()}
    assert sum(map(len, ordinary.values())) >= 142
    for name, verdicts in ordinary.items():
        asked = [v.case.id for v in verdicts if v.kind is not Kind.EXACT]
        assert len(asked) <= ASKED_NEEDLESSLY.get(name, 0), asked
