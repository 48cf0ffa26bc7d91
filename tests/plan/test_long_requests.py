"""What reading a text costs grows with its length, and no faster."""

from __future__ import annotations

import contextlib
import sys
from types import FrameType

import pytest
from benchmarks.reading import long_requests

from skillbank.errors import SkillbankError
from skillbank.plan.reader.reading import read_text
from skillbank.runtime import Runtime

LONG = dict(long_requests())
SIZE = 3_000
"""Characters of the shorter text of two."""


def calls(runtime: Runtime, text: str) -> int:
    """Return how many functions are called to read a text."""
    count = 0

    def called(frame: FrameType, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        with contextlib.suppress(SkillbankError):
            read_text(text, runtime.library, runtime.index)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", LONG)
def test_a_text_twice_as_long_costs_twice_as_much(runtime: Runtime, name: str) -> None:
    text = LONG[name][: 2 * SIZE]
    calls(runtime, text)  # what is kept for other texts
    once, twice = calls(runtime, text[:SIZE]), calls(runtime, text)
    assert twice < 2.1 * once
