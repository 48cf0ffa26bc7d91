"""``skillbank schemas generate``: a maintainer's command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillbank.bank.contents import MARKETPLACE
from skillbank.bank.discovery import Bank
from skillbank.bank.home import bank_root
from skillbank.bank.schemas import generate_schemas, load_schema_document
from skillbank.bank.skill import Skill
from skillbank.cli import options, terminal
from skillbank.contracts import generate_contracts
from skillbank.errors import SkillNotFoundError, TrustError
from skillbank.trust.environment import UNCHANGED, program_environment
from skillbank.trust.gate import check_command
from skillbank.trust.standing import standing

app = typer.Typer(no_args_is_help=True)


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
    admitted = [_admitted(folder) for folder in ([skill_dir] if skill_dir else _with_schemas())]
    touched = [
        file
        for skill, given in admitted
        for file in generate_schemas(skill.root, load_schema_document(skill, given), check)
    ]
    if skill_dir is None:
        touched += generate_contracts(bank_root() / "schemas", check)
    if as_json:
        options.print_json({"stale" if check else "written": [str(f) for f in touched]})
    else:
        said = [f"{'stale' if check else 'wrote'} {file}" for file in touched]
        for line in said or ["everything is up to date"]:
            terminal.say(line)
    if check and touched:
        raise typer.Exit(1)


def _with_schemas() -> list[Path]:
    """Return the folders of our skills that name a program which prints their schemas."""
    folders = sorted((bank_root() / "skills").iterdir())
    return [folder for folder in folders if Skill(folder).info.facts.get("schema_source")]


def _admitted(skill_dir: Path) -> tuple[Skill, dict[str, str]]:
    """Return a skill whose ``schema_source`` may run, and its environment: it is a command like any other.

    Raises
    ------
    SkillNotFoundError
        When no skill lies there.
    TrustError
        One sentence with the way out.
    """
    folder, given = skill_dir.resolve(), program_environment()
    if folder.is_relative_to(bank_root().resolve() / "skills"):
        return Skill(folder, bank_root=bank_root()), given
    held = [(bank, skill) for bank in _banks_around(folder) for skill in bank.fresh_skills()]
    found = [(bank, skill) for bank, skill in held if skill.root.resolve() == folder]
    if not found:
        raise SkillNotFoundError(f"{skill_dir} is no skill of a bank; give a folder with a SKILL.md.")
    # A bank that only lies around the folder says nothing of it: it must be one of the bank's own skills.
    states = [(standing(bank), skill) for bank, skill in found]
    skill = next((skill for state, skill in states if state.may_run), None)
    if skill is None:
        raise TrustError(states[0][0].sentence)
    check_command(str(skill.info.facts.get("schema_source") or ""), f"the skill {skill.name}")
    return skill, {**given, **UNCHANGED}


def _banks_around(folder: Path) -> list[Bank]:
    """Return what may be the bank of a folder, the outermost first."""
    if not folder.is_dir():
        return []
    above = [p for p in folder.parents if (p / "skills").is_dir() or (p / MARKETPLACE).is_file()]
    return [Bank(place) for place in dict.fromkeys((*reversed(above), folder.parent, folder))]
