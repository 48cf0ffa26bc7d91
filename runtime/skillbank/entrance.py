"""Where an HTTP server of ours listens, who may come in, and under which name: shared by all of them."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from types import FrameType
from typing import TYPE_CHECKING

from skillbank.environment import Variable
from skillbank.errors import UsageError
from skillbank.lazy_imports import lazy_imports
from skillbank.ways import option

with lazy_imports():
    import uvicorn

    from skillbank import prompt_http

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = [
    "CHALLENGE",
    "Entrance",
    "credentials",
    "find_token",
    "listening",
    "loopback",
    "make_token",
    "refuse_open",
    "run_server",
]

CHALLENGE = 'Bearer realm="skillbank"'
"""What ``WWW-Authenticate`` says to whoever shows nothing."""
_SHORTEST = 16
_LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
_ANYWHERE = frozenset({"", "0.0.0.0", "::"})


@dataclass(frozen=True)
class Entrance:
    """How a server is reached.

    Attributes
    ----------
    token
        What requests must show; empty when everybody on this machine may come in.
    generated
        Whether the token was made here, so that somebody must be told.
    hosts, origins
        Names in addition to the server's own: a proxy's ``Host``, a browser application's ``Origin``.
    """

    host: str
    port: int
    token: str = ""
    generated: bool = False
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The URL to open, without a path."""
        host = "127.0.0.1" if self.host in _ANYWHERE else self.host
        return f"http://{_bracketed(host)}:{self.port}"

    @cached_property
    def allowed_hosts(self) -> list[str]:
        """Values of ``Host`` that mean this server; ``name:*`` means any port."""
        return [
            *(f"{name}:{self.port}" for name in self._own),
            *(h for n in self.hosts for h in (n, f"{n}:*")),
        ]

    @cached_property
    def allowed_origins(self) -> list[str]:
        """Pages whose scripts may call."""
        return [*(f"http://{name}:{self.port}" for name in self._own), *self.origins]

    @property
    def _own(self) -> list[str]:
        if self.host in _ANYWHERE:
            return [*_LOCAL_NAMES, socket.gethostname().lower(), socket.getfqdn().lower()]
        return list(_LOCAL_NAMES) if loopback(self.host) else [_bracketed(self.host)]

    def admits_host(self, host: str) -> bool:
        """Say whether a request's ``Host`` means this server; another one may be a rebound DNS name."""
        name, _, port = host.rpartition(":")
        return host in self.allowed_hosts or (port.isdigit() and f"{name}:*" in self.allowed_hosts)

    def admits(self, token: bytes) -> bool:
        """Say whether a token is the right one; the time taken tells neither its content nor its length."""
        return hmac.compare_digest(_digest(token), _digest(self.token.encode()))


def credentials(shown: Sequence[bytes]) -> tuple[str, bytes] | None:
    """Return the scheme, in small letters, and the credentials of a request.

    Parameters
    ----------
    shown
        The values of all its headers ``Authorization``; None comes back unless it has exactly one.
    """
    if len(shown) != 1:
        return None
    scheme, _, given = shown[0].partition(b" ")
    return scheme.decode("latin-1").lower(), given.strip()


def find_token(variable: Variable, given: str = "") -> str:
    """Return the token that was given or that the environment holds; empty when there is none."""
    token = (given or variable.value or "").strip()
    if token and (len(token) < _SHORTEST or not token.isascii()):
        raise UsageError(
            f"{variable} must have at least {_SHORTEST} ASCII characters; 'openssl rand -hex 32' makes one."
        )
    return token


def refuse_open(host: str, token: str, variable: Variable) -> None:
    """Refuse an address that others can reach when there is no token."""
    if not token and not loopback(host):
        raise UsageError(
            f"{host} can be reached from other machines and {variable} is not set; set it, or leave "
            f"{option('host')} "
            "away."
        )


def make_token() -> str:
    """Return a token for one run."""
    return secrets.token_urlsafe(32)


def loopback(host: str) -> bool:
    """Say whether only this machine reaches an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def listening(at: Entrance) -> Iterator[tuple[Entrance, socket.socket]]:
    """Listen; port 0 takes a free one, which the entrance that is given back names."""
    family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
    try:
        opened = socket.create_server((at.host, at.port), family=family)
    except OSError as error:
        why = error.strerror or error
        raise UsageError(
            f"Nothing can listen at {at.host}:{at.port} ({why}); give another {option('port')}."
        ) from None
    with opened:
        yield replace(at, port=int(opened.getsockname()[1])), opened


def run_server(
    app: ASGIApp,
    opened: socket.socket,
    *,
    closing: Callable[[], None] = lambda: None,
    grace: int = 2,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Parameters
    ----------
    closing
        Called when the server is asked to stop, before it closes its connections.
    grace
        Seconds that requests under way have to end.
    """

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            closing()
            super().handle_exit(sig, frame)

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=grace,
        server_header=False,
        http=prompt_http.PromptHTTP,
    )
    Server(config).run(sockets=[opened])


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
