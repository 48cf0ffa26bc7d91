"""Python libraries that agents are made of."""

from __future__ import annotations

import json
from functools import partial

import pytest

from tests.clients.conftest import Confirm, Scene, python_of
from tests.clients.conversation import Answers, Step, approved_beside, approved_by_asking, as_tasks
from tests.clients.headless import TASK, Started, play, server
from tests.clients.relay import python, relay

pytestmark = pytest.mark.slow


def started(scene: Scene, program: list[str], url: str) -> Started:
    """Say how an agent's program is started with its task."""
    return Started([*program, json.dumps({**server(scene), "model": url, "task": TASK})], {})


@pytest.mark.parametrize(
    ("program", "packages"),
    [("openai_agent", "frameworks"), ("pydantic_agent", "modern"), ("google_adk_agent", "google-adk")],
)
def test_agent(program: str, packages: str, scene: Scene, confirm: Confirm) -> None:
    confirm(play(scene, partial(started, scene, python(python_of(packages), program))))


def test_langchain(scene: Scene, confirm: Confirm) -> None:
    shown: list[Step] = []
    program = python(python_of("frameworks"), "langchain_tools")
    relay(program, server(scene), approved_beside(str(scene.data), scene.person, shown), shown)
    confirm(shown)


def test_mcp_use(scene: Scene, confirm: Confirm) -> None:
    shown: list[Step] = []
    answers = Answers()
    program = python(python_of("mcp-use"), "mcp_use_client")
    relay(program, server(scene), approved_by_asking(str(scene.data), answers, shown), shown, answers)
    confirm(shown)


def test_tasks(scene: Scene, confirm: Confirm) -> None:
    shown: list[Step] = []
    program = python(python_of("modern"), "fastmcp_tasks_client")
    relay(program, server(scene), as_tasks(str(scene.data), scene.person, shown), shown)
    confirm(shown)
