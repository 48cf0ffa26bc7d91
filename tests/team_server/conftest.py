"""``skillbank serve`` as processes over the toy bank, and people with tokens."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from skillbank.home import database_url
from skillbank.jobs.store import JobStore
from skillbank.team.rights import Right
from skillbank.team.tokens import Tokens
from tests.cli.conftest import bank, data, environment

__all__ = ["bank", "data", "environment"]

SEES = frozenset({Right.LOOK})
WORKS = SEES | {Right.PLAN, Right.LAUNCH}
DECIDES = WORKS | {Right.APPROVE, Right.LABEL}


@dataclass
class Served:
    """A server that runs; ``lines`` are those of its log."""

    url: str
    process: subprocess.Popen[str]
    log: Path
    base: str = ""

    @property
    def lines(self) -> list[dict[str, Any]]:
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def client(self, token: str | None = None, **headers: str) -> httpx2.Client:
        shown = {"authorization": f"Bearer {token}"} if token else {}
        return httpx2.Client(base_url=self.url, headers={**shown, **headers}, timeout=60, verify=False)

    def stop(self, seconds: float = 60) -> int:
        self.process.terminate()
        return self.process.wait(seconds)


@contextmanager
def serving(environment: Mapping[str, str], bank: Path, log: Path, *options: str) -> Iterator[Served]:
    """Serve until the end of the block; the address is read as a person would read it."""
    command = [sys.executable, "-m", "skillbank", "serve", "--port", "0", "--bank", str(bank), *options]
    if "--open-to-everybody" not in options and "--data-roots" not in options:
        command += ["--data-roots", f"*={log.parent / 'data'},s3://b"]
    with (
        log.open("w") as told,
        subprocess.Popen(command, env=dict(environment), stderr=told, text=True) as process,
    ):
        try:
            yield _ready(process, log)
        finally:
            process.terminate()
            process.wait(60)


def _ready(process: subprocess.Popen[str], log: Path, seconds: float = 90) -> Served:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = re.search(r"Serving at (http://\S+)/\n", log.read_text(encoding="utf-8"))
        assert process.poll() is None, log.read_text(encoding="utf-8")
        if found:
            origin = re.sub(r"(://[^/]+).*", r"\1", found[1])
            try:
                if httpx2.get(f"{origin}/ready", timeout=5, verify=False).status_code == 200:
                    return Served(found[1], process, log)
            except httpx2.HTTPError:
                pass
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))


@dataclass
class People:
    """Tokens of a store, by the names that tests use."""

    url: str
    secrets: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, project: str, rights: frozenset[Right], *, agent: bool = False) -> str:
        until = datetime.now(UTC) + timedelta(days=1)
        with JobStore(self.url) as store:
            self.secrets[name] = Tokens(store.engine).make(name, project, rights, until, agent=agent)
        return self.secrets[name]

    def revoke(self, name: str) -> None:
        with JobStore(self.url) as store:
            Tokens(store.engine).revoke(name)


def team(url: str) -> People:
    """Return two projects: an agent, who works, who decides and who sees in one, one person in the other."""
    people = People(url)
    people.add("robot", "cars", WORKS, agent=True)
    people.add("ann", "cars", DECIDES)
    people.add("eve", "cars", SEES)
    people.add("bob", "boats", DECIDES)
    return people


@pytest.fixture
def people(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> People:
    monkeypatch.setenv("SKILLBANK_HOME", environment["SKILLBANK_HOME"])
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)
    return team(database_url())


@pytest.fixture
def server(environment: dict[str, str], bank: Path, people: People, tmp_path: Path) -> Iterator[Served]:
    with serving(environment, bank, tmp_path / "log") as running:
        yield running


def approve(server: Served, token: str) -> None:
    """Answer what waits with yes, as the page does it."""
    with server.client(token) as client:
        [asked] = client.get("/api/questions").json()["questions"]
        body = {"approve": True, "question": asked["question"]}
        assert client.post(f"/api/questions/{asked['number']}", json=body).status_code == 200
