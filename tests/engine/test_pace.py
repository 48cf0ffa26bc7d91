"""The rate at which a model looks at pictures."""

import time

import pytest

from skillbank_engine.pace import RATE, Pace


def test_the_first_pass_counts_only_where_it_is_alone() -> None:
    pace = Pace()
    assert pace.values() == {}
    with pace.over(1):
        time.sleep(0.05)
    assert 1 < pace.values()[RATE] <= 20
    with pace.over(4):
        pass
    assert pace.values()[RATE] > 100


def test_a_pass_that_fails_does_not_count() -> None:
    pace = Pace()
    with pytest.raises(ValueError, match="broken"), pace.over(3):
        raise ValueError("broken")
    assert pace.values() == {}
