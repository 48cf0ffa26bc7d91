"""Clients on releases of the Python SDK before ours, each in an environment of its own."""

from __future__ import annotations

import pytest

from tests.clients.conftest import Scene, python_of
from tests.clients.conversation import Answers, Step, approved_beside, approved_by_asking
from tests.clients.headless import server_command
from tests.clients.relay import python, relay

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("release", ["1.2", "1.10", "1.26"])
def test_python_sdk(release: str, scene: Scene) -> None:
    shown: list[Step] = []
    command, *arguments = server_command(scene)
    server = {"command": command, "args": arguments, "env": scene.environment}
    program = python(python_of(f"mcp-{release}"), "mcp_one")
    if release == "1.26":
        answers = Answers()
        relay(program, server, approved_by_asking(str(scene.data), answers, shown), shown, answers)
    else:
        relay(program, server, approved_beside(str(scene.data), scene.person, shown), shown)
    assert shown == []
