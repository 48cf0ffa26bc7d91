"""opencode, without a screen."""

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
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{url}/v1", "apiKey": "none"},
        "models": {"scripted": {"tool_call": True, "limit": {"context": 200_000, "output": 8000}}},
    }
    server = {"type": "local", "command": server_command(scene), "environment": server_environment(scene)}
    settings = {
        "autoupdate": False,
        "share": "disabled",
        "provider": {"scripted": provider},
        "mcp": {"skillbank": {**server, "timeout": 30_000}},
        "permission": "allow",
    }
    (scene.folder / "opencode.json").write_text(json.dumps(settings))
    command = [
        *programs.binary("opencode-linux-x64/bin/opencode"),
        "run",
        "-m",
        "scripted/scripted",
        TASK,
    ]
    return Started(command, {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"})


def test_opencode(scene: Scene, programs: Programs, confirm: Confirm) -> None:
    confirm(play(scene, partial(started, scene, programs)))
