"""``skillbank mcp``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options
from skillbank.installation import needing


def mcp(
    http: Annotated[bool, typer.Option("--http", help="Serve HTTP instead of stdin and stdout.")] = False,
    host: Annotated[
        str,
        typer.Option("--host", help="Address to listen at; others than loopback need SKILLBANK_MCP_TOKEN."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen at.")] = 8765,
    allow_hosts: options.AllowHosts = None,
    allow_origins: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-origin", metavar="URL", help="A web application that may call, e.g. an inspector."
        ),
    ] = None,
    banks: options.Banks = None,
) -> None:
    """Serve the tools, skills and jobs to an MCP client (see references/mcp.md)."""
    with needing("mcp", "the MCP server", "uvicorn"):
        from skillbank.agent.mcp_server.cancellations import Cancellations
        from skillbank.agent.mcp_server.http import entrance, serve_http
        from skillbank.agent.mcp_server.server import build_server, serve_stdio
    from skillbank.agent.toolbox import Toolbox

    cancellations = Cancellations()
    with options.open_runtime(banks) as runtime:
        server = build_server(Toolbox(runtime), cancellations)
        if not http:
            serve_stdio(server)
            return
        at = entrance(host, port, allow_hosts or (), allow_origins or ())

        def closing() -> None:
            cancellations.closing = True

        serve_http(server, at, closing)
