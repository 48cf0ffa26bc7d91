"""``skillbank schemas generate``: a maintainer's command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillbank.cli import options, terminal

app = typer.Typer(
    help="Generate a skill's schemas and templates from its spec classes.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Keep 'generate' a subcommand although it is the only one."""


@app.command()
def generate(
    skill_dir: Annotated[
        Path | None,
        typer.Argument(metavar="[SKILL_DIR]", help="Default: every skill that names a schema_source."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file is stale.")] = False,
    as_json: options.Json = False,
) -> None:
    """Write schemas, their manifest and spec templates; without SKILL_DIR our own schemas too."""
    from skillbank.bank.home import bank_root
    from skillbank.bank.schemas import generate_schemas, load_schema_document
    from skillbank.bank.skill import Skill
    from skillbank.contracts import generate_contracts
    from skillbank.trust.environment import program_environment

    folders = [skill_dir] if skill_dir else [
        f for f in sorted((bank_root() / "skills").iterdir()) if Skill(f).info.facts.get("schema_source")
    ]  # fmt: skip
    for folder in folders:
        _refuse_untrusted(folder)
    given = program_environment()
    touched = [
        file
        for folder in folders
        for file in generate_schemas(folder, load_schema_document(folder, given), check)
    ]
    if skill_dir is None:
        touched += generate_contracts(bank_root() / "schemas", check)
    if as_json:
        options.print_json({"stale" if check else "written": [str(f) for f in touched]})
    else:
        for file in touched:
            terminal.say(f"{'stale' if check else 'wrote'} {file}")
        if not touched:
            terminal.say("everything is up to date")
    if check and touched:
        raise typer.Exit(1)


def _refuse_untrusted(skill_dir: Path) -> None:
    """Raise when ``schema_source`` may not run: it is a command of a bank like any other.

    Raises
    ------
    TrustError
        One sentence with the way out.
    """
    from skillbank.bank.contents import MARKETPLACE
    from skillbank.bank.discovery import Bank
    from skillbank.bank.home import bank_root
    from skillbank.errors import TrustError
    from skillbank.trust.standing import standing

    folder = skill_dir.resolve()
    if folder.is_relative_to(bank_root().resolve() / "skills"):
        return
    above = [
        place for place in folder.parents if (place / "skills").is_dir() or (place / MARKETPLACE).is_file()
    ]
    found = [standing(Bank(place)) for place in (*above, folder.parent, folder) if place.is_dir()]
    if found and not any(each.may_run for each in found):
        raise TrustError(found[0].sentence)
