"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

import skillbank
from skillbank.cli import terminal

if TYPE_CHECKING:
    from skillbank.runtime import Runtime

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]
Banks = Annotated[
    list[str] | None, typer.Option("--bank", metavar="DIR", help="A folder of skills; may be repeated.")
]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, its first letters, or 'last'.")]

Text = Annotated[str | None, typer.Argument(metavar="[TEXT]", help="What you want, in plain words.")]
Checkpoint = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        metavar="best|latest|EPOCH",
        help="Which model of the parent is used.",
        show_default="auto",
    ),
]
Host = Annotated[str, typer.Option("--host", help="Address to listen at; others than loopback need a token.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen at.")]
Token = Annotated[
    str,
    typer.Option(
        "--token", help="What requests must show; SKILLBANK_WEB_TOKEN keeps it out of process lists."
    ),
]
AllowHosts = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="NAME", help="Another name of this server, e.g. a proxy's."),
]
Reader = Annotated[
    str | None, typer.Option("--reader", help="Who reads TEXT: rules, or llm (checked by the rules).")
]


def open_runtime(banks: list[str] | None, reader: str | None = None) -> Runtime:
    """Return the runtime of this command; the help of one needs none."""
    runtime = skillbank.Runtime(banks or (), reader=reader)
    for note in runtime.notes:
        terminal.say(f"note: {note}", err=True)
    return runtime


def print_json(document: object) -> None:
    """Print one JSON document."""
    terminal.document(document)
