"""The application of a team's server: the page, REST and MCP behind one port, and who comes in."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import anyio
import sqlalchemy as sa
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import skillbank
from skillbank.agent.approval import NeedsApprovalError
from skillbank.agent.mcp_server.cancellations import Cancellations
from skillbank.agent.mcp_server.context import Handlers
from skillbank.agent.mcp_server.server import build_server
from skillbank.agent.mcp_server.well_formed import WellFormed
from skillbank.agent.toolbox import Toolbox
from skillbank.entrance import Entrance, credentials
from skillbank.errors import SkillbankError
from skillbank.jobs.migrations import current
from skillbank.team.tokens import Tokens
from skillbank.team_server.identity import Identity, resource_metadata
from skillbank.team_server.keeper import MCP_PATH, PersonKeeper, address_of
from skillbank.team_server.logs import Logged
from skillbank.team_server.metrics import CONTENT_TYPE, Metrics
from skillbank.team_server.queue_keeper import QueueKeeper
from skillbank.team_server.rest import RestDoor, needs_approval
from skillbank.team_server.serving import Serving
from skillbank.team_server.sessions import Sessions
from skillbank.team_server.workers import ParentProcess
from skillbank.web.answers import Json
from skillbank.web.app import PageParts, application
from skillbank.web.detector import Detector
from skillbank.web.guard import COOKIE, Guard
from skillbank.web.operations import openapi

if TYPE_CHECKING:
    from typing import Literal, TypedDict

    from skillbank.runtime import Runtime

    class _Cookie(TypedDict):
        path: str
        httponly: bool
        samesite: Literal["strict"]
        secure: bool


__all__ = ["TeamServer"]

_METADATA = "/.well-known/oauth-protected-resource"
_PROBES = frozenset({"/health", "/ready", "/metrics"})


class TeamServer:
    """One process of the server.

    Parameters
    ----------
    at
        Where it listens, and its names.
    detector
        The model that the page looks with.
    parent
        The process that watches over this one.
    """

    def __init__(
        self, runtime: Runtime, serving: Serving, at: Entrance, detector: Detector, parent: ParentProcess
    ) -> None:
        self._runtime, self._serving, self._at, self._parent = runtime, serving, at, parent
        self._cancellations = Cancellations()
        self._address = (serving.address or at.address) + serving.base_path
        box = Toolbox(runtime, page=f"{self._address}/#/approvals")
        self._parts = PageParts(runtime, detector, team=True)
        self._operations = [*self._parts.operations, *RestDoor(box).operations()]
        self._sessions = Sessions(self._engine(), serving.session_hours)
        resource = f"{self._address}{MCP_PATH}"
        identity = Identity(serving, resource) if serving.issuer else None
        place = PurePosixPath(_METADATA + serving.base_path + MCP_PATH)
        self._metadata_path = str(place) if identity else ""
        self._metadata = resource_metadata(serving, resource) if identity else {}
        challenge = (serving.address or at.address) + self._metadata_path if identity else ""
        tokens = None if serving.open_to_everybody else Tokens(self._engine())
        self._metrics = Metrics(self._engine)
        self._queue = QueueKeeper(lambda: runtime.jobs)
        told = self._metrics.note_wrong_token
        self._keeper = PersonKeeper(tokens, self._sessions, identity, challenge, told)
        self._mcp = _mcp(build_server(box, self._cancellations), at)

    def _engine(self) -> sa.Engine:
        return self._runtime.jobs.store.engine

    @property
    def routes(self) -> list[Route]:
        """All that is served."""
        document = openapi(self._operations, version=skillbank.__version__, server=self._address)
        metadata = Route(self._metadata_path or _METADATA, lambda request: Json(self._metadata))
        return [
            Route(MCP_PATH, WellFormed(StreamableHTTPASGIApp(self._mcp)), methods=["GET", "POST", "DELETE"]),
            Route("/health", self._health),
            Route("/ready", self._ready),
            Route("/metrics", self._show_metrics),
            Route("/session", self._sign_in, methods=["POST"]),
            Route("/session", self._sign_out, methods=["DELETE"]),
            Route("/api/openapi.json", lambda request: Json(document)),
            *(each.route() for each in self._operations),
            *self._parts.routes,
            *([metadata] if self._metadata_path else []),
        ]

    @property
    def app(self) -> ASGIApp:
        """The ASGI application."""
        app = application(self.routes, self._lifespan)
        app.add_exception_handler(NeedsApprovalError, needs_approval)
        open_paths = self._parts.open_paths | {"/session", "/api/openapi.json"}
        foreign = _PROBES | ({self._metadata_path} if self._metadata_path else set())
        guarded = Guard(app, self._at, open_paths, self._keeper, foreign)
        return Logged(BasePath(guarded, self._serving.base_path, foreign), self._metrics)

    def close(self) -> None:
        """Say that the server ends: calls that wait answer what they know, and no more requests are sent."""
        self._cancellations.closing = True
        self._queue.stop()

    # Probes and metrics: for whoever runs the server, and without a word about anybody

    def _health(self, request: Request) -> Response:
        return Json({"state": "alive"})

    def _ready(self, request: Request) -> Response:
        if self._cancellations.closing:
            return Json({"state": "closing"}, 503)
        try:
            ready = current(self._engine())
        except (SkillbankError, sa.exc.SQLAlchemyError):
            return Json({"state": "no store"}, 503)
        return Json({"state": "ready" if ready else "other tables"}, 200 if ready else 503)

    def _show_metrics(self, request: Request) -> Response:
        return Response(self._metrics.text(), headers={"content-type": CONTENT_TYPE})

    # Signing in

    async def _sign_in(self, request: Request) -> Response:
        """Give a browser that has shown a token a cookie in its place; scripts cannot read it."""
        shown = [value.encode("latin-1", "replace") for value in request.headers.getlist("authorization")]
        found = credentials(shown)
        token = found[1].decode("latin-1") if found is not None and found[0] == "bearer" else None
        await self._keeper.find(token, True, address_of(request.scope))
        answer = Response(status_code=204)
        answer.set_cookie(
            COOKIE, self._sessions.close(token or ""), max_age=self._sessions.seconds, **self._cookie(request)
        )
        return answer

    async def _sign_out(self, request: Request) -> Response:
        answer = Response(status_code=204)
        answer.delete_cookie(COOKIE, **self._cookie(request))
        return answer

    def _cookie(self, request: Request) -> _Cookie:
        secure = request.url.scheme == "https" or self._serving.address.startswith("https:")
        path = f"{self._serving.base_path}/"
        return {"path": path, "httponly": True, "samesite": "strict", "secure": secure}

    # Beginning and ending

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._parts.running())
            await stack.enter_async_context(self._mcp.run())
            tasks = await stack.enter_async_context(anyio.create_task_group())
            _before_the_end(self.close)
            tasks.start_soon(self._parent.heed)
            self._queue.start()
            stack.callback(self._queue.stop)
            yield
            tasks.cancel_scope.cancel()


class BasePath:
    """ASGI middleware: takes off the path below which a proxy serves us; elsewhere there is nothing."""

    def __init__(self, app: ASGIApp, base: str, anywhere: frozenset[str] | set[str]) -> None:
        self._app, self._base, self._anywhere = app, base, anywhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what lies below the path; probes ask the server itself, without it."""
        if scope["type"] == "http" and self._base and scope["path"] not in self._anywhere:
            path = scope["path"]
            if path == self._base:
                await RedirectResponse(f"{self._base}/")(scope, receive, send)
                return
            if not path.startswith(f"{self._base}/"):
                await Json(
                    {"error": {"code": "not_served", "message": f"This server is below {self._base}/."}}, 404
                )(scope, receive, send)
                return
            scope["path"] = path[len(self._base) :]
        await self._app(scope, receive, send)


def _mcp(server: Handlers, at: Entrance) -> StreamableHTTPSessionManager:
    """Return MCP over HTTP without sessions: any process answers any request, though another was killed."""
    security = TransportSecuritySettings(allowed_hosts=at.allowed_hosts, allowed_origins=at.allowed_origins)
    return StreamableHTTPSessionManager(server, stateless=True, security_settings=security)


def _before_the_end(closing: Callable[[], None]) -> None:
    """Call something as soon as this process is asked to stop, before its server hears of it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def ask(sig: int, frame: object, before: object = before) -> None:
            closing()
            if callable(before):
                before(sig, frame)

        signal.signal(number, ask)
