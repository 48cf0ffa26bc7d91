"""What a skill can do, and what one of its actions takes, as documents; parameters are searched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.isolation import said_of_skill
from skillbank.bank.skill import Skill
from skillbank.plan.datasets import bindings
from skillbank.plan.paths import MISSING, get_path, parse_path

__all__ = ["describe_action", "describe_skill", "find_parameters"]

_WORDS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "enum", "automl_enabled", "description",
)  # fmt: skip


@said_of_skill
def describe_skill(skill: Skill) -> dict[str, object]:
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


@said_of_skill
def describe_action(skill: Skill, action: Action, search: str | None = None) -> dict[str, Any]:
    """Return an action's inputs, data, inference functions and (leaf) parameters, or those found."""
    template, origin = skill.template(action)
    rows, notes = bindings(skill, action, template)
    parameters = list(_parameters(skill, action, template))
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
        "parameters": find_parameters(parameters, search) if search else parameters,
        "notes": notes,
    }  # fmt: skip


def _parameters(skill: Skill, action: Action, template: dict[str, object]) -> Iterator[dict[str, object]]:
    schema = skill.schema(action)
    for key in schema.keys:
        node, _ = schema.find(parse_path(key))
        if node is None or node.children:
            continue
        default = get_path(template, key)
        words = {k: node.words[k] for k in _WORDS if k in node.words}
        yield {"key": key, "type": node.kind, "default": None if default is MISSING else default, **words}


def find_parameters(parameters: Sequence[dict[str, Any]], search: str) -> list[dict[str, object]]:
    """Return the parameters whose key holds every word; when none does, those whose description does."""
    words = re.findall(r"[^\s,;]+", search.lower())
    by_key = [p for p in parameters if all(w in p["key"].lower() for w in words)]
    if by_key or not words:
        return by_key
    return [
        p for p in parameters if all(w in f"{p['key']} {p.get('description', '')}".lower() for w in words)
    ]
