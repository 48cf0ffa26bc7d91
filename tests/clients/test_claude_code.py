"""Claude Code, headless."""

from __future__ import annotations

import json
from functools import partial

import pytest

from tests.clients.conftest import Confirm, Scene
from tests.clients.headless import TASK, Started, play, server_command, server_environment
from tests.clients.installation import Programs

pytestmark = pytest.mark.slow


def started(scene: Scene, programs: Programs, url: str) -> Started:
    """Write the agent's settings, and say how it is started with its task."""
    command, *arguments = server_command(scene)
    server = {"command": command, "args": arguments, "env": server_environment(scene)}
    servers = json.dumps({"mcpServers": {"skillbank": server}})
    claude = programs.binary("@anthropic-ai/claude-code-linux-x64/claude")
    return Started(
        [
            *claude,
            "-p",
            TASK,
            "--mcp-config",
            servers,
            "--strict-mcp-config",
            "--allowedTools",
            "mcp__skillbank",
        ],
        {
            "ANTHROPIC_API_KEY": "none",
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_MODEL": "scripted",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "ENABLE_TOOL_SEARCH": "false",
        },
    )


def test_claude_code(scene: Scene, programs: Programs, confirm: Confirm) -> None:
    confirm(play(scene, partial(started, scene, programs)))
