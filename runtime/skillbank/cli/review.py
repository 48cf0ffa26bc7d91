"""``skillbank review``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options
from skillbank.installation import need
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.web import server


def review(
    name: Annotated[str, typer.Argument(metavar="SET", help="The label set; skillbank sets lists them.")],
    host: options.Host = "127.0.0.1",
    port: options.Port = 8766,
    token: options.Token = "",
    allow_hosts: options.AllowHosts = None,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser.")
    ] = True,
    banks: options.Banks = None,
) -> None:
    """Review a label set on a page: accept, correct and draw boxes; no model is needed."""
    need("web", "the review page", "python_multipart", "uvicorn", server)
    with options.open_runtime(banks) as runtime:
        server.serve_review(
            runtime,
            name,
            host=host,
            port=port,
            token=token,
            hosts=tuple(allow_hosts or ()),
            open_browser=open_browser,
        )
