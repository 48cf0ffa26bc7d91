"""``skillbank web``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import detector_options, options
from skillbank.installation import need
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.web import server


def web(
    model: detector_options.Model = None,
    precision: detector_options.Precision = None,
    host: options.Host = "127.0.0.1",
    port: options.Port = 8766,
    token: options.Token = "",
    allow_hosts: options.AllowHosts = None,
    most_waiting: Annotated[
        int,
        typer.Option("--queue", min=1, help="Detections under way, after which others are turned away."),
    ] = 64,
    label_studio: Annotated[
        str | None,
        typer.Option(
            "--label-studio",
            metavar="URL",
            help="Be the machine learning backend of this Label Studio, at /label-studio; its pictures are "
            "fetched from there with the token in SKILLBANK_LABEL_STUDIO_TOKEN.",
        ),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    banks: options.Banks = None,
) -> None:
    """Open a page: find objects in a picture by describing them, look at jobs and experiments."""
    need("web", "the page", "python_multipart", "uvicorn", server)
    with options.open_runtime(banks) as runtime:
        server.serve_web(
            runtime,
            model=model,
            precision=precision,
            host=host,
            port=port,
            token=token,
            hosts=tuple(allow_hosts or ()),
            most_waiting=most_waiting,
            open_browser=open_browser,
            label_studio=label_studio,
        )
