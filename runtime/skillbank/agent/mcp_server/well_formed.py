"""The two ways in, each with the check of messages before the library: lines of stdin, and bodies of HTTP."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import anyio
import anyio.to_thread
from mcp.server.transport_security import DEFAULT_MAX_REQUEST_BODY_SIZE
from mcp.shared._stream_protocols import WriteStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skillbank.agent.mcp_server.messages import fault_of

__all__ = ["Lines", "WellFormed", "client_lines"]

_JSON = "application/json"
_QUICK = 1 << 16
"""Bytes of a body that is looked at in milliseconds."""


class Lines(anyio.AsyncFile[str]):
    """The lines that a client sends, those alone that can be read; the others are answered."""

    def __init__(self, lines: TextIO) -> None:
        super().__init__(lines)
        self._answers: WriteStream[SessionMessage] | None = None
        self._bound = anyio.Event()

    def bind(self, answers: WriteStream[SessionMessage]) -> None:
        """Say where answers go; nothing is read before."""
        self._answers = answers
        self._bound.set()

    async def readline(self) -> str:
        """Return the next message; nothing when the client has gone."""
        await self._bound.wait()
        assert self._answers is not None
        while line := await super().readline():
            if not line.strip():
                continue
            fault = fault_of(line)
            if fault is None:
                return line
            await self._answers.send(SessionMessage(fault))
        return ""


@contextmanager
def client_lines() -> Iterator[Lines]:
    """Read stdin through a descriptor of our own: what runs in this process, or is started, finds it empty.

    Bytes that are not UTF-8 come as halves of characters, which no message may hold.
    """
    own = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        # A thread may wait for a line beyond our end, so that the descriptor is never closed.
        yield Lines(open(own, encoding="utf-8", errors="surrogateescape", closefd=False))  # noqa: SIM115
    finally:
        os.dup2(own, 0)


class WellFormed:
    """ASGI middleware: a body that is no message is answered with 400, and why."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body of a POST and hand it on as it came, unless it cannot be read."""
        if scope["type"] != "http" or scope["method"] != "POST" or _too_large(scope):
            await self._app(scope, receive, send)
            return
        came: list[Message] = []
        size, more = 0, True
        while more and size <= DEFAULT_MAX_REQUEST_BODY_SIZE:
            message = await receive()
            came.append(message)
            size += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)
        whole = not more and came[-1]["type"] == "http.request"
        fault = await _fault_of(b"".join(m.get("body", b"") for m in came)) if whole else None
        if fault is not None:
            answer = Response(fault.model_dump_json(by_alias=True, exclude_unset=True), 400, media_type=_JSON)
            await answer(scope, receive, send)
            return

        async def again() -> Message:
            return came.pop(0) if came else await receive()

        await self._app(scope, again, send)


async def _fault_of(body: bytes) -> JSONRPCError | None:
    """Look at a body; at one that takes long in a thread, since all other clients would wait."""
    return fault_of(body) if len(body) < _QUICK else await anyio.to_thread.run_sync(fault_of, body)


def _too_large(scope: Scope) -> bool:
    """Say whether a body is declared to be larger than is read: the library refuses it unread."""
    declared = Headers(scope=scope).get("content-length", "")
    return declared.isdigit() and int(declared) > DEFAULT_MAX_REQUEST_BODY_SIZE
