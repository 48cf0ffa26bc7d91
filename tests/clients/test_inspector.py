"""The Inspector's command, which people check servers with: one start of it for each call."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.agent.mcp_clients import HttpServer, http_server
from tests.clients.conftest import Confirm, Scene
from tests.clients.conversation import TOOLS, Call, Conversation, Step, approved_beside
from tests.clients.headless import own_environment
from tests.clients.installation import Programs

pytestmark = pytest.mark.slow

TOOL_SAYS_ERROR = 5


class Inspector:
    """The command, for one server."""

    def __init__(self, programs: Programs, scene: Scene, server: HttpServer) -> None:
        header = f"Authorization: Bearer {server.token}"
        where = ["--server-url", server.url, "--transport", "http", "--header", header]
        how = ["--protocol-era", "modern", "--format", "json", "-q"]
        self._command = [*programs.script("mcp-inspector"), "--cli", *where, *how]
        self._environment = own_environment(scene)

    def asks(self, method: str, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._command, "--method", method, *more],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def calls(self, call: Call) -> str:
        told = json.dumps(dict(call.arguments))
        done = self.asks("tools/call", "--tool-name", call.tool, "--tool-args-json", told)
        assert done.returncode in (0, TOOL_SAYS_ERROR), done.stderr
        return done.stdout

    def holds(self, conversation: Conversation) -> None:
        """Make the calls of a conversation, to its end."""
        call: Call | None = next(conversation)
        while call is not None:
            try:
                call = conversation.send(self.calls(call))
            except StopIteration:
                call = None


def test_inspector(programs: Programs, scene: Scene, confirm: Confirm) -> None:
    shown: list[Step] = []
    with http_server(scene.bank, scene.environment) as server:
        inspector = Inspector(programs, scene, server)
        listed = inspector.asks("tools/list", "--strict")
        assert listed.returncode == 0, listed.stderr
        assert {tool["name"] for tool in json.loads(listed.stdout)["result"]["tools"]} >= TOOLS
        shown.append("tools")
        skills = inspector.asks("skills/list", "--verify")
        reports: list[dict[str, Any]] = [json.loads(line) for line in skills.stdout.splitlines()]
        assert skills.returncode == 0 and {"toy-detector"} <= {report["name"] for report in reports}
        assert all(report["outcome"] == "verified" for report in reports), reports
        inspector.holds(approved_beside(str(scene.data), scene.person, shown))
    confirm(shown)
