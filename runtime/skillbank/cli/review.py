"""``skillbank review``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options


def review(
    name: Annotated[str, typer.Argument(metavar="SET", help="The label set; skillbank sets lists them.")],
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
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser.")
    ] = True,
    banks: options.Banks = None,
) -> None:
    """Review a label set on a page: accept, correct and draw boxes; no model is needed."""
    from skillbank.web.server import serve_review

    with options.open_runtime(banks) as runtime:
        serve_review(
            runtime,
            name,
            host=host,
            port=port,
            token=token,
            hosts=tuple(allow_hosts or ()),
            open_browser=open_browser,
        )
