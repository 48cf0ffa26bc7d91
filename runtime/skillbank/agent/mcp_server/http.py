"""MCP over streamable HTTP: who may come in, from where, and under which name."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence

from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from skillbank.agent.mcp_server.context import Handlers
from skillbank.agent.mcp_server.well_formed import WellFormed
from skillbank.entrance import (
    CHALLENGE,
    Entrance,
    credentials,
    find_token,
    listening,
    make_token,
    refuse_open,
    run_server,
)
from skillbank.environment import MCP_TOKEN

__all__ = ["PATH", "BearerOnly", "entrance", "http_app", "serve_http"]

PATH = "/mcp"


def entrance(host: str, port: int, hosts: Sequence[str] = (), origins: Sequence[str] = ()) -> Entrance:
    """Decide about host and token; the token comes from SKILLBANK_MCP_TOKEN or is made for this run.

    Raises
    ------
    UsageError
        When the token is too short, or the address can be reached by others and there is no token.
    """
    token = find_token(MCP_TOKEN)
    refuse_open(host, token, MCP_TOKEN)
    return Entrance(host, port, token or make_token(), not token, tuple(hosts), tuple(origins))


class BearerOnly:
    """ASGI middleware: only requests that show the token pass."""

    def __init__(self, app: ASGIApp, at: Entrance) -> None:
        self._app, self._at = app, at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 with a challenge unless the token is right."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        shown = [value for name, value in scope.get("headers", ()) if name == b"authorization"]
        if scope["type"] == "http" and self._right(shown):
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        challenge = CHALLENGE + (', error="invalid_token"' if shown else "")
        said = f"Send the header 'Authorization: Bearer TOKEN'; the server's token is in its {MCP_TOKEN}."
        body = json.dumps({"error": {"code": "unauthorized", "message": said}}).encode()
        headers = [(b"www-authenticate", challenge.encode()), (b"content-type", b"application/json")]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _right(self, shown: Sequence[bytes]) -> bool:
        found = credentials(shown)
        return found is not None and found[0] == "bearer" and self._at.admits(found[1])


def http_app(server: Handlers, at: Entrance) -> ASGIApp:
    """Return the ASGI application: the token first, then ``Host`` and ``Origin``, then MCP at ``/mcp``."""
    settings = TransportSecuritySettings(allowed_hosts=at.allowed_hosts, allowed_origins=at.allowed_origins)
    app: ASGIApp = server.streamable_http_app(
        streamable_http_path=PATH, transport_security=settings, host=at.host
    )
    app = BearerOnly(WellFormed(app), at)
    if at.origins:
        app = CORSMiddleware(
            app,
            allow_origins=list(at.origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=["Mcp-Session-Id"],
        )
    return app


def serve_http(server: Handlers, at: Entrance, closing: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; the address, and a generated token, are said once on stderr."""
    with listening(at) as (at, opened):
        print(f"skillbank mcp: {at.address}{PATH}", file=sys.stderr)
        if at.generated:
            print(f"skillbank mcp: token {at.token} (this run only; {MCP_TOKEN} sets one)", file=sys.stderr)
        sys.stderr.flush()
        run_server(http_app(server, at), opened, closing=closing)
