"""Attacks on ``skillbank mcp --http`` as it runs: slow and broken requests, sessions of others, replays."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.agent.mcp_clients import TOKEN, HttpServer, http_server
from tests.agent.test_mcp_http import PING, post
from tests.cli.conftest import Command

pytestmark = pytest.mark.slow


@pytest.fixture
def server(bank: Path, environment: dict[str, str]) -> Iterator[HttpServer]:
    with http_server(bank, environment) as running:
        yield running
        assert running.process.poll() is None, "it ended"
        assert post(running).status_code == 200
        assert not any("Traceback" in line for line in running.stderr), running.stderr


def opened(server: HttpServer, sent: bytes) -> socket.socket:
    parts = urlsplit(server.url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=20)
    connection.sendall(sent)
    return connection


def head(*headers: str, token: str = TOKEN) -> bytes:
    lines = ["POST /mcp HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def ended(connections: list[socket.socket], seconds: float, drip: bytes = b"") -> float:
    """Wait until the server has closed all connections; something is sent on them meanwhile."""
    begun, left = time.monotonic(), list(connections)
    while left:
        assert time.monotonic() - begun < seconds, f"{len(left)} are held"
        for connection in select.select(left, [], [], 1.0)[0]:
            try:
                if connection.recv(65536):
                    continue
            except OSError:
                pass
            left.remove(connection)
        for connection in left if drip else ():
            try:
                connection.sendall(drip)
            except OSError:
                left.remove(connection)
    return time.monotonic() - begun


def test_requests_that_trickle_are_closed_and_keep_nobody_out(server: HttpServer) -> None:
    with ExitStack() as stack:
        began = b"POST /mcp HTTP/1.1\r\nHost: local"
        heads = [stack.enter_context(opened(server, began)) for _ in range(40)]
        heads += [stack.enter_context(opened(server, b"")) for _ in range(10)]
        long = head("Content-Type: application/json", "Content-Length: 1000000")
        bodies = [stack.enter_context(opened(server, long)) for _ in range(20)]
        assert post(server).status_code == 200
        assert ended(heads, 30, b"x") < 30
        assert post(server).status_code == 200
        assert ended(bodies, 60, b" ") < 60


def test_who_has_no_token_is_told_before_anything_is_read(server: HttpServer) -> None:
    begun = time.monotonic()
    with opened(server, head("Content-Length: 1000000000", token="guessed")) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": ' + b'{"a":' * 50_000,
        b"\xff\xfe\x00",
        b"\0" * 1000,
        b"[]",
        json.dumps([PING] * 1000).encode(),
        b'{"jsonrpc": "2.0", "id": 1e999, "method": "ping"}',
        b'{"jsonrpc": "2.0", "id": ' + b"9" * 5000 + b', "method": "ping"}',
        b'{"jsonrpc": "2.0", "id": "\\ud800", "method": "ping"}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "plan", "arguments": []}}',
        b'{"jsonrpc": "2.0", "id": {"a": 1}, "method": "initialize"}',
    ],
)
def test_broken_bodies_are_refused(server: HttpServer, body: bytes) -> None:
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
    }
    for version in ("2025-11-25", "2026-07-28"):
        shown = {**headers, "MCP-Protocol-Version": version}
        answer = httpx2.post(server.url, content=body, headers=shown, timeout=30)
        assert 400 <= answer.status_code < 500 or '"error"' in answer.text, (answer.status_code, answer.text)
        assert "Traceback" not in answer.text and "site-packages" not in answer.text


def test_a_session_is_none_without_the_token(server: HttpServer) -> None:
    session = post(server).headers.get("mcp-session-id", "")
    assert session, "a client of this revision has one"
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    shown = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}

    def listed(session: str, token: str) -> int:
        headers = {**shown, "Mcp-Session-Id": session, "Authorization": f"Bearer {token}"}
        return httpx2.post(server.url, json=listing, headers=headers, timeout=30).status_code

    assert listed(session, TOKEN) == 200
    for token in ("x", "guessed", session):
        assert listed(session, token) == 401
        ends = {"Mcp-Session-Id": session, "Authorization": f"Bearer {token}"}
        assert httpx2.delete(server.url, headers=ends, timeout=30).status_code == 401
    for other in ("0" * 32, session[:-1], session.upper(), session + "0", "../" + session, "é"):
        headers = [(b"Mcp-Session-Id", other.encode()), (b"Authorization", f"Bearer {TOKEN}".encode())]
        headers += [(name.encode(), value.encode()) for name, value in shown.items()]
        answer = httpx2.post(server.url, json=listing, headers=headers, timeout=30)
        assert 400 <= answer.status_code < 500, other
    assert listed(session, TOKEN) == 200


def test_a_yes_is_worth_one_launch_however_often_it_is_sent(
    server: HttpServer, inline: Command, data: Path, environment: dict[str, str]
) -> None:
    plan = inline("plan", f"train the toy detector on {data}", "--json").document["plan_id"]

    def launch(reply: dict[str, Any] | None = None, state: str | None = None) -> dict[str, Any]:
        params: dict[str, Any] = {"name": "launch", "arguments": {"plan_id": plan}}
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
        }
        params |= {"inputResponses": {"approval": reply}, "requestState": state} if reply else {}
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        headers = {
            "Authorization": f"Bearer {TOKEN}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": "tools/call",
            "Mcp-Name": "launch",
        }
        answer = httpx2.post(server.url, json=call, headers=headers, timeout=60)
        text = answer.text.partition("data: ")[2] or answer.text
        document: dict[str, Any] = json.loads(text.splitlines()[0])
        found: dict[str, Any] = document.get("result", document)
        return found

    yes = {"action": "accept", "content": {"approve": True}}
    asked = launch()
    mark = asked["requestState"]
    assert "inputRequests" in asked
    for guess in ("", "guessed", mark[:-1], mark[::-1]):
        assert "inputRequests" in launch(yes, guess)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: launch(yes, mark), range(8)))
    assert [("structuredContent" in a and "job" in a["structuredContent"]) for a in answers].count(True) == 1
    assert "inputRequests" in launch(yes, mark)
    assert len(inline("jobs", "--json").document["jobs"]) == 1
