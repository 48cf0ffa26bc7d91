"""``skillbank show SKILL [ACTION]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillbank.cli import options

if TYPE_CHECKING:
    from skillbank.bank.actions import Action
    from skillbank.bank.skill import Skill


def show(
    name: Annotated[str, typer.Argument(metavar="SKILL", help="A skill's name, in any spelling.")],
    action: Annotated[str | None, typer.Argument(help="One of its actions.")] = None,
    variant: options.Variant = None,
    search: Annotated[
        str | None, typer.Option("--find", help="Only parameters whose key holds this.")
    ] = None,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """Show a skill, or what one of its actions needs and which parameters it has."""
    with options.open_runtime(banks) as runtime:
        skill = runtime.library.get(name)
        document = describe_skill(skill) if action is None else describe_action(
            skill, skill.action(action, variant), search)  # fmt: skip
    if as_json:
        options.print_json(document)
        return
    from skillbank.cli.present import action_view, console, skill_view

    console().print(skill_view(document) if action is None else action_view(document))


def describe_skill(skill: Skill) -> dict[str, Any]:
    """Return what a skill can do, as a document."""
    info = skill.info
    return {
        "name": skill.name, "bank": skill.bank, "version": skill.frontmatter.version, "digest": skill.digest,
        "description": skill.frontmatter.description, "network_arch": info.network_arch,
        "automl_enabled": info.automl_enabled, "automl_problem": skill.automl_problem,
        "metric": info.metric or skill.monitoring_metric,
        "actions": [
            {"name": a.name, "variant": a.variant, "command": a.command, "image": skill.image(a)}
            for a in skill.actions
        ],
        "shorthands": dict(skill.actions[0].shorthands) if skill.actions else {},
        "diagnostics": [d.document() for d in skill.diagnostics],
    }  # fmt: skip


def describe_action(skill: Skill, action: Action, search: str | None = None) -> dict[str, Any]:
    """Return an action's inputs, data, inference functions and (leaf) parameters."""
    from skillbank.plan.datasets import bindings
    from skillbank.plan.paths import MISSING, get_path, parse_path

    template, origin = skill.template(action)
    schema = skill.schema(action)
    rows, notes = bindings(skill, action, template)
    parameters = []
    for key in schema.keys:
        node, _ = schema.find(parse_path(key))
        if node is None or node.children or (search and search.lower() not in key.lower()):
            continue
        default = get_path(template, key)
        words = {k: node.words[k] for k in _WORDS if k in node.words}
        parameters.append(
            {"key": key, "type": node.kind, "default": None if default is MISSING else default, **words}
        )
    return {
        "skill": skill.name, "action": action.name, "variant": action.variant, "command": action.command,
        "image": skill.image(action), "template": origin,
        "inputs": [{"key": i.key, "type": i.type, "optional": i.optional} for i in action.inputs],
        "outputs": list(action.outputs),
        "data": [
            {"key": r.key, "source": r.source, "path": r.path, "runtime": r.runtime, "optional": r.optional,
             "from": r.detail}
            for r in rows
        ],
        "functions": dict(action.spec_params),
        "parameters": parameters,
        "notes": notes,
    }  # fmt: skip


_WORDS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "enum",
    "automl_enabled",
    "description",
)
