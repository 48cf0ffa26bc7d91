"""One line of JSON for each request, and its place in the metrics: who, what, how it ended."""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skillbank.redact import redact
from skillbank.stored import now
from skillbank.team_server.keeper import DOOR, MCP_PATH, PERSON
from skillbank.team_server.metrics import Metrics

__all__ = ["Logged", "log_lines"]

_LOG = logging.getLogger("skillbank.server")
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_NOWHERE = "(none)"
"""The route of what is not served: paths that anybody makes up must not fill the metrics."""


class Logged:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and tell of it at the end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request = given if _ID.fullmatch(given) else secrets.token_hex(8)
        began, status = time.perf_counter(), 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = request
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            spent = time.perf_counter() - began
            route = route_of(scope)
            self._metrics.note(scope["method"], route, status, spent)
            person, client = scope.get(PERSON), scope.get("client")
            _LOG.info(
                "request",
                extra={
                    "told": {
                        "request": request,
                        "person": person.name if person is not None else None,
                        "project": person.project if person is not None else None,
                        "door": scope.get(DOOR),
                        "address": client[0] if client else None,
                        "method": scope["method"],
                        "route": route,
                        "status": status,
                        "ms": round(1000 * spent, 1),
                    }
                },
            )


def route_of(scope: Scope) -> str:
    """Return the path of a request as it was declared: names in it are no part of a log."""
    path = getattr(scope.get("route"), "path", None)
    return MCP_PATH if scope.get("path") == MCP_PATH else path or _NOWHERE


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": now().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": redact(record.getMessage()),
            **getattr(record, "told", {}),
        }
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(line)


def log_lines() -> None:
    """Write what this process has to say as lines of JSON on stderr, uvicorn's words among them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _LOG.setLevel(logging.INFO)
