"""``skillbank show SKILL [ACTION]``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options


def show(
    name: Annotated[str, typer.Argument(metavar="SKILL", help="A skill's name, in any spelling.")],
    action: Annotated[str | None, typer.Argument(help="One of its actions.")] = None,
    variant: options.Variant = None,
    search: Annotated[
        str | None, typer.Option("--find", help="Only parameters whose key, or else description, holds this.")
    ] = None,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """Show a skill, or what one of its actions needs and which parameters it has."""
    from skillbank.plan.description import describe_action, describe_skill

    with options.open_runtime(banks) as runtime:
        skill = runtime.library.get(name)
        document = describe_skill(skill) if action is None else describe_action(
            skill, skill.action(action, variant), search)  # fmt: skip
    if as_json:
        options.print_json(document)
        return
    from skillbank.cli.present import action_view, console, skill_view

    console().print(skill_view(document) if action is None else action_view(document))
