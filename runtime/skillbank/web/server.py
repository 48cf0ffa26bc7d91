"""The server's run: the address is said, the page is opened, requests are answered until it is stopped."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from skillbank.entrance import Entrance, find_token, listening, refuse_open, run_server
from skillbank.labelling.batch import load
from skillbank.labelling.models import find_model, open_engine
from skillbank.web.app import make_app
from skillbank.web.detection import MOST_PIXELS
from skillbank.web.detector import Detector

if TYPE_CHECKING:
    from skillbank.runtime import Runtime

__all__ = ["TOKEN", "serve_web"]

TOKEN = "SKILLBANK_WEB_TOKEN"
_GRACE = 10


def serve_web(
    runtime: Runtime,
    *,
    model: str | None = None,
    host: str = "127.0.0.1",
    port: int = 8766,
    token: str = "",
    hosts: tuple[str, ...] = (),
    most_waiting: int = 64,
    open_browser: bool = False,
) -> None:
    """Serve the page until SIGINT or SIGTERM; requests under way are answered first.

    Parameters
    ----------
    model
        See `skillbank.labelling.models.find_model`.
    token
        What requests must show; needed where other machines can reach the address.
    hosts
        Further names of this server, e.g. a proxy's.
    most_waiting
        Detections under way, after which further ones are turned away.

    Raises
    ------
    UsageError, DataNotFoundError, JobNotFoundError, ParentError
        When the address, the token or the model cannot be used.
    """
    token = find_token(TOKEN, token)
    refuse_open(host, token, TOKEN)
    found = find_model(runtime, model)
    detector = Detector(
        found.name,
        lambda: open_engine(found, model, most_pixels=MOST_PIXELS),
        lambda engine: load(engine, model),
        most_waiting=most_waiting,
    )
    origins = tuple(f"{scheme}://{name}" for name in hosts for scheme in ("https", "http"))
    with listening(Entrance(host, port, token, hosts=hosts, origins=origins)) as (at, opened):
        url = f"{at.address}/#token={at.token}" if at.token else f"{at.address}/"
        print(f"skillbank web: {at.address}/", file=sys.stderr, flush=True)
        if open_browser:
            import webbrowser

            webbrowser.open(url)
        run_server(make_app(runtime, detector, at), opened, grace=_GRACE)
