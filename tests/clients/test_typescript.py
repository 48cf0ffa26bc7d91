"""Clients on the TypeScript SDK, of its first line and of its second."""

from __future__ import annotations

import pytest

from tests.agent.mcp_clients import http_server
from tests.clients.conftest import Programs, Scene
from tests.clients.conversation import Answers, Step, approved_beside, approved_by_asking
from tests.clients.headless import server_command
from tests.clients.relay import DRIVERS, relay

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("sdk", [1, 2])
def test_typescript_over_stdio(sdk: int, scene: Scene, programs: Programs) -> None:
    shown: list[Step] = []
    answers = Answers()
    command, *arguments = server_command(scene)
    server = {"command": command, "args": arguments, "env": scene.environment}
    told = {"sdk": sdk, "modules": str(programs.modules), **server}
    conversation = approved_by_asking(str(scene.data), answers, shown)
    relay([programs.node, str(DRIVERS / "typescript.mjs")], told, conversation, shown, answers)
    assert shown == []


@pytest.mark.parametrize("sdk", [1, 2])
def test_typescript_over_http(sdk: int, scene: Scene, programs: Programs) -> None:
    shown: list[Step] = []
    with http_server(scene.bank, scene.environment) as server:
        told = {"sdk": sdk, "modules": str(programs.modules), "url": server.url, "token": server.token}
        conversation = approved_beside(str(scene.data), scene.person, shown)
        relay([programs.node, str(DRIVERS / "typescript.mjs")], told, conversation, shown)
    assert shown == []
