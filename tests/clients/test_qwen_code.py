"""Qwen Code, headless."""

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
    server = {"command": command, "args": arguments, "env": server_environment(scene), "trust": True}
    settings = {
        "mcpServers": {"skillbank": server},
        "tools": {"toolSearch": {"enabled": False}},
        "security": {"auth": {"selectedType": "openai"}},
        "general": {"enableAutoUpdate": False, "disableAutoUpdate": True},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
    }
    home = scene.folder / ".qwen"
    home.mkdir()
    (home / "settings.json").write_text(json.dumps(settings))
    started = [*programs.script("qwen"), "--approval-mode", "yolo", "--auth-type", "openai"]
    return Started(
        [*started, "-p", TASK],
        {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": f"{url}/v1", "OPENAI_MODEL": "scripted"},
    )


def test_qwen_code(scene: Scene, programs: Programs, confirm: Confirm) -> None:
    confirm(play(scene, partial(started, scene, programs)))
