"""``skillbank serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillbank.cli import detector_options, options
from skillbank.errors import UsageError
from skillbank.installation import need
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.team_server import server, serving

__all__ = ["serve"]


def serve(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="YAML or TOML with what these options say; they win."),
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="HOST", help="Address to listen at [default: 127.0.0.1].")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port to listen at; 0 takes a free one [default: 8770].")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option("--processes", help="Server processes; more than one need PostgreSQL [default: 1]."),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            "--database-url",
            metavar="URL",
            help="Store; SKILLBANK_DATABASE_URL keeps a password out of process lists.",
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address", metavar="URL", help="Under which people reach it, e.g. https://ai.example.org."
        ),
    ] = None,
    base_path: Annotated[
        str | None,
        typer.Option("--base-path", metavar="PATH", help="Below which a proxy serves it, e.g. /skillbank."),
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", metavar="NAME", help="Another name of this server.")
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--proxy",
            metavar="NETWORK",
            help="Address or network of a proxy whose X-Forwarded headers count.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="FILE|DIR|JOB|NAME", help="Model that the page looks with; without it, none."
        ),
    ] = None,
    precision: detector_options.Precision = None,
    most_waiting: Annotated[
        int | None,
        typer.Option(
            "--most-waiting", help="Detections under way, after which others are turned away [default: 64]."
        ),
    ] = None,
    session_hours: Annotated[
        float | None,
        typer.Option("--session-hours", help="After which a person signs in again [default: 12]."),
    ] = None,
    grace: Annotated[
        int | None,
        typer.Option("--grace", help="Seconds that requests have to end when it is stopped [default: 20]."),
    ] = None,
    open_to_everybody: Annotated[
        bool,
        typer.Option("--open-to-everybody", help="No tokens: everybody on this machine may do everything."),
    ] = False,
    data_roots: Annotated[
        list[str] | None,
        typer.Option(
            "--data-roots",
            metavar="PROJECT=PLACE,...",
            help="Folders and s3:// places that a project, or * for all, reads [default: none].",
        ),
    ] = None,
    issuer: Annotated[
        str | None,
        typer.Option("--issuer", metavar="URL", help="Identity provider whose access tokens are taken."),
    ] = None,
    audience: Annotated[
        str | None,
        typer.Option(
            "--audience",
            metavar="NAME",
            help="What its tokens must be for [default: this server's MCP address].",
        ),
    ] = None,
    jwks_url: Annotated[
        str | None,
        typer.Option("--jwks-url", metavar="URL", help="Its keys [default: as its metadata says]."),
    ] = None,
    person_claim: Annotated[
        str | None,
        typer.Option("--person-claim", metavar="NAME", help="Claim that names the person [default: sub]."),
    ] = None,
    project_claim: Annotated[
        str | None,
        typer.Option(
            "--project-claim", metavar="NAME", help="Claim that names the project [default: project]."
        ),
    ] = None,
    rights_claim: Annotated[
        str | None,
        typer.Option("--rights-claim", metavar="NAME", help="Claim with what gives rights [default: scope]."),
    ] = None,
    agent_claim: Annotated[
        str | None,
        typer.Option(
            "--agent-claim", metavar="NAME", help="Claim that is there, and true, in tokens of agents."
        ),
    ] = None,
    grant: Annotated[
        list[str] | None,
        typer.Option("--grant", metavar="VALUE=RIGHT,...", help="Rights that a value of that claim gives."),
    ] = None,
    algorithm: Annotated[
        list[str] | None,
        typer.Option(
            "--algorithm",
            metavar="NAME",
            help="Signature that its tokens may have [default: RS256 and ES256].",
        ),
    ] = None,
    banks: options.Banks = None,
) -> None:
    """Serve a team: the page, REST and MCP at one address (see references/team-server.md)."""
    need("team", "the server of a team", "python_multipart", "uvicorn", "mcp", "jwt", server, serving)
    said = {name: value for name, value in ctx.params.items() if name not in ("config", "banks")}
    # Not by their truth: 0 is a port.
    given: dict[str, object] = {
        name: value
        for name, value in said.items()
        if value is not None and value is not False and value not in ((), [])
    }
    if grant:
        given["grant"] = dict(map(_grant, grant))
    if data_roots:
        given["data_roots"] = _roots(data_roots)
    server.serve(serving.read_serving(config, given), tuple(banks or ()))


def _grant(text: str) -> tuple[str, list[str]]:
    value, equals, rights = text.partition("=")
    if not equals or not value:
        raise UsageError(f"--grant {text} must be VALUE=RIGHT,RIGHT, e.g. operator=look,plan,launch")
    return value, rights.split(",")


def _roots(texts: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts:
        project, equals, places = text.partition("=")
        if not equals or not project or not places:
            raise UsageError(f"--data-roots {text} must be PROJECT=PLACE,PLACE, e.g. cars=/data/cars")
        found.setdefault(project, []).extend(places.split(","))
    return found
