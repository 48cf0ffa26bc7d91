"""Agents without a screen: started with a task, a scripted model behind them, `skillbank mcp` beside."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tests.clients.conftest import Scene
from tests.clients.conversation import Conversation, Step, approved_beside
from tests.clients.model_server import ModelServer

__all__ = [
    "TASK",
    "Start",
    "Started",
    "own_environment",
    "play",
    "server",
    "server_command",
    "server_environment",
    "work",
]

TASK = "Train the toy detector on my data with skillbank, then stop a longer one."


@dataclass(frozen=True)
class Started:
    """How an agent is started."""

    command: list[str]
    environment: Mapping[str, str]


Start: TypeAlias = "Callable[[str], Started]"
"""Writes the agent's settings for a model at an address, and says how it is started."""


def server_command(scene: Scene) -> list[str]:
    """Return the command of the server that the agent starts."""
    return [sys.executable, "-m", "skillbank", "mcp", "--bank", str(scene.bank)]


def server(scene: Scene) -> dict[str, object]:
    """Return how the server is started, for a program on a client's library."""
    command, *arguments = server_command(scene)
    return {"command": command, "args": arguments, "env": scene.environment}


def own_environment(scene: Scene) -> dict[str, str]:
    """Return an environment with a home of its own, without an agent's settings or a way to the network."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    apart = {**nowhere, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    offline = {**apart, "npm_config_offline": "true", "DO_NOT_TRACK": "1"}
    own = {"HOME": str(scene.folder), "CI": "1", "NO_COLOR": "1"}
    return {**kept, **offline, **own, **server_environment(scene)}


def server_environment(scene: Scene) -> dict[str, str]:
    """Return what the server must be told, for agents that start it with little else."""
    return {name: scene.environment[name] for name in scene.environment if name.startswith("SKILLBANK_")}


def play(scene: Scene, start: Start, refused: str = "needs_approval") -> list[Step]:
    """Let an agent work to its end and return what its model has been shown.

    Parameters
    ----------
    refused
        The code that its model sees of a refusal.
    """
    shown: list[Step] = []
    work(scene, start, approved_beside(str(scene.data), scene.person, shown, refused), shown)
    return shown


def work(
    scene: Scene, start: Start, conversation: Conversation, shown: list[Step], seconds: float = 120
) -> None:
    """Start an agent, play its model, and wait until it ends."""
    with ModelServer(conversation, shown) as model:
        started = start(model.url)
        done = subprocess.run(
            started.command,
            cwd=scene.folder,
            env={**own_environment(scene), **started.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    if model.failure is not None:
        raise model.failure
    said = f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n"
    assert model.ended, f"{said}{len(model.asked)} requests, offering {model.offered}"
