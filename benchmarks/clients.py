"""The main job from each client: "train Grounding DINO on DATA, no HPO", refused, approved, trained.

Run it as ``python -m benchmarks.clients``; ``--only NAME`` (a part of a client's name) plays some of them.
The clients are those of ``tests/clients``, installed on the first run; behind the agents a model plays by a
script. Each client plans the sentence, launches it and is told that a person must approve, launches it again
once a person has, and waits for the job, which trains one epoch on twelve small pictures with the embedded
engine. Seconds are from the client's start to its end.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from skillbank import Runtime

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.agent.mcp_clients import http_server
from tests.clients import (
    test_claude_code,
    test_codex,
    test_gemini_cli,
    test_inspector,
    test_opencode,
    test_python_agents,
    test_qwen_code,
)
from tests.clients.conftest import PersonBeside, Scene
from tests.clients.conversation import Step, trained
from tests.clients.headless import Start, server, work
from tests.clients.installation import Programs, npm_clients, python_client
from tests.clients.relay import DRIVERS, here, python, relay

Play = Callable[[Scene, str], list[Step]]
ENOUGH = 600.0


def clients(programs: Programs) -> dict[str, Play]:
    """Return how each client is played."""
    typescript = [programs.node, str(DRIVERS / "typescript.mjs")]
    modules = str(programs.modules)
    return {
        "Claude Code": _agent(lambda s: partial(test_claude_code.started, s, programs)),
        "Codex": _agent(lambda s: partial(test_codex.started, s, programs)),
        "Gemini CLI": _agent(lambda s: partial(test_gemini_cli.started, s, programs)),
        "opencode": _agent(lambda s: partial(test_opencode.started, s, programs)),
        "Qwen Code": _agent(lambda s: partial(test_qwen_code.started, s, programs)),
        "openai-agents": _agent(partial(_python_agent, "frameworks", "openai_agent")),
        "pydantic-ai": _agent(partial(_python_agent, "modern", "pydantic_agent")),
        "google-adk": _agent(partial(_python_agent, "google-adk", "google_adk_agent")),
        "mcp-use": _program(python(python_client("mcp-use"), "mcp_use_client")),
        "langchain-mcp-adapters": _program(python(python_client("frameworks"), "langchain_tools")),
        "Inspector": partial(_inspector, programs),
        "TypeScript SDK 1": _program(typescript, sdk=1, modules=modules),
        "TypeScript SDK 2": _program(typescript, sdk=2, modules=modules),
        **{
            f"Python SDK {release}": _program(python(python_client(f"mcp-{release}"), "mcp_one"))
            for release in ("1.2", "1.10", "1.26")
        },
        "Python SDK 2": _program(here("mcp_two")),
        "FastMCP": _program(here("fastmcp_client")),
    }


def _python_agent(packages: str, program: str, scene: Scene) -> Start:
    return partial(test_python_agents.started, scene, python(python_client(packages), program))


def _inspector(programs: Programs, scene: Scene, request: str) -> list[Step]:
    shown: list[Step] = []
    with http_server(scene.bank, scene.environment) as at:
        test_inspector.Inspector(programs, scene, at).holds(trained(request, scene.person, shown))
    return shown


def _agent(start: Callable[[Scene], Start]) -> Play:
    def play(scene: Scene, request: str) -> list[Step]:
        shown: list[Step] = []
        work(scene, start(scene), trained(request, scene.person, shown), shown, seconds=ENOUGH)
        return shown

    return play


def _program(command: list[str], **told: object) -> Play:
    def play(scene: Scene, request: str) -> list[Step]:
        shown: list[Step] = []
        relay(command, {**told, **server(scene)}, trained(request, scene.person, shown), shown)
        return shown

    return play


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="a part of the names of the clients to play")
    only = parser.parse_args().only.lower()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "shapes"
        make = [
            sys.executable,
            "-m",
            "skillbank_engine.families.grounding_dino",
            "shapes",
            str(data),
            "--train",
            "12",
            "--val",
            "4",
        ]
        subprocess.run([*make, "--size", "64"], check=True, capture_output=True)
        for name, play in clients(npm_clients()).items():
            if only in name.lower():
                failed += not _told(name, play, Path(folder) / name.replace(" ", "-"), data)
    return 1 if failed else 0


def _told(name: str, play: Play, folder: Path, data: Path) -> bool:
    """Play one client and print what it saw and how long that took."""
    for part in ("bank", "client"):
        (folder / part).mkdir(parents=True)
    os.environ["SKILLBANK_HOME"] = str(folder / "home")
    environment = dict(os.environ)
    start = time.monotonic()
    with Runtime([folder / "bank"]) as runtime:
        scene = Scene(folder / "bank", data, environment, PersonBeside(runtime), folder / "client")
        try:
            shown = play(scene, f"train Grounding DINO on {data}, no HPO, 1 epoch")
        except AssertionError as error:
            print(f"{name:24} FAILED: {str(error)[:2000]}", flush=True)
            return False
    print(f"{name:24} {time.monotonic() - start:6.0f} s   {', '.join(shown)}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
