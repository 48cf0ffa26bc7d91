"""Clients on the Python SDK and on FastMCP: earlier releases in environments of their own, and ours."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Confirm, Scene, python_of
from tests.clients.conversation import Answers, Step, approved_beside, approved_by_asking
from tests.clients.headless import server
from tests.clients.relay import here, python, relay

pytestmark = pytest.mark.slow

_CANNOT_ASK = ("1.2",)
"""The questions of a server came with 1.10."""


@pytest.mark.parametrize("release", ["1.2", "1.10", "1.26"])
def test_earlier(release: str, scene: Scene, confirm: Confirm) -> None:
    shown: list[Step] = []
    program = python(python_of(f"mcp-{release}"), "mcp_one")
    if release in _CANNOT_ASK:
        relay(program, server(scene), approved_beside(str(scene.data), scene.person, shown), shown)
    else:
        answers = Answers()
        conversation = approved_by_asking(str(scene.data), answers, shown)
        relay(program, server(scene), conversation, shown, answers)
    confirm(shown)


@pytest.mark.parametrize("program", ["mcp_two", "fastmcp_client"])
def test_ours(program: str, scene: Scene, confirm: Confirm) -> None:
    shown: list[Step] = []
    answers = Answers()
    conversation = approved_by_asking(str(scene.data), answers, shown)
    relay(here(program), server(scene), conversation, shown, answers)
    confirm(shown)
