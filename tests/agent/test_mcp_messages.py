"""What is no message, or means two things, is answered: what is dropped a client waits for, for ever."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from starlette.types import Message, Receive, Scope, Send

from skillbank.agent.mcp_server import well_formed
from skillbank.agent.mcp_server.cancellations import Cancellations
from skillbank.agent.mcp_server.messages import fault_of
from skillbank.agent.mcp_server.server import build_server
from skillbank.agent.toolbox import Toolbox
from skillbank.errors import StateError
from tests.agent.mcp_clients import TOKEN, command, http_server

CALL = '{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "%s", "arguments": %s}}'
WRONG: list[tuple[bytes, int | None, str]] = [
    (b"nonsense", None, "is not JSON"),
    (b'{"jsonrpc": "2.0", "id": 7, "method": "ping"', None, "is not JSON"),
    (b'{"jsonrpc": "2.0", "id": 7, "method": "ping", "params": ' + b"[" * 100_000, None, "nested too deeply"),
    (
        b'{"jsonrpc": "2.0", "id": 7, "method": "ping", "params": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}",
        7,
        "deeply",
    ),
    (b'[{"jsonrpc": "2.0", "id": 7, "method": "ping"}]', None, "send each one alone"),
    (b"null", None, "one JSON object"),
    (b'{"id": 7, "method": "ping"}', 7, '"jsonrpc": "2.0"'),
    (b'{"jsonrpc": "2.0", "id": 7}', 7, 'needs a "method"'),
    (b'{"jsonrpc": "2.0", "id": 7, "method": 5}', 7, "The method is 5"),
    (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', None, "The id is null"),
    (b'{"jsonrpc": "2.0", "id": 7.5, "method": "ping"}', None, "The id is 7.5"),
    (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', None, "The id is true"),
    (b'{"jsonrpc": "2.0", "id": {"a": 1}, "method": "ping"}', None, "The id is"),
    (b'{"jsonrpc": "2.0", "id": 7, "method": "ping", "params": []}', 7, "The params are []"),
    ((CALL % ("search_skills", '{"query": "one", "query": "two"}')).encode(), 7, "'query' is said twice"),
    ((CALL % ("search_skills", '{"query": "half a face \\ud83d"}')).encode(), 7, "half a character"),
    ((CALL % ("search_skills", '{"query": "caf\udce9"}')).encode(errors="surrogateescape"), None, "UTF-8"),
]
"""What is sent, the id that an answer can name, and what it says."""
BEGIN = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    },
}


@pytest.mark.parametrize(("sent", "named", "words"), WRONG[:-1])
def test_a_fault_is_named_with_the_request_that_it_is_of(sent: bytes, named: int | None, words: str) -> None:
    fault = fault_of(sent)
    assert fault is not None and fault.id == named and words in fault.error.message


def test_a_message_of_any_depth_is_read_or_refused() -> None:
    """At the edge of what Python nests, one of two readings may fail where the other has not."""
    for depth in range(sys.getrecursionlimit() - 400, sys.getrecursionlimit() + 20):
        fault = fault_of(CALL % ("search_skills", '{"a": ' * depth + "1" + "}" * depth))
        assert fault is not None and "deeply" in fault.error.message, depth


@pytest.mark.parametrize(
    "sent",
    [
        '{"jsonrpc": "2.0", "id": 1000000000000000000000000000000, "method": "ping"}',
        '{"jsonrpc": "2.0", "id": "", "method": "ping", "params": null}',
        '{"jsonrpc": "2.0", "method": "notifications/initialized"}',
        '{"jsonrpc": "2.0", "id": null, "method": "notifications/initialized"}',
        '{"jsonrpc": "2.0", "id": 7, "result": {}}',
        '{"jsonrpc": "2.0", "id": null, "error": {"code": 1, "message": "no"}}',
        CALL % ("job_logs", '{"cursor": NaN}'),
        CALL % ("search_skills", '{"query": "\\ud83d\\ude00", "other": {"query": 1}}'),
    ],
)
def test_what_means_one_thing_goes_on(sent: str) -> None:
    assert fault_of(sent) is None and fault_of(sent.encode()) is None


@pytest.mark.slow
def test_each_line_of_stdin_is_answered(bank: Path, environment: dict[str, str]) -> None:
    with subprocess.Popen(
        command(bank), env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdin is not None and server.stdout is not None

        def ask(line: bytes) -> dict[str, Any]:
            assert server.stdin is not None and server.stdout is not None
            server.stdin.write(line + b"\n")
            server.stdin.flush()
            answer: dict[str, Any] = json.loads(server.stdout.readline())
            return answer

        before = ask(b'{"jsonrpc": "2.0", "id": 0, "method": "tools/list"}')
        assert "send initialize" in before["error"]["message"]
        assert "result" in ask(json.dumps(BEGIN).encode())
        for sent, named, words in WRONG:
            answer = ask(b"\n" + sent)
            # Bytes that are not UTF-8 stand in a line of which the rest can be read.
            assert answer["id"] == (7 if words == "UTF-8" else named), sent
            assert words in answer["error"]["message"], sent
        assert ask(b'{"jsonrpc": "2.0", "id": 2, "method": "ping"}') == {
            "jsonrpc": "2.0",
            "id": 2,
            "result": {},
        }
        server.stdin.close()
        assert server.wait(60) == 0 and server.stdout.read() == b""


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_without_a_client_it_is_told(bank: Path, environment: dict[str, str], closed: str) -> None:
    line = f"{shlex.join(command(bank))} {closed}"
    done = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "one of them is closed; let a client start skillbank mcp, or give --http." in done.stderr


@pytest.mark.slow
def test_each_body_is_answered(bank: Path, environment: dict[str, str]) -> None:
    with http_server(bank, environment) as server:
        shown = {
            "Authorization": f"Bearer {TOKEN}",
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
        }
        begun = httpx2.post(server.url, json=BEGIN, headers=shown, timeout=30)
        for version in ("2025-11-25", "2026-07-28"):
            headers = {
                **shown,
                "MCP-Protocol-Version": version,
                "Mcp-Session-Id": begun.headers["mcp-session-id"],
            }
            for sent, named, words in WRONG:
                answer = httpx2.post(server.url, content=sent, headers=headers, timeout=30)
                assert answer.status_code == 400 and answer.json()["id"] == named, sent
                said = answer.json()["error"]["message"]
                assert words in said or (words == "UTF-8" and "is not JSON" in said), sent


@pytest.mark.parametrize("many", [1, 100_000])
@pytest.mark.parametrize("whole", [True, False])
def test_no_other_client_waits_while_a_large_body_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, many: int, whole: bool
) -> None:
    threads: list[int] = []

    def noted(body: bytes) -> types.JSONRPCError | None:
        threads.append(threading.get_ident())
        return fault_of(body)

    sent = (CALL % ("plan", json.dumps({"text": ["word"] * many}))).encode()
    sent = sent if whole else sent[:-1]
    came: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        came.append(await receive())

    async def work() -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": sent}

        async def send(message: Message) -> None:
            came.append(message)

        await well_formed.WellFormed(app)({"type": "http", "method": "POST", "headers": []}, receive, send)

    monkeypatch.setattr(well_formed, "fault_of", noted)
    asyncio.run(work())
    assert [each == threading.get_ident() for each in threads] == [many == 1]
    assert came[0].get("body") == sent if whole else came[0]["status"] == 400


def test_parameters_that_do_not_fit_are_named(toolbox: Toolbox) -> None:
    async def said(method: str, params: dict[str, object]) -> str:
        async with Client(build_server(toolbox, Cancellations())) as client:
            asked = types.Request[dict[str, object], str](method=method, params=params)
            with pytest.raises(MCPError) as error:
                await client.session.send_request(asked, types.EmptyResult)
            assert error.value.error.code == types.INVALID_PARAMS
            return error.value.error.message

    assert asyncio.run(said("tools/call", {})) == "tools/call: params.name is missing."
    assert "params.uri is 5" in asyncio.run(said("resources/read", {"uri": 5}))
    assert asyncio.run(said("skills/get", {})) == "skills/get: uri is missing."


def test_a_fault_of_ours_is_one_sentence_without_secrets(
    toolbox: Toolbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "hf_" + "canary" * 6
    monkeypatch.setenv("HF_TOKEN", secret)
    errors: list[Exception] = [
        StateError("the bank is locked; wait for its end"),
        OSError(f"no room for {secret}"),
    ]

    def fail(*_: object) -> None:
        raise errors[-1]

    monkeypatch.setattr("skillbank.agent.mcp_server.skills.Shelf.heads", fail)

    async def work() -> str:
        async with Client(build_server(toolbox, Cancellations())) as client:
            with pytest.raises(MCPError) as error:
                await client.list_resources()
            assert error.value.error.code == types.INTERNAL_ERROR
            return error.value.error.message

    with caplog.at_level(logging.CRITICAL, "skillbank.agent"):
        unforeseen = asyncio.run(work())
        errors.pop()
        assert asyncio.run(work()).startswith("the bank is locked; wait for its end")
    assert secret not in unforeseen and "resources/list failed: OSError: no room for" in unforeseen
    assert os.environ["HF_TOKEN"] == secret
