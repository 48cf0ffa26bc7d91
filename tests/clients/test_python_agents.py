"""Python libraries that agents are made of."""

from __future__ import annotations

import json

import pytest

from tests.clients.conftest import Scene, python_of
from tests.clients.conversation import Answers, Step, approved_beside, approved_by_asking
from tests.clients.headless import TASK, Started, play, server
from tests.clients.relay import here, python, relay

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("program", ["mcp_two", "fastmcp_client"])
def test_client(program: str, scene: Scene) -> None:
    shown: list[Step] = []
    answers = Answers()
    relay(here(program), server(scene), approved_by_asking(str(scene.data), answers, shown), shown, answers)
    assert shown == []


@pytest.mark.parametrize(("program", "packages"), [("openai_agent", "frameworks"), ("pydantic_agent", "modern")])
def test_agent(program: str, packages: str, scene: Scene) -> None:
    def start(url: str) -> Started:
        told = json.dumps({**server(scene), "model": url, "task": TASK})
        return Started([*python(python_of(packages), program), told], {})

    assert play(scene, start) == []


def test_langchain(scene: Scene) -> None:
    shown: list[Step] = []
    program = python(python_of("frameworks"), "langchain_tools")
    relay(program, server(scene), approved_beside(str(scene.data), scene.person, shown), shown)
    assert shown == []
