"""The application: which path is answered by what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

import skillbank
from skillbank.entrance import Entrance
from skillbank.errors import SkillbankError
from skillbank.web.answers import Json, Refusal, explain, refuse
from skillbank.web.browsing import Browsing
from skillbank.web.choosing import Choosing
from skillbank.web.detection import MOST_BYTES, MOST_PIXELS, Detection
from skillbank.web.detector import Detector
from skillbank.web.guard import Guard, TokenKeeper, start_session
from skillbank.web.label_studio import LabelStudioDoor
from skillbank.web.label_studio_pictures import LabelStudioPictures
from skillbank.web.queries import refuse_query
from skillbank.web.sets_api import SetsDoor
from skillbank.web.sets_asking import AskingDoor

if TYPE_CHECKING:
    from skillbank.runtime import Runtime

__all__ = ["PageParts", "application", "make_app"]

_FOLDER = Path(__file__).parent / "page"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class PageParts:
    """What the page is made of, for the servers that show it.

    Parameters
    ----------
    runtime
        Whose jobs and experiments are shown.
    detector
        The model; it is loaded when the server starts and ended with it.
    label_studio
        Where pictures of a Label Studio come from that this is the backend of.
    team
        Whether it is the page of a team: who looks at it then is asked, and its model is a setting.

    Attributes
    ----------
    operations
        What is served by REST.
    routes
        All that is served: the page's files, what it calls, and the operations.
    open_paths
        The page itself, which holds no data.
    """

    def __init__(
        self,
        runtime: Runtime,
        detector: Detector,
        label_studio: LabelStudioPictures | None = None,
        *,
        team: bool = False,
    ) -> None:
        self._detector, self._team = detector, team
        # Read once: what is sent is one of these, whatever a path says.
        self._files = {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _KINDS}
        pages = ["/", *(f"/{name}" for name in self._files if name != "index.html")]
        detection, choosing = Detection(detector), Choosing(runtime, detector)
        self.open_paths = frozenset(pages)
        self.operations = [
            *Browsing(runtime).operations(),
            *SetsDoor(runtime).operations(),
            *AskingDoor(runtime, detector).operations(),
        ]
        self.routes = [
            *(Route(path, self._page) for path in pages),
            Route("/detect", detection.detect, methods=["POST"]),
            Route("/descriptions", detection.descriptions, methods=["POST"]),
            Route("/labels", detection.labels, methods=["POST"]),
            Route("/api/about", self._about),
            Route("/api/models", choosing.models),
            *([] if team else [Route("/api/model", choosing.choose, methods=["POST"])]),
            *(each.route() for each in self.operations),
            *LabelStudioDoor(detector, label_studio).routes(),
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the model, and end it after."""
        self._detector.begin()
        yield
        self._detector.close()

    def _page(self, request: Request) -> Response:
        name = request.url.path.removeprefix("/") or "index.html"
        kind = _KINDS[Path(name).suffix]
        return Response(self._files[name], headers={"content-type": kind, "cache-control": "no-cache"})

    def _about(self, request: Request) -> Response:
        refuse_query(request, "/api/about")
        limits = {"bytes": MOST_BYTES, "pixels": MOST_PIXELS}
        about = {"version": skillbank.__version__, "model": self._detector.about, "limits": limits}
        return Json(about | ({"team": True} if self._team else {}))


def make_app(
    runtime: Runtime, detector: Detector, at: Entrance, label_studio: LabelStudioPictures | None = None
) -> ASGIApp:
    """Return the ASGI application of one person's page.

    Parameters
    ----------
    runtime, detector, label_studio
        See `PageParts`.
    at
        The server's names and its token.
    """
    parts = PageParts(runtime, detector, label_studio)

    def health(request: Request) -> Response:
        return Json({"state": detector.state}, 200 if detector.state == "ready" else 503)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with parts.running():
            yield

    session = Route("/session", partial(start_session, at), methods=["POST"])
    app = application([Route("/health", health), session, *parts.routes], lifespan)
    return Guard(app, at, parts.open_paths | {"/health"}, TokenKeeper(at))


def application(
    routes: Sequence[BaseRoute], lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]]
) -> Starlette:
    """Return an application whose errors are one sentence each."""
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={Refusal: refuse, SkillbankError: explain, HTTPException: _plain},
    )
    app.router.redirect_slashes = False
    return app


def _plain(request: Request, error: Exception) -> Response:
    """Answer what Starlette itself refuses: paths and methods that do not exist."""
    assert isinstance(error, HTTPException)
    said = {404: "There is nothing here.", 405: "This path does not take that method."}
    message = said.get(error.status_code, error.detail)
    headers = dict(error.headers or {})
    return Refusal(error.status_code, "not_served", message, headers).response()
