"""MCP over streamable HTTP: who may come in, from where, and under which name."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import os
import secrets
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from skillbank.errors import UsageError

__all__ = ["PATH", "TOKEN", "BearerOnly", "Entrance", "entrance", "http_app", "serve_http"]

TOKEN = "SKILLBANK_MCP_TOKEN"
PATH = "/mcp"
_SHORTEST = 16
_LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
_ANYWHERE = frozenset({"", "0.0.0.0", "::"})


@dataclass(frozen=True)
class Entrance:
    """How the server is reached.

    Attributes
    ----------
    token
        What every request must show.
    generated
        Whether the token was made here, so that somebody must be told.
    hosts, origins
        Names in addition to the server's own: a proxy's ``Host``, a browser application's ``Origin``.
    """

    host: str
    port: int
    token: str
    generated: bool
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


def entrance(host: str, port: int, hosts: Sequence[str] = (), origins: Sequence[str] = ()) -> Entrance:
    """Decide about host and token; the token comes from SKILLBANK_MCP_TOKEN or is made for this run.

    Raises
    ------
    UsageError
        When the token is too short, or the address can be reached by others and there is no token.
    """
    token = os.environ.get(TOKEN, "").strip()
    if token and (len(token) < _SHORTEST or not token.isascii()):
        raise UsageError(
            f"{TOKEN} must have at least {_SHORTEST} ASCII characters; 'openssl rand -hex 32' makes one."
        )
    if not token and not _loopback(host):
        raise UsageError(
            f"{host} can be reached from other machines and {TOKEN} is not set; set it, or leave --host away."
        )
    return Entrance(host, port, token or secrets.token_urlsafe(32), not token, tuple(hosts), tuple(origins))


class BearerOnly:
    """ASGI middleware: only requests that show the token pass."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = _digest(token.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 with a challenge unless the token is right."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        shown = [value for name, value in scope.get("headers", ()) if name == b"authorization"]
        if scope["type"] == "http" and len(shown) == 1 and self._right(shown[0]):
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        challenge = 'Bearer realm="skillbank"' + (', error="invalid_token"' if shown else "")
        said = f"Send the header 'Authorization: Bearer TOKEN'; the server's token is in its {TOKEN}."
        body = json.dumps({"error": {"code": "unauthorized", "message": said}}).encode()
        headers = [(b"www-authenticate", challenge.encode()), (b"content-type", b"application/json")]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _right(self, header: bytes) -> bool:
        scheme, _, token = header.partition(b" ")
        # Digests are compared, so that neither the token's content nor its length shows in the time taken.
        return scheme.lower() == b"bearer" and hmac.compare_digest(_digest(token.strip()), self._expected)


def http_app(server: Server[Any], at: Entrance) -> ASGIApp:
    """Return the ASGI application: the token first, then ``Host`` and ``Origin``, then MCP at ``/mcp``."""
    own = list(_LOCAL_NAMES) if _loopback(at.host) else [_bracketed(at.host)]
    if at.host in _ANYWHERE:
        own = [*_LOCAL_NAMES, socket.gethostname().lower(), socket.getfqdn().lower()]
    settings = TransportSecuritySettings(
        allowed_hosts=[*(f"{name}:{at.port}" for name in own), *(h for n in at.hosts for h in (n, f"{n}:*"))],
        allowed_origins=[*(f"http://{name}:{at.port}" for name in own), *at.origins],
    )
    app: ASGIApp = server.streamable_http_app(
        streamable_http_path=PATH, transport_security=settings, host=at.host
    )
    app = BearerOnly(app, at.token)
    if at.origins:
        app = CORSMiddleware(
            app,
            allow_origins=list(at.origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=["Mcp-Session-Id"],
        )
    return app


def serve_http(server: Server[Any], at: Entrance, closing: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; the address, and a generated token, are said once on stderr.

    Parameters
    ----------
    closing
        Called when the server is asked to stop, before it closes its connections.

    Raises
    ------
    UsageError
        When the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
    try:
        listening = socket.create_server((at.host, at.port), family=family)
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"Nothing can listen at {at.host}:{at.port} ({why}); give another --port.") from None
    with listening:
        port = int(listening.getsockname()[1])
        at = Entrance(at.host, port, at.token, at.generated, at.hosts, at.origins)
        config = uvicorn.Config(
            http_app(server, at), log_level="warning", access_log=False, timeout_graceful_shutdown=2
        )
        print(f"skillbank mcp: http://{_bracketed(at.host)}:{port}{PATH}", file=sys.stderr)
        if at.generated:
            print(f"skillbank mcp: token {at.token} (this run only; {TOKEN} sets one)", file=sys.stderr)
        sys.stderr.flush()
        _Uvicorn(config, closing).run(sockets=[listening])


class _Uvicorn(uvicorn.Server):
    """Uvicorn that says when it is asked to stop."""

    def __init__(self, config: uvicorn.Config, closing: Callable[[], None]) -> None:
        super().__init__(config)
        self._closing = closing

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._closing()
        super().handle_exit(sig, frame)


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
