"""Clients on the TypeScript SDK, of its first line and of its second."""

from __future__ import annotations

import pytest

from tests.agent.mcp_clients import http_server
from tests.clients.conftest import Confirm, Scene
from tests.clients.conversation import Answers, Step, approved_beside, approved_by_asking
from tests.clients.headless import server
from tests.clients.installation import Programs
from tests.clients.relay import DRIVERS, relay

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("sdk", [1, 2])
def test_over_stdio(sdk: int, scene: Scene, programs: Programs, confirm: Confirm) -> None:
    shown: list[Step] = []
    answers = Answers()
    told = {"sdk": sdk, "modules": str(programs.modules), **server(scene)}
    conversation = approved_by_asking(str(scene.data), answers, shown)
    relay([programs.node, str(DRIVERS / "typescript.mjs")], told, conversation, shown, answers)
    confirm(shown)


@pytest.mark.parametrize("sdk", [1, 2])
def test_over_http(sdk: int, scene: Scene, programs: Programs, confirm: Confirm) -> None:
    shown: list[Step] = []
    with http_server(scene.bank, scene.environment) as running:
        told = {"sdk": sdk, "modules": str(programs.modules), "url": running.url, "token": running.token}
        conversation = approved_beside(str(scene.data), scene.person, shown)
        relay([programs.node, str(DRIVERS / "typescript.mjs")], told, conversation, shown)
    confirm(shown)
