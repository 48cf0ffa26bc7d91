"""Gemini CLI, headless."""

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
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"enableAutoUpdate": False, "disableAutoUpdate": True},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
    }
    home = scene.folder / ".gemini"
    home.mkdir()
    (home / "settings.json").write_text(json.dumps(settings))
    started = [*programs.script("gemini"), "--skip-trust", "--approval-mode", "yolo"]
    return Started(
        [*started, "-m", "gemini-2.5-flash", "-p", TASK],
        {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": url, "GEMINI_CLI_NO_RELAUNCH": "true"},
    )


def test_gemini_cli(scene: Scene, programs: Programs, confirm: Confirm) -> None:
    confirm(play(scene, partial(started, scene, programs)))
