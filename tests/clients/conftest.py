"""A bank, data, a person who approves, and the clients, installed once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from skillbank import Runtime
from skillbank.agent.launching import cancel_approval, launch_approval
from skillbank.agent.toolbox import Toolbox
from tests.cli.conftest import bank, data, environment
from tests.clients.conversation import Person, Step
from tests.clients.installation import NotInstalledError, Programs, npm_clients, python_client
from tests.clients.registry import CLIENTS

__all__ = ["bank", "data", "environment"]


class PersonBeside(Person):
    """Somebody at the same machine who approves what a tool's answer names."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def approves(self, subject: str) -> None:
        store = self._runtime.jobs.store
        kind, _, name = subject.partition(":")
        if kind == "cancel":
            approval = cancel_approval(store.get(name))
        else:
            approval = launch_approval(self._runtime, store.get_plan(name))
        Toolbox(self._runtime).approve(approval, by="a person of the tests")


@dataclass(frozen=True)
class Scene:
    """Where a client works."""

    bank: Path
    data: Path
    environment: dict[str, str]
    person: Person
    folder: Path
    """Empty, for the client's own home and project."""


@pytest.fixture
def scene(
    bank: Path, data: Path, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    """A bank with a quick toy, and a person beside."""
    monkeypatch.setenv("SKILLBANK_HOME", environment["SKILLBANK_HOME"])
    for name in ("SKILLBANK_DATABASE_URL", "SKILLBANK_APPROVE", "SKILLBANK_BANKS"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "client"
    folder.mkdir()
    with Runtime([bank]) as runtime:
        yield Scene(bank, data, environment, PersonBeside(runtime), folder)


def not_here(error: NotInstalledError) -> None:
    """Skip on a machine that lacks a client; under CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have every client: {error}")
    pytest.skip(str(error))


Confirm = Callable[[list[Step]], None]


@pytest.fixture
def confirm(request: pytest.FixtureRequest) -> Iterator[Confirm]:
    """Hold what a test has shown of its client to what is said of it; a test that shows nothing fails."""
    name = f"{request.path.name}::{request.node.name}"
    [client] = [client for client in CLIENTS if client.test == name]
    confirmed: list[bool] = []

    def hold(shown: list[Step]) -> None:
        confirmed.append(True)
        assert tuple(shown) == client.shows

    yield hold
    assert confirmed, f"{name} has shown nothing of {client.name}"


@pytest.fixture(scope="session")
def programs() -> Programs:
    """The clients from npm."""
    try:
        return npm_clients()
    except NotInstalledError as error:
        not_here(error)
        raise


def python_of(name: str) -> str:
    """Return the Python of an environment that has the packages of a list."""
    try:
        return python_client(name)
    except NotInstalledError as error:
        not_here(error)
        raise
