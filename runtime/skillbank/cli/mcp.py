"""``skillbank mcp``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options
from skillbank.errors import UsageError
from skillbank.installation import need
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.agent import toolbox
    from skillbank.agent.mcp_server import cancellations
    from skillbank.agent.mcp_server import http as http_server
    from skillbank.agent.mcp_server import server as tools_server


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
    need("mcp", "the MCP server", "uvicorn", cancellations, http_server, tools_server)
    canceled = cancellations.Cancellations()
    with options.open_runtime(banks) as runtime:
        server = tools_server.build_server(toolbox.Toolbox(runtime), canceled)
        if not http:
            tools_server.serve_stdio(server)
            return
        at = http_server.entrance(
            host or "127.0.0.1", 8765 if port is None else port, allow_hosts or (), allow_origins or ()
        )

        def closing() -> None:
            canceled.closing = True

        http_server.serve_http(server, at, closing)
