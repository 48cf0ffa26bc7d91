"""The application: which path is answered by what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

import skillbank
from skillbank.entrance import Entrance
from skillbank.errors import SkillbankError
from skillbank.web.answers import Json, Refusal, explain, refuse
from skillbank.web.browsing import Browsing
from skillbank.web.choosing import Choosing
from skillbank.web.detection import MOST_BYTES, MOST_PIXELS, Detection
from skillbank.web.detector import Detector
from skillbank.web.guard import Guard, start_session
from skillbank.web.label_studio import LabelStudioDoor
from skillbank.web.label_studio_pictures import LabelStudioPictures
from skillbank.web.sets_api import SetsDoor
from skillbank.web.sets_asking import AskingDoor

if TYPE_CHECKING:
    from skillbank.runtime import Runtime

__all__ = ["make_app"]

_FOLDER = Path(__file__).parent / "page"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def make_app(
    runtime: Runtime, detector: Detector, at: Entrance, label_studio: LabelStudioPictures | None = None
) -> ASGIApp:
    """Return the ASGI application.

    Parameters
    ----------
    runtime
        Whose jobs and experiments are shown.
    detector
        The model; it is loaded when the server starts and ended with it.
    at
        The server's names and its token.
    label_studio
        Where pictures of a Label Studio come from that this is the backend of.
    """
    browsing, detection = Browsing(runtime), Detection(detector)
    choosing = Choosing(runtime, detector)
    # Read once: what is sent is one of these, whatever a path says.
    files = {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _KINDS}

    def page(request: Request) -> Response:
        name = request.url.path.removeprefix("/") or "index.html"
        kind = _KINDS[Path(name).suffix]
        return Response(files[name], headers={"content-type": kind, "cache-control": "no-cache"})

    def health(request: Request) -> Response:
        return Json({"state": detector.state}, 200 if detector.state == "ready" else 503)

    def about(request: Request) -> Response:
        limits = {"bytes": MOST_BYTES, "pixels": MOST_PIXELS}
        return Json({"version": skillbank.__version__, "model": detector.about, "limits": limits})

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        detector.begin()
        yield
        detector.close()

    pages = ["/", *(f"/{name}" for name in files if name != "index.html")]
    routes = [
        *(Route(path, page) for path in pages),
        Route("/health", health),
        Route("/session", partial(start_session, at), methods=["POST"]),
        Route("/detect", detection.detect, methods=["POST"]),
        Route("/descriptions", detection.descriptions, methods=["POST"]),
        Route("/labels", detection.labels, methods=["POST"]),
        Route("/api/about", about),
        Route("/api/models", choosing.models),
        Route("/api/model", choosing.choose, methods=["POST"]),
        Route("/api/jobs", browsing.jobs),
        Route("/api/jobs/{job}", browsing.job),
        Route("/api/jobs/{job}/pictures/{number:int}", browsing.picture),
        Route("/api/experiments", browsing.experiments),
        Route("/api/experiments/{experiment}", browsing.experiment),
        Route("/api/experiments/{experiment}/report", browsing.report),
        *SetsDoor(runtime).routes(),
        *AskingDoor(runtime, detector).routes(),
        *LabelStudioDoor(detector, label_studio).routes(),
    ]
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={Refusal: refuse, SkillbankError: explain, HTTPException: _plain},
    )
    app.router.redirect_slashes = False
    return Guard(app, at, frozenset({*pages, "/health"}))


def _plain(request: Request, error: Exception) -> Response:
    """Answer what Starlette itself refuses: paths and methods that do not exist."""
    assert isinstance(error, HTTPException)
    said = {404: "There is nothing here.", 405: "This path does not take that method."}
    message = said.get(error.status_code, error.detail)
    headers = dict(error.headers or {})
    return Refusal(error.status_code, "not_served", message, headers).response()
