"""Options that a command would make nothing of: they are refused, not passed over."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Command


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mcp", "--port", "0"), "--port belongs to HTTP; add --http"),
        (("mcp", "--host", "0.0.0.0", "--allow-host", "b"), "--host and --allow-host belongs to HTTP"),
        (("show", "toy-detector", "--find", "lr"), "--find is of one action"),
        (("show", "toy-detector", "--variant", "deploy"), "--variant is of one action"),
        (("audit", "--bank", "a", "--bank", "b"), "say which one is read"),
        (("report", "--csv", "--json"), "different answers"),
        (("experiments", "--pause", "--resume"), "contradict each other"),
        (("experiments", "x", "--limit", "3"), "--limit is of the list"),
        (("experiments", "--limit", "0"), "--limit"),
        (("jobs", "--limit", "0"), "--limit"),
    ],
)
def test_an_option_without_a_use_is_refused(inline: Command, words: tuple[str, ...], said: str) -> None:
    refused = inline(*words)
    assert (refused.code, said in refused.err + refused.out) == (2, True), refused
