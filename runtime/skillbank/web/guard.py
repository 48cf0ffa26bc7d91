"""Who may come in: by which name, from which page, with which token; how a browser treats the answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from contextlib import AbstractContextManager, nullcontext
from http.cookies import CookieError, SimpleCookie
from typing import Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skillbank.entrance import CHALLENGE, Entrance, credentials
from skillbank.web.answers import Refusal
from skillbank.web.label_studio import PREFIX

__all__ = ["COOKIE", "Guard", "Keeper", "TokenKeeper", "cookie_of", "start_session"]

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


class Keeper(Protocol):
    """Says who comes in."""

    async def admit(self, scope: Scope, headers: Headers) -> AbstractContextManager[None]:
        """Return what a request is answered within.

        Raises
        ------
        Refusal
            When whoever asks may not come in.
        """
        ...


class Guard:
    """ASGI middleware around everything that the server answers.

    Parameters
    ----------
    at
        The names of the server.
    open_paths
        What needs nobody: the page itself, which holds no data.
    keeper
        Who comes in to all the rest.
    foreign_paths
        What programs elsewhere call as well, in which a browser takes no part.
    """

    def __init__(
        self,
        app: ASGIApp,
        at: Entrance,
        open_paths: frozenset[str],
        keeper: Keeper,
        foreign_paths: frozenset[str] = frozenset(),
    ) -> None:
        self._app, self._at, self._open, self._keeper = app, at, open_paths, keeper
        self._foreign = foreign_paths

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

        headers = Headers(scope=scope)
        try:
            guarded = self._check(scope["path"], headers)
            within = await self._keeper.admit(scope, headers) if guarded else nullcontext()
        except Refusal as refusal:
            await refusal.response()(scope, receive, sent)
            return
        with within:
            await self._app(scope, receive, sent)

    def _check(self, path: str, headers: Headers) -> bool:
        """Say whether somebody has to be known for this path; refuse what comes from elsewhere."""
        if path in self._foreign:
            return False
        names = headers.getlist("host")
        # A page elsewhere can give its own name our address, and is then the "same origin" as this server.
        if len(names) != 1 or not self._at.admits_host(names[0]):
            raise Refusal(421, "wrong_host", f"This server is {self._at.address}, no other host.")
        origin = headers.get("origin")
        if origin is not None and origin not in self._at.allowed_origins:
            raise Refusal(403, "wrong_origin", "Pages of other origins may not use this server.")
        if path in self._open:
            return False
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise Refusal(403, "wrong_origin", "Pages of other origins may not use this server.")
        return True


class TokenKeeper:
    """Lets in whoever shows the one token of a server, or the cookie that was given for it."""

    def __init__(self, at: Entrance) -> None:
        self._at = at

    async def admit(self, scope: Scope, headers: Headers) -> AbstractContextManager[None]:
        """Refuse whoever does not know the token; nobody by name comes in."""
        if self._at.token and not self._known(headers, scope["path"]):
            raise Refusal(
                401,
                "unauthorized",
                "This server needs its token; send 'Authorization: Bearer TOKEN', or give it to the page.",
                {"www-authenticate": CHALLENGE},
            )
        return nullcontext()

    def _known(self, headers: Headers, path: str) -> bool:
        shown = headers.getlist("authorization")
        if shown:
            found = credentials([value.encode("latin-1", "replace") for value in shown])
            if found is None:
                return False
            scheme, token = found
            if scheme == "basic" and f"{path}/".startswith(f"{PREFIX}/"):
                token = _password(token)  # Label Studio knows a user and a password, and no token
            elif scheme != "bearer":
                return False
            return self._at.admits(token)
        value = cookie_of(headers)
        return hmac.compare_digest(value.encode(), _session(self._at.token).encode())


def cookie_of(headers: Headers) -> str:
    """Return what a browser was given for its token; empty where it was not, or sends what is no cookie."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


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
