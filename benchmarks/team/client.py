"""A client that costs little, so that what is measured is the server: HTTP/1.1 on one connection."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Answer", "Client", "Seen"]

_KEPT = 3.0
"""Seconds after which a connection is made anew: the server ends those that nobody uses."""
_AGAIN = 0.1
_LONGEST = 300.0
"""Seconds until an answer is taken for lost: on a busy machine a killed process is long replaced by then."""


@dataclass(frozen=True)
class Answer:
    """What came back; ``again`` says that it was asked more than once, because an answer was lost."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    again: bool

    @property
    def document(self) -> dict[str, Any]:
        """The JSON of the answer, also where it came as the one event of a stream."""
        text = self.body
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            [text] = [line[5:] for line in self.body.splitlines() if line.startswith(b"data:")]
        found: dict[str, Any] = json.loads(text)
        return found


@dataclass
class Seen:
    """What all clients have measured and were told.

    Attributes
    ----------
    ms
        Milliseconds until an answer was there, by what was asked; a repeated one from its first try on.
    lost
        How often a connection ended without an answer.
    wrong
        What was answered and must not be, with how often.
    launched
        The job of each idempotency key, as it was told.
    decided
        Who was told to have reviewed a picture, by its number.
    unsure
        Pictures whose decision was answered 412 after an answer was lost, and that nobody is told to have.
    """

    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    lost: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    plans: set[str] = field(default_factory=set)
    launched: dict[str, str] = field(default_factory=dict)
    decided: dict[int, str] = field(default_factory=dict)


class Client:
    """One person or program with a token.

    Parameters
    ----------
    url
        Of the server.
    secret
        The token.
    """

    def __init__(self, url: str, secret: str, seen: Seen) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._head = f"host: {parts.netloc}\r\nauthorization: Bearer {secret}\r\n"
        self._seen = seen
        self._used = 0.0
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self,
        what: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: str = "",
        allowed: tuple[int, ...] = (200, 201),
    ) -> Answer:
        """Ask until there is an answer, as a client does whose server was killed.

        Parameters
        ----------
        what
            Under which name the time is noted.
        headers
            Further lines of the head, each with its end.
        allowed
            What the answer may be; another one is noted as wrong.
        """
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\n{self._head}{headers}content-length: {len(content)}\r\n"
        head += "content-type: application/json\r\n\r\n" if content else "\r\n"
        began, again = time.perf_counter(), False
        while True:
            try:
                async with asyncio.timeout(_LONGEST):
                    status, told, answer = await self._once(head.encode() + content)
                break
            except (OSError, EOFError, asyncio.IncompleteReadError):
                self._drop()
                self._seen.lost += 1
                again = True
                await asyncio.sleep(_AGAIN)
        self._seen.ms[what].append(1000 * (time.perf_counter() - began))
        if status not in allowed:
            self._seen.wrong[f"{what}: {status} {answer[:200].decode(errors='replace')}"] += 1
        return Answer(status, told, answer, again)

    def _drop(self) -> None:
        if self._line is not None:
            self._line[1].close()
        self._line = None

    async def _once(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        if time.monotonic() - self._used > _KEPT:
            self._drop()
        if self._line is None:
            self._line = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._line
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        told = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await _body(reader, told)
        self._used = time.monotonic()
        if told.get("connection") == "close":
            self._drop()
        return int(head[0].split()[1]), told, body


async def _body(reader: asyncio.StreamReader, told: Mapping[str, str]) -> bytes:
    if told.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(told.get("content-length", 0)))
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)
