"""``skillbank skill new``: begin a skill of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.publishing.new_skill import write_skill

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep 'new' a subcommand although it is the only one."""


@app.command()
def new(
    name: Annotated[
        str, typer.Argument(help="1-64 of a-z, 0-9 and single hyphens; also its program's name.")
    ],
    action: Annotated[
        list[str] | None,
        typer.Option("--action", metavar="NAME", help="What it can do; repeat it. Default: train."),
    ] = None,
    description: Annotated[
        str, typer.Option("--description", help="What it does, and when an agent should choose it.")
    ] = "",
    image: Annotated[
        str,
        typer.Option("--image", help="Container image of its program; without one it runs where that is."),
    ] = "",
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Default: ./skills where it is, else here.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Write a skill that lints clean and can be planned: SKILL.md, skill_info, spec, schema, evals."""
    home = into or (Path("skills") if Path("skills").is_dir() else Path())
    files = write_skill(home, name, actions=action or ["train"], description=description, image=image)
    if as_json:
        options.print_json({"written": [str(file) for file in files]})
        return
    terminal.say("\n".join(f"wrote {file}" for file in files))
    bank = home.resolve().parent if home.resolve().name == "skills" else home.resolve()
    terminal.say(f"next: skillbank lint {home / name}, and skillbank show {name} --bank {bank}")
