"""HTTP: the token, the origin, the host, and where the server listens at all; against a real server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.agent.mcp_clients import TOKEN, HttpServer, command, http_server

PING = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    folder = tmp_path_factory.mktemp("http")
    (folder / "bank").mkdir()
    kept = {k: v for k, v in os.environ.items() if k == "SKILLBANK_TRUST" or not k.startswith("SKILLBANK_")}
    environment = {**kept, "SKILLBANK_HOME": str(folder / "home")}
    with http_server(folder / "bank", environment, "--allow-origin", "https://inspector.example") as running:
        yield running


def post(server: HttpServer, **headers: str) -> httpx2.Response:
    common = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {TOKEN}"}
    sent = [(k.encode(), v.encode("latin-1")) for k, v in {**common, **headers}.items() if v]
    return httpx2.post(server.url, json=PING, headers=sent, timeout=20)


@pytest.mark.parametrize("cursor", ["abc", "0", "9" * 5000])
@pytest.mark.parametrize(
    "method", ["tools/list", "prompts/list", "resources/list", "resources/templates/list", "skills/list"]
)
def test_a_cursor_that_nobody_gave_is_refused(server: HttpServer, method: str, cursor: str) -> None:
    headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {TOKEN}"}
    headers["Mcp-Session-Id"] = post(server).headers["mcp-session-id"]
    begun = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert httpx2.post(server.url, json=begun, headers=headers, timeout=20).status_code == 202
    asked = {"jsonrpc": "2.0", "id": 2, "method": method, "params": {"cursor": cursor}}
    answer = httpx2.post(server.url, json=asked, headers=headers, timeout=20)
    assert "is not one of ours; start anew." in answer.text, answer.text


def test_the_right_token_comes_in(server: HttpServer) -> None:
    answer = post(server)
    assert answer.status_code == 200 and "skillbank" in answer.text
    assert post(server, Authorization=f"bearer  {TOKEN}").status_code == 200


@pytest.mark.parametrize(
    "shown",
    ["", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer", f"Basic {TOKEN}", TOKEN, "Bearer é"],
)
def test_others_are_challenged(server: HttpServer, shown: str) -> None:
    answer = post(server, Authorization=shown)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="skillbank"')
    assert ("invalid_token" in answer.headers["www-authenticate"]) == bool(shown)
    assert TOKEN not in answer.text and answer.json()["error"]["code"] == "unauthorized"


@pytest.mark.parametrize("path", ["/", "/mcp/", "/mcp/x", "/health"])
def test_no_path_is_open(server: HttpServer, path: str) -> None:
    assert httpx2.get(server.url.removesuffix("/mcp") + path).status_code == 401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"]
)
def test_a_foreign_origin_is_refused_also_with_the_token(server: HttpServer, origin: str) -> None:
    assert post(server, Origin=origin).status_code == 403
    modern = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "initialize", "Origin": origin}
    assert post(server, **modern).status_code == 403


def test_our_own_origin_and_an_allowed_one_come_in(server: HttpServer) -> None:
    assert post(server, Origin=server.url.removesuffix("/mcp")).status_code == 200
    answer = post(server, Origin="https://inspector.example")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://inspector.example"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1:1", "169.254.169.254"])
def test_another_host_name_is_refused(server: HttpServer, host: str) -> None:
    assert post(server, Host=host).status_code == 421


def test_a_large_body_is_refused(server: HttpServer) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    answer = httpx2.post(server.url, content=b" " * (5 << 20), headers=headers, timeout=20)
    assert answer.status_code == 413


def test_the_token_is_said_nowhere(server: HttpServer) -> None:
    assert TOKEN not in "".join(server.stderr)


def test_a_generated_token_is_said_once(bank: Path, environment: dict[str, str]) -> None:
    with http_server(bank, environment, token=None) as server:
        assert "".join(server.stderr).count(server.token) == 1 and len(server.token) >= 32
        assert post(server, Authorization=f"Bearer {server.token}").status_code == 200


def test_stdout_is_only_protocol(bank: Path, environment: dict[str, str]) -> None:
    requests: list[dict[str, Any]] = [
        PING,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_jobs", "arguments": {}}},
        {"jsonrpc": "2.0", "id": 3, "method": "no/such"},
    ]
    text = "not json\n" + "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.Popen(
        command(bank), env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert done.stdin is not None and done.stdout is not None
    with done:
        done.stdin.write(text)
        done.stdin.flush()
        answers: dict[int | None, Any] = {}
        while len(answers) < 4:
            line = json.loads(done.stdout.readline())
            assert line["jsonrpc"] == "2.0"
            answers[line["id"]] = line
        done.stdin.close()
        assert done.stdout.read() == "" and done.wait(120) == 0, "it ends with its client"
    assert (
        answers[2]["result"]["structuredContent"] == {"next": ["launch with a plan_id of plan"]} or answers[2]
    )
    assert answers[3]["error"]["code"] == -32601 and answers[None]["error"]["code"] == -32700
