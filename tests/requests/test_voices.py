"""Ordinary requests of people who write freely: of ever more of them each word is understood."""

from __future__ import annotations

import pytest
from benchmarks.requests.answers import CRASHED
from benchmarks.requests.voices import measure

pytestmark = pytest.mark.slow

UNDERSTOOD = {"first": 0.56, "second": 0.44, "third": 0.37}
"""Shares of the requests of which nothing is asked about. May only rise."""


@pytest.mark.parametrize("name", sorted(UNDERSTOOD))
def test_as_many_are_understood_as_were(name: str) -> None:
    counted = measure(name)
    assert not counted[f"refused: {CRASHED}"]
    assert counted["understood"] >= UNDERSTOOD[name] * counted.total()
