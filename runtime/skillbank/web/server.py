"""The server's run: the address is said, the page is opened, requests are answered until it is stopped."""

from __future__ import annotations

import sys
import webbrowser
from typing import TYPE_CHECKING
from urllib.parse import quote

from skillbank.entrance import Entrance, find_token, listening, refuse_open, run_server
from skillbank.environment import WEB_TOKEN
from skillbank.labelling.models import find_model
from skillbank.labelling.precision import checked_precision
from skillbank.sets.store import SetStore
from skillbank.ways import Sentence, command
from skillbank.web.app import make_app
from skillbank.web.detectors import for_model, without_model
from skillbank.web.label_studio import PREFIX
from skillbank.web.label_studio_pictures import LabelStudioPictures

if TYPE_CHECKING:
    from skillbank.runtime import Runtime
    from skillbank.web.detector import Detector

__all__ = ["serve_review", "serve_web"]

_GRACE = 10


def serve_web(
    runtime: Runtime,
    *,
    model: str | None = None,
    precision: str | None = None,
    host: str = "127.0.0.1",
    port: int = 8766,
    token: str = "",
    hosts: tuple[str, ...] = (),
    most_waiting: int = 64,
    open_browser: bool = False,
    label_studio: str | None = None,
) -> None:
    """Serve the page until SIGINT or SIGTERM; requests under way are answered first.

    Parameters
    ----------
    model
        See `skillbank.labelling.models.find_model`.
    precision
        In which arithmetic models compute (`skillbank.labelling.precision.KINDS`); the engine chooses by
        default.
    token
        What requests must show; needed where other machines can reach the address.
    hosts
        Further names of this server, e.g. a proxy's.
    most_waiting
        Detections under way, after which further ones are turned away.
    label_studio
        Address of a Label Studio that this server is the backend of; pictures are fetched from there alone.
    """
    token = find_token(WEB_TOKEN, token)
    refuse_open(host, token, WEB_TOKEN)
    pictures = LabelStudioPictures(label_studio) if label_studio is not None else None
    named = checked_precision(precision)
    detector = for_model(find_model(runtime, model), model, most_waiting, named)
    entrance = Entrance(host, port, token, hosts=hosts, origins=_origins(hosts))
    _serve(runtime, detector, entrance, "web", "", open_browser, pictures)


def serve_review(
    runtime: Runtime,
    name: str,
    *,
    host: str = "127.0.0.1",
    port: int = 8766,
    token: str = "",
    hosts: tuple[str, ...] = (),
    open_browser: bool = False,
) -> None:
    """Serve the page at a label set, without any model; see `serve_web`.

    Raises
    ------
    SetNotFoundError, UsageError
        When there is no such set, or the address or the token cannot be used.
    """
    token = find_token(WEB_TOKEN, token)
    refuse_open(host, token, WEB_TOKEN)
    SetStore(runtime.jobs.store.engine).open(name)
    detector = without_model(Sentence(f"{command('review')} loads no model; {command('web')} does"))
    entrance = Entrance(host, port, token, hosts=hosts, origins=_origins(hosts))
    _serve(runtime, detector, entrance, "review", f"review/{name}", open_browser)


def _origins(hosts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{scheme}://{name}" for name in hosts for scheme in ("https", "http"))


def _serve(
    runtime: Runtime,
    detector: Detector,
    entrance: Entrance,
    command: str,
    view: str,
    open_browser: bool,
    label_studio: LabelStudioPictures | None = None,
) -> None:
    """Say the address of a view, perhaps open it, and answer until it is stopped."""
    with listening(entrance) as (at, opened):
        shown = f"{at.address}/#/{view}" if view else f"{at.address}/"
        print(f"skillbank {command}: {shown}", file=sys.stderr, flush=True)
        if label_studio is not None:
            print(f"backend for Label Studio: {at.address}{PREFIX}", file=sys.stderr, flush=True)
        if open_browser:
            key = f"#token={quote(at.token, safe='')}" + (f"&view={view}" if view else "")
            webbrowser.open(f"{at.address}/{key}" if at.token else shown)
        run_server(make_app(runtime, detector, at, label_studio), opened, grace=_GRACE)
