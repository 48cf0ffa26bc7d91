"""Who may come in: by which name, from which page, with which token; how a browser treats the answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skillbank.entrance import Entrance
from skillbank.web.answers import Refusal
from skillbank.web.label_studio import PREFIX

__all__ = ["COOKIE", "Guard", "start_session"]

COOKIE = "skillbank"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """ASGI middleware around everything that the server answers.

    Parameters
    ----------
    at
        The names and the token.
    open_paths
        What needs no token: the page itself, which holds no data.
    """

    def __init__(self, app: ASGIApp, at: Entrance, open_paths: frozenset[str]) -> None:
        self._app, self._at, self._open = app, at, open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on; either way with headers that keep a browser careful."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._check(scope["path"], Headers(scope=scope))
        except Refusal as refusal:
            await refusal.response()(scope, receive, sent)
            return
        await self._app(scope, receive, sent)

    def _check(self, path: str, headers: Headers) -> None:
        names = headers.getlist("host")
        # A page elsewhere can give its own name our address, and is then the "same origin" as this server.
        if len(names) != 1 or not self._at.admits_host(names[0]):
            raise Refusal(421, "wrong_host", f"This server is {self._at.address}, no other host.")
        origin = headers.get("origin")
        if origin is not None and origin not in self._at.allowed_origins:
            raise Refusal(403, "wrong_origin", "Pages of other origins may not use this server.")
        if path in self._open:
            return
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise Refusal(403, "wrong_origin", "Pages of other origins may not use this server.")
        if self._at.token and not self._known(headers, path):
            raise Refusal(
                401,
                "unauthorized",
                "This server needs its token; send 'Authorization: Bearer TOKEN', or give it to the page.",
                {"www-authenticate": 'Bearer realm="skillbank"'},
            )

    def _known(self, headers: Headers, path: str) -> bool:
        shown = headers.getlist("authorization")
        if shown:
            scheme, _, given = shown[0].partition(" ")
            token = given.strip().encode("latin-1", "replace")
            if scheme.lower() == "basic" and f"{path}/".startswith(f"{PREFIX}/"):
                token = _password(token)  # Label Studio knows a user and a password, and no token
            elif scheme.lower() != "bearer":
                return False
            return len(shown) == 1 and self._at.admits(token)
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        value = cookies[COOKIE].value if COOKIE in cookies else ""
        return hmac.compare_digest(value.encode(), _session(self._at.token).encode())


def _password(given: bytes) -> bytes:
    """Return the password of basic credentials; empty when they are none."""
    try:
        return base64.b64decode(given, validate=True).partition(b":")[2]
    except ValueError:
        return b""


def start_session(at: Entrance, request: Request) -> Response:
    """Give a browser that has shown the token a cookie in its place; scripts cannot read it."""
    answer = Response(status_code=204)
    answer.set_cookie(COOKIE, _session(at.token), httponly=True, samesite="strict", path="/")
    return answer


def _session(token: str) -> str:
    """Return what the cookie holds: made of the token, which cannot be made of it."""
    return hmac.new(token.encode(), b"skillbank web session", hashlib.sha256).hexdigest()
