"""The MCP server as a real process, and two clients that speak to it: the SDK's own and FastMCP's."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import httpx2
import mcp_types as types
from mcp import Client as SdkClient
from mcp import StdioServerParameters
from mcp.client.extension import ClientExtension
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

if TYPE_CHECKING:  # a second and more, which tests that do not need it should not wait for
    import fastmcp

TOKEN = "a-token-of-the-tests-0123456789"
Says = Callable[[str], Literal["yes", "no", "cancel"]]
Told = Callable[[float, float | None, str | None], None]
Document = dict[str, Any]


@dataclass
class HttpServer:
    """``skillbank mcp --http`` that runs."""

    url: str
    token: str
    process: subprocess.Popen[str]
    stderr: list[str] = field(default_factory=list)


def command(bank: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "skillbank", "mcp", "--bank", str(bank), *more]


@contextmanager
def http_server(
    bank: Path, environment: dict[str, str], *more: str, token: str | None = TOKEN
) -> Iterator[HttpServer]:
    """Start the server on a free port and read its address, and a generated token, from stderr."""
    env = {**environment, **({"SKILLBANK_MCP_TOKEN": token} if token else {})}
    arguments = command(bank, "--http", "--port", "0", *more)
    with subprocess.Popen(arguments, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        server = HttpServer("", token or "", process)
        try:
            while not server.url or not server.token:
                line = process.stderr.readline()
                assert line, f"the server ended: {server.stderr}"
                server.stderr.append(line)
                if " http://" in line:
                    server.url = line.split()[-1]
                elif " token " in line:
                    server.token = line.split()[3]
            rest = process.stderr
            reader = threading.Thread(target=lambda: server.stderr.extend(rest), daemon=True)
            reader.start()
            yield server
        finally:
            process.terminate()
            process.wait(timeout=120)


class Door(Protocol):
    """What the tests do with either client."""

    async def tools(self) -> list[types.Tool]: ...
    async def call(
        self, name: str, arguments: Document, told: Told | None = None
    ) -> tuple[Document, bool]: ...
    async def read(self, uri: str) -> bytes: ...
    async def skills(self) -> list[Document]: ...
    async def prompt(self, name: str, arguments: dict[str, str]) -> str: ...


@dataclass
class Place:
    """Where a server is, or how it is started."""

    bank: Path
    environment: dict[str, str]
    http: HttpServer | None = None


@asynccontextmanager
async def sdk_client(
    place: Place,
    mode: str = "auto",
    says: Says | None = None,
    extensions: list[ClientExtension] | None = None,
) -> AsyncIterator[SdkClient]:
    """Connect the SDK's client."""

    async def answer(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        assert says is not None and isinstance(params, types.ElicitRequestFormParams)
        return _elicited(says(params.message))

    common: dict[str, Any] = {
        "mode": mode,
        "elicitation_callback": answer if says else None,
        "extensions": extensions,
    }
    if place.http is None:
        program, *arguments = command(place.bank)
        parameters = StdioServerParameters(command=program, args=arguments, env=place.environment)
        async with SdkClient(stdio_client(parameters), **common) as client:
            yield client
        return
    headers = {"Authorization": f"Bearer {place.http.token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=httpx2.Timeout(30, read=300)) as web,
        SdkClient(streamable_http_client(place.http.url, http_client=web), **common) as client,
    ):
        yield client


class SdkDoor:
    def __init__(self, client: SdkClient) -> None:
        self.client = client

    async def tools(self) -> list[types.Tool]:
        return (await self.client.list_tools()).tools

    async def call(self, name: str, arguments: Document, told: Told | None = None) -> tuple[Document, bool]:
        async def tell(progress: float, total: float | None, message: str | None) -> None:
            assert told is not None
            told(progress, total, message)

        result = await self.client.call_tool(name, arguments, progress_callback=tell if told else None)
        return answer_of(result), result.is_error

    async def read(self, uri: str) -> bytes:
        return _content((await self.client.read_resource(uri)).contents)

    async def skills(self) -> list[Document]:
        from fastmcp.skills.models import ListSkillsParams, ListSkillsRequest, ListSkillsResult

        request = ListSkillsRequest(params=ListSkillsParams())
        result = await self.client.session.send_request(request, ListSkillsResult)
        return [skill.model_dump(mode="json", exclude_none=True) for skill in result.skills]

    async def prompt(self, name: str, arguments: dict[str, str]) -> str:
        return _said((await self.client.get_prompt(name, arguments)).messages)


class FastDoor:
    def __init__(self, client: fastmcp.Client[Any]) -> None:
        self.client = client

    async def tools(self) -> list[types.Tool]:
        return await self.client.list_tools()

    async def call(self, name: str, arguments: Document, told: Told | None = None) -> tuple[Document, bool]:
        async def tell(progress: float, total: float | None, message: str | None) -> None:
            if told is not None:
                told(progress, total, message)

        result = await self.client.call_tool_mcp(name, arguments, progress_handler=tell)
        return answer_of(result), result.is_error

    async def read(self, uri: str) -> bytes:
        return _content(await self.client.read_resource(uri))

    async def skills(self) -> list[Document]:
        return [s.model_dump(mode="json", exclude_none=True) for s in await self.client.list_skills()]

    async def prompt(self, name: str, arguments: dict[str, str]) -> str:
        return _said((await self.client.get_prompt(name, arguments)).messages)


@asynccontextmanager
async def opened(
    kind: str, place: Place, mode: str = "auto", says: Says | None = None
) -> AsyncIterator[Door]:
    """Connect the client of a kind, ``sdk`` or ``fastmcp``."""
    if kind == "sdk":
        async with sdk_client(place, mode, says) as client:
            yield SdkDoor(client)
        return

    import fastmcp
    from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
    from fastmcp.skills.client import SkillsClientExtension

    async def answer(message: str, response_type: Any, params: Any, context: Any) -> Any:
        assert says is not None
        return _elicited(says(message))

    transport: Any
    if place.http is None:
        program, *arguments = command(place.bank)
        log = Path(place.environment["SKILLBANK_HOME"]).with_name("server.log")
        transport = StdioTransport(program, arguments, env=place.environment, keep_alive=False, log_file=log)
    else:
        transport = StreamableHttpTransport(place.http.url, auth=place.http.token)
    fast: fastmcp.Client[Any] = fastmcp.Client(
        transport,
        mode=mode,
        elicitation_handler=answer if says else None,
        extensions=[SkillsClientExtension()],
    )
    async with fast:
        yield FastDoor(fast)


def _elicited(said: str) -> types.ElicitResult:
    if said == "yes":
        return types.ElicitResult(action="accept", content={"approve": True})
    return types.ElicitResult(action="decline" if said == "no" else "cancel")


def answer_of(result: Any) -> Document:
    """Return what a tool answered: an error is text alone, anything else is both and the same."""
    [text] = result.content
    document: Document = json.loads(text.text)
    assert result.structured_content == (None if result.is_error else document)
    return document


def _content(contents: list[Any]) -> bytes:
    [found] = contents
    if isinstance(found, types.TextResourceContents):
        return found.text.encode()
    return base64.b64decode(found.blob)


def _said(messages: list[types.PromptMessage]) -> str:
    [message] = messages
    assert isinstance(message.content, types.TextContent)
    return message.content.text
