"""``skillbank show SKILL [ACTION]``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.cli.present import action_view, skill_view
from skillbank.cli.request_options import slot_option
from skillbank.cli.space_view import SpaceDocument, space_view
from skillbank.errors import UsageError
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.description import describe_action, describe_skill
from skillbank.plan.products import SEARCHED

with lazy_imports():
    from skillbank.automl import space as spaces


def show(
    name: Annotated[str, typer.Argument(metavar="SKILL", help="A skill's name, in any spelling.")],
    action: Annotated[str | None, typer.Argument(help="One of its actions.")] = None,
    variant: Annotated[str | None, slot_option("variant")] = None,
    search: Annotated[
        str | None, typer.Option("--find", help="Only parameters whose key, or else description, holds this.")
    ] = None,
    space: Annotated[
        bool, typer.Option("--search-space", help="What AutoML would search: ranges, scales, conditions.")
    ] = False,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """Show a skill, or what one of its actions needs and which parameters it has."""
    if space:
        _show_space(name, action or SEARCHED, variant, search, banks, as_json)
        return

    given = {"--variant": variant, "--find": search}
    if action is None and (named := [each for each, value in given.items() if value is not None]):
        raise UsageError(f"{' and '.join(named)} is of one action; name it: skillbank show {name} ACTION.")
    with options.open_runtime(banks) as runtime:
        found = runtime.library.find(name)
        skill = found.skill
        document = describe_skill(skill) if action is None else describe_action(
            skill, skill.action(action, variant), search)  # fmt: skip
        also = list(runtime.library.also_in(skill))
        document["trust"] = runtime.trust_of(skill)
    document |= {k: v for k, v in (("note", found.note), ("also_in", also)) if v}
    if as_json:
        options.print_json(document)
        return

    terminal.show(skill_view(document) if action is None else action_view(document))
    if found.note:
        terminal.say(f"Note: {found.note}.")


def _show_space(
    name: str, action: str, variant: str | None, search: str | None, banks: list[str] | None, as_json: bool
) -> None:
    """Print what AutoML would search for in an action with the values of its template."""
    with options.open_runtime(banks) as runtime:
        named = runtime.library.find(name)
        skill = named.skill
        chosen = skill.action(action, variant)
        template, _ = skill.template(chosen)
        found = spaces.space_from_schema(skill.schema(chosen), template)
    rows = [row for row in found.describe() if not search or search.lower() in row["key"].lower()]
    document: SpaceDocument = {
        "skill": skill.name,
        "action": chosen.name,
        "parameters": rows,
        "notes": [*found.notes, *([named.note] if named.note else [])],
    }
    if as_json:
        options.print_json(document)
        return

    terminal.show(space_view(document))
