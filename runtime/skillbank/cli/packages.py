"""``skillbank packages build|check``: a maintainer's command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillbank.bank.home import bank_root
from skillbank.cli import options, terminal
from skillbank.cli.problems import tell
from skillbank.publishing.packages import package_problems, write_packages

app = typer.Typer(no_args_is_help=True)
BankDir = Annotated[Path | None, typer.Argument(metavar="[BANK]", help="Default: the bank of this checkout.")]


@app.command()
def build(bank: BankDir = None, as_json: options.Json = False) -> None:
    """Write the manifests of Claude Code, Codex, Gemini CLI, Cursor and skills.sh."""
    written = write_packages(bank or bank_root())
    if as_json:
        options.print_json({"written": [str(file) for file in written]})
    else:
        terminal.say("\n".join(f"wrote {file}" for file in written) or "everything is up to date")


@app.command()
def check(bank: BankDir = None, as_json: options.Json = False) -> None:
    """Compare the manifests with bank.yaml and the skills; exit 1 when they differ."""
    tell(package_problems(bank or bank_root()), "the packages fit the bank", as_json=as_json)
