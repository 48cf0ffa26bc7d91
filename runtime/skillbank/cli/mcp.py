"""``skillbank mcp``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options
from skillbank.errors import UsageError
from skillbank.installation import needing


def mcp(
    http: Annotated[bool, typer.Option("--http", help="Serve HTTP instead of stdin and stdout.")] = False,
    host: Annotated[
        str | None,
        typer.Option(
            "--host",
            help="Address to listen at; others than loopback need SKILLBANK_MCP_TOKEN [default: 127.0.0.1]",
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Port to listen at [default: 8765]")
    ] = None,
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
    given = {"--host": host, "--port": port, "--allow-host": allow_hosts, "--allow-origin": allow_origins}
    if not http and (named := [name for name, value in given.items() if value not in (None, [])]):
        raise UsageError(f"{' and '.join(named)} belongs to HTTP; add --http, or leave it out for stdin.")
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
        at = entrance(
            host or "127.0.0.1", 8765 if port is None else port, allow_hosts or (), allow_origins or ()
        )

        def closing() -> None:
            cancellations.closing = True

        serve_http(server, at, closing)
