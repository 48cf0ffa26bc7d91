"""The server as a process with a tiny model, and the application without one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from starlette.testclient import TestClient

from skillbank import Runtime
from skillbank.entrance import Entrance
from skillbank.labelling.engine import Engine
from skillbank.web.app import make_app
from skillbank.web.detector import Detector
from tests.labelling.models import write_tiny
from tests.web.browser import open_browser, open_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ADDRESS = "http://127.0.0.1:8766"
STARTED = sys.executable
"""Starts a process that is never forked, so that its number and its children are those of the program."""


@dataclass
class Server:
    """``skillbank web`` that runs.

    Attributes
    ----------
    http
        Asks it; one for all, since each has certificates to read, which takes longer than an answer.
    """

    url: str
    process: subprocess.Popen[str]
    http: httpx2.Client

    def wait_for(self, state: str, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while self.http.get("/health").json()["state"] != state:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@contextmanager
def web_server(
    environment: dict[str, str], *options: str, command: str = "web", python: str = ""
) -> Iterator[Server]:
    command_line = [python or sys.executable, "-m", "skillbank", command, "--port", "0", *options]
    with subprocess.Popen(command_line, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"http://[^\s#]+", line)
            assert found, line + process.stderr.read()
            url = found[0].rstrip("/")
            with httpx2.Client(base_url=url, timeout=120, verify=False) as http:
                yield Server(url, process, http)
        finally:
            process.terminate()
            process.wait(120)


@pytest.fixture(scope="session")
def web_home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of the servers; nothing is fetched from anywhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SKILLBANK_", "HF_"))}
    # The same place in all workers, and nothing there: what libraries read at their start decides who forks.
    hub = {"HF_HUB_OFFLINE": "1", "HF_HOME": "/nowhere/hub"}
    return {**kept, **hub, "SKILLBANK_HOME": str(tmp_path_factory.mktemp("web") / "home")}


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("model") / "tiny.pth")


@pytest.fixture(scope="session")
def server(web_home: dict[str, str], tiny_model: Path) -> Iterator[Server]:
    """One server for all tests that do not end it, started in the same way whichever file needs it first."""
    options = ("--checkpoint", str(tiny_model), "--queue", "40")
    with web_server(web_home, *options, python=STARTED) as running:
        running.wait_for("ready")
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser of this module's tests."""
    with open_browser() as running:
        yield running


@pytest.fixture
def forgiven() -> tuple[str, ...]:
    """What a browser may complain of: a picture that is none."""
    return ("415",)


@pytest.fixture
def page(browser: Browser, server: Server, forgiven: tuple[str, ...]) -> Iterator[Page]:
    """The page with its model ready; whatever it complains of in its console fails the test."""
    opened = open_page(browser, viewport={"width": 1280, "height": 860})
    said: list[str] = []
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    opened.goto(server.url)
    opened.wait_for_selector("#model .dot.ready")
    yield opened
    opened.context.close()
    assert [line for line in said if not any(code in line for code in forgiven)] == []


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    with Runtime() as opened:
        yield opened


def client_of(runtime: Runtime, *, host: str = "127.0.0.1", token: str = "") -> TestClient:
    """The application of a server whose model is still to be loaded."""

    def start() -> Engine:
        raise AssertionError("nothing is loaded without a lifespan")

    detector = Detector("tiny", start, Engine.ready, most_waiting=4)
    app = make_app(runtime, detector, Entrance(host, 8766, token))
    return TestClient(app, base_url=f"http://{host}:8766", raise_server_exceptions=False)


@pytest.fixture
def client(runtime: Runtime) -> TestClient:
    return client_of(runtime)
