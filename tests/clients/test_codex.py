"""Codex, by its `exec`."""

from __future__ import annotations

import json

import pytest

from tests.clients.conftest import Confirm, Scene
from tests.clients.headless import TASK, Started, play, server_command, server_environment
from tests.clients.installation import Programs

pytestmark = pytest.mark.slow

SETTINGS = """
model = "scripted"
model_provider = "scripted"
check_for_update_on_startup = false
approval_policy = "on-request"
sandbox_mode = "read-only"

[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
wire_api = "responses"
supports_websockets = false

[analytics]
enabled = false

[mcp_servers.skillbank]
command = {command}
args = {arguments}
env = {{ {environment} }}
required = true
default_tools_approval_mode = "approve"
"""


def started(scene: Scene, programs: Programs, url: str, *more: str) -> Started:
    """Write the agent's settings, and say how it is started with its task."""
    command, *arguments = server_command(scene)
    environment = ", ".join(f"{k} = {json.dumps(v)}" for k, v in server_environment(scene).items())
    settings = SETTINGS.format(
        url=url, command=json.dumps(command), arguments=json.dumps(arguments), environment=environment
    )
    home = scene.folder / ".codex"
    home.mkdir()
    (home / "config.toml").write_text(settings)
    codex = programs.binary("@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex")
    return Started([*codex, "exec", *more, "--skip-git-repo-check", TASK], {"CODEX_HOME": str(home)})


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        pytest.param((), "not_approved", id="exec"),
        pytest.param(("--approve-for-me",), "needs_approval", id="approve-for-me"),
    ],
)
def test_codex(
    more: tuple[str, ...], refused: str, scene: Scene, programs: Programs, confirm: Confirm
) -> None:
    confirm(play(scene, lambda url: started(scene, programs, url, *more), refused))
