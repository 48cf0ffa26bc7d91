"""Agents without a screen: started with a task, a scripted model behind them, `skillbank mcp` beside."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.clients.conftest import Scene
from tests.clients.conversation import Step, approved_beside
from tests.clients.model_server import ModelServer

__all__ = [
    "TASK",
    "Started",
    "own_environment",
    "play",
    "server",
    "server_command",
    "server_environment",
]

TASK = "Train the toy detector on my data with skillbank, then stop a longer one."
_SECONDS = 120


@dataclass(frozen=True)
class Started:
    """How an agent is started."""

    command: list[str]
    environment: Mapping[str, str]


def server_command(scene: Scene) -> list[str]:
    """Return the command of the server that the agent starts."""
    return [sys.executable, "-m", "skillbank", "mcp", "--bank", str(scene.bank)]


def server(scene: Scene) -> dict[str, object]:
    """Return how the server is started, for a program on a client's library."""
    command, *arguments = server_command(scene)
    return {"command": command, "args": arguments, "env": scene.environment}


def own_environment(scene: Scene) -> dict[str, str]:
    """Return an environment whose home is the scene's and that holds no settings of an agent."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(scene.folder), "CI": "1", "NO_COLOR": "1", **server_environment(scene)}


def server_environment(scene: Scene) -> dict[str, str]:
    """Return what the server must be told, for agents that start it with little else."""
    return {name: scene.environment[name] for name in scene.environment if name.startswith("SKILLBANK_")}


def play(scene: Scene, start: Callable[[str], Started], refused: str = "needs_approval") -> list[Step]:
    """Let an agent work to its end and return what its model has been shown.

    Parameters
    ----------
    start
        Writes the agent's settings for a model at an address and says how it is started.
    refused
        The code that its model sees of a refusal.
    """
    shown: list[Step] = []
    with ModelServer(approved_beside(str(scene.data), scene.person, shown, refused), shown) as model:
        started = start(model.url)
        done = subprocess.run(
            started.command,
            cwd=scene.folder,
            env={**own_environment(scene), **started.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    if model.failure is not None:
        raise model.failure
    said = f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n"
    assert model.ended, f"{said}{len(model.asked)} requests, offering {model.offered}"
    return shown
