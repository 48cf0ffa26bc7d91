"""``skillbank web``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options


def web(
    model: options.DetectorModel = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; others than loopback need a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen at.")] = 8766,
    token: Annotated[
        str,
        typer.Option(
            "--token", help="What requests must show; SKILLBANK_WEB_TOKEN keeps it out of process lists."
        ),
    ] = "",
    allow_hosts: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="Another name of this server, e.g. a proxy's."),
    ] = None,
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
    from skillbank.web.server import serve_web

    with options.open_runtime(banks) as runtime:
        serve_web(
            runtime,
            model=model,
            host=host,
            port=port,
            token=token,
            hosts=tuple(allow_hosts or ()),
            most_waiting=most_waiting,
            open_browser=open_browser,
            label_studio=label_studio,
        )
