"""The server's run: settings, processes, one port, until it is stopped."""

from __future__ import annotations

import importlib
import pkgutil
import signal
import socket
import sys
import tempfile
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

import skillbank
from skillbank.detached import detach_with
from skillbank.entrance import Entrance, listening
from skillbank.environment import DATABASE_URL, hand_on
from skillbank.errors import SkillbankError
from skillbank.home import database_url
from skillbank.lazy_imports import lazy_imports
from skillbank.prompt_http import PromptHTTP
from skillbank.team.acting import only_who_is_named
from skillbank.team.places import DataRoots, serve_only
from skillbank.team_server.serving import Serving
from skillbank.team_server.workers import ParentProcess, Workers
from skillbank.ways import Sentence, command

with lazy_imports():
    from skillbank.jobs import store
    from skillbank.labelling import models

    # Not before the variable of the counters is set: the client of Prometheus reads it when it is imported.
    from skillbank.team_server import app as team_app
    from skillbank.team_server import logs
    from skillbank.web import detectors

if TYPE_CHECKING:
    from skillbank.labelling.models import Model
    from skillbank.runtime import Runtime

__all__ = ["serve"]

_ROOMS = ("background", "bank", "jobs", "plan", "platforms", "sets", "team", "team_server", "trust", "web")
"""Packages of which a worker needs most."""
_SWITCH = 0.0005
"""Seconds after which a thread that computes lets others go on: who asks the store needs that often."""
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def serve(serving: Serving, banks: tuple[str, ...] = ()) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are answered first, and jobs go on."""
    if serving.database_url:
        # What is started from here, the supervisors of jobs among them, works with the same store.
        hand_on(DATABASE_URL.name, serving.database_url)
    # From here on, that what was made for this run is taken away at its end.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
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
        runtime = _prepared(banks)
        shown = (serving.address or at.address) + serving.base_path
        print(f"Serving at {shown}/", file=sys.stderr, flush=True)
        if not serving.data_roots and not serving.open_to_everybody:
            said = "No data_roots: people read no files but their own jobs' results and label sets."
            print(said, file=sys.stderr, flush=True)
        work = partial(_work, runtime, serving, at, opened, model)
        sys.exit(Workers(work, serving.processes, serving.grace, opened).run())


def _prepared(banks: tuple[str, ...]) -> Runtime:
    """Import what a worker needs, and read the banks; no thread is started, and the store is not opened."""
    for room in _ROOMS:
        package = importlib.import_module(f"skillbank.{room}")
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            # What an extra would bring that is not installed is told where it is needed.
            with suppress(ImportError, SkillbankError):
                importlib.import_module(each.name)
    logs.log_lines()
    runtime = skillbank.Runtime(banks)
    with runtime.reading:
        list(runtime.library.skills)
    return runtime


def _work(
    runtime: Runtime,
    serving: Serving,
    at: Entrance,
    opened: socket.socket,
    model: Model | None,
    parent: ParentProcess,
) -> None:
    """Be a worker: serve until SIGTERM."""
    detach_with(parent.fork)
    sys.setswitchinterval(_SWITCH)
    try:
        app = _application(runtime, serving, at, model, parent)
    except SkillbankError as error:
        print(error.sentence, file=sys.stderr, flush=True)
        sys.exit(error.exit_code)
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=serving.grace,
        server_header=False,
        http=PromptHTTP,
        # Without a proxy that was named nobody says where a request came from.
        proxy_headers=bool(serving.proxy),
        forwarded_allow_ips=list(serving.proxy),
    )
    # uvicorn sends itself the signal again when all is answered: that is the end, and no failure.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    uvicorn.Server(config).run(sockets=[opened])


def _application(
    runtime: Runtime, serving: Serving, at: Entrance, model: Model | None, parent: ParentProcess
) -> ASGIApp:
    """Return what one process serves; called in it, before it answers."""
    if not serving.open_to_everybody:
        only_who_is_named()
        serve_only(DataRoots(serving.data_roots, runtime.jobs.store.has))
    if model is None:
        why = Sentence(f"this server looks with no model; {command('serve', '', '--model MODEL')} names one")
        detector = detectors.without_model(why, serving.most_waiting)
    else:
        detector = detectors.for_model(model, serving.model, serving.most_waiting, serving.precision)
    return team_app.TeamServer(runtime, serving, at, detector, parent).app


def _make_store() -> None:
    """Open the store once, so that its tables are there, or its fault is told, before anything listens."""
    with store.JobStore(database_url()):
        pass


def _model(serving: Serving, banks: tuple[str, ...]) -> Model | None:
    """Find the model that was named, in the name of whoever starts the server, before anything listens."""
    if serving.model is None:
        return None
    with skillbank.Runtime(banks) as runtime:
        return models.find_model(runtime, serving.model)
