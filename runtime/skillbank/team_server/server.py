"""The server's run: settings, processes, one port, until it is stopped."""

from __future__ import annotations

import signal
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from skillbank.entrance import Entrance, listening
from skillbank.environment import DATABASE_URL, hand_on
from skillbank.prompt_http import PromptHTTP
from skillbank.team.acting import only_who_is_named
from skillbank.team.places import DataRoots, serve_only
from skillbank.team_server.logs import log_lines
from skillbank.team_server.serving import Serving
from skillbank.ways import Sentence, command

if TYPE_CHECKING:
    from skillbank.labelling.models import Model

__all__ = ["serve"]

_HEALTHCHECK = 60
_SWITCH = 0.0005
"""Seconds after which a thread that computes lets others go on: who asks the store needs that often."""
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def serve(serving: Serving, banks: tuple[str, ...] = ()) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are answered first, and jobs go on.

    Raises
    ------
    UsageError, PlatformError
        When the address or the store cannot be used.
    DataNotFoundError, JobNotFoundError, ParentError
        When there is no such model.
    """
    if serving.database_url:
        # What is started from here, the supervisors of jobs among them, works with the same store.
        hand_on(DATABASE_URL.name, serving.database_url)
    _make_store()
    model = _model(serving, banks)
    public = urlsplit(serving.address)
    names = (*serving.allow_host, *((public.netloc,) if public.netloc else ()))
    origins = tuple(f"{scheme}://{name}" for name in names for scheme in ("https", "http"))
    entrance = Entrance(serving.host, serving.port, hosts=names, origins=origins)
    with ExitStack() as stack:
        at, opened = stack.enter_context(listening(entrance))
        if serving.processes > 1:
            hand_on(_FOLDER, stack.enter_context(tempfile.TemporaryDirectory(prefix="skillbank-")))
        shown = (serving.address or at.address) + serving.base_path
        print(f"Serving at {shown}/", file=sys.stderr, flush=True)
        if not serving.data_roots and not serving.open_to_everybody:
            said = "No data_roots: people read no files but their own jobs' results and label sets."
            print(said, file=sys.stderr, flush=True)
        config = uvicorn.Config(
            partial(_application, serving, at, banks, model),
            factory=True,
            workers=serving.processes,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=serving.grace,
            # A process that is only beginning, on a busy machine, is not hung yet.
            timeout_worker_healthcheck=_HEALTHCHECK,
            server_header=False,
            http=PromptHTTP,
            # Without a proxy that was named nobody says where a request came from.
            proxy_headers=bool(serving.proxy),
            forwarded_allow_ips=list(serving.proxy),
        )
        if serving.processes == 1:
            # uvicorn sends itself the signal again when all is answered: that is the end, and no failure.
            signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
            uvicorn.Server(config).run(sockets=[opened])
        else:
            Multiprocess(config, [opened]).run()


def _application(serving: Serving, at: Entrance, banks: tuple[str, ...], model: Model | None) -> ASGIApp:
    """Return what one process serves; called in it, before it answers."""
    from skillbank.runtime import Runtime
    from skillbank.team_server.app import TeamServer
    from skillbank.web.detectors import for_model, without_model

    log_lines()
    sys.setswitchinterval(_SWITCH)
    runtime = Runtime(banks)
    if not serving.open_to_everybody:
        only_who_is_named()
        serve_only(DataRoots(serving.data_roots, runtime.jobs.store.has))
    if model is None:
        why = Sentence(f"this server looks with no model; {command('serve', '', '--model MODEL')} names one")
        detector = without_model(why, serving.most_waiting)
    else:
        detector = for_model(model, serving.model, serving.most_waiting)
    return TeamServer(runtime, serving, at, detector).app


def _make_store() -> None:
    """Open the store once, so that its tables are there, or its fault is told, before anything listens."""
    from skillbank.home import database_url
    from skillbank.jobs.store import JobStore

    with JobStore(database_url()):
        pass


def _model(serving: Serving, banks: tuple[str, ...]) -> Model | None:
    """Find the model that was named, in the name of whoever starts the server, before anything listens."""
    from skillbank.labelling.models import find_model
    from skillbank.runtime import Runtime

    if serving.model is None:
        return None
    with Runtime(banks) as runtime:
        return find_model(runtime, serving.model)
