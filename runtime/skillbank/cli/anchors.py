"""``skillbank trust anchor add|list|remove``: whose signatures count."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from skillbank.cli import options, terminal
from skillbank.trust.anchors import add as pin
from skillbank.trust.anchors import pinned
from skillbank.trust.anchors import remove as unpin

if TYPE_CHECKING:
    from typer._click.core import Command, Context  # typer gives them no public names

    from skillbank.trust.anchors import Anchor

app = typer.Typer(
    help="Pin the certificates through which signers of skills are known.", no_args_is_help=True
)

_BANK = "trust"
"""The command that ``skillbank trust BANK`` stands for; nobody types its name."""


class _BankOrAnchor(TyperGroup):
    """``skillbank trust anchor ...`` is about anchors; whatever else follows ``trust`` is about a bank."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Put the command's name in front where a bank is named without it."""
        if not args or args[0] != "anchor":
            args = [_BANK, *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Leave that name out of what the help and errors of usage call the command."""
        name, command, rest = super().resolve_command(ctx, args)
        return ("" if name == _BANK else name), command, rest


def trust_group(trust: Callable[..., None]) -> typer.Typer:
    """Return the group ``skillbank trust``: anchors, and the command that trusts a bank by its name alone."""
    group = typer.Typer(cls=_BankOrAnchor)
    group.command(_BANK)(trust)
    group.add_typer(app, name="anchor")
    return group


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Certificates (PEM), e.g. a signer's root.")],
    as_json: options.Json = False,
) -> None:
    """Pin every certificate of a file. Compare the fingerprint that is printed with the publisher's."""
    _show(pin(file), as_json, "pinned ")


@app.command("list")
def list_anchors(as_json: options.Json = False) -> None:
    """List the pinned certificates."""
    _show(pinned(), as_json, "")


@app.command()
def remove(
    which: Annotated[
        str, typer.Argument(metavar="FINGERPRINT|FILE", help="Which: the first 8 letters are enough.")
    ],
    as_json: options.Json = False,
) -> None:
    """Unpin a certificate."""
    _show(unpin(which), as_json, "removed ")


def _show(anchors: list[Anchor], as_json: bool, done: str) -> None:
    if as_json:
        options.print_json({"anchors": [a.document() for a in anchors]})
        return
    for anchor in anchors:
        terminal.say(f"{done}{anchor}")
    if not anchors:
        terminal.say("no anchor is pinned: skillbank trust anchor add FILE")
