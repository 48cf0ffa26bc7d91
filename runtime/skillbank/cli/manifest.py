"""``skillbank manifest build|check``: the index of a bank."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillbank.bank.home import bank_root
from skillbank.bank.manifest import manifest_problems, write_manifest
from skillbank.cli import options, terminal
from skillbank.cli.problems import tell

app = typer.Typer(no_args_is_help=True)
BankDir = Annotated[Path | None, typer.Argument(metavar="[BANK]", help="Default: the bank of this checkout.")]


@app.command()
def build(bank: BankDir = None, as_json: options.Json = False) -> None:
    """Write manifest.json from a scan of the bank."""
    file = write_manifest(bank or bank_root())
    if as_json:
        options.print_json({"written": str(file)})
    else:
        terminal.say(f"wrote {file}")


@app.command()
def check(bank: BankDir = None, as_json: options.Json = False) -> None:
    """Compare manifest.json with the bank; exit 1 when they differ."""
    tell(manifest_problems(bank or bank_root()), "manifest.json fits the bank", as_json=as_json)
