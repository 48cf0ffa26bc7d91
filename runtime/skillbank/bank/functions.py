"""Which texts of a skill name an inference function, and which are values themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillbank.bank.actions import Action
from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.keys import plain
from skillbank.bank.lint_agreement import locate
from skillbank.bank.schema import SpecSchema
from skillbank.bank.skill import Skill
from skillbank.errors import PluginError, did_you_mean
from skillbank.plugins import Group, names, offer
from skillbank.visible import named

__all__ = ["inference_functions", "names_function"]

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def names_function(value: object, schema: SpecSchema, template: object, key: str) -> bool:
    """Say whether a text under ``spec_params`` is the name of a function, registered or not.

    A text that the schema or the template has as a value of this key is that value.
    """
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        return False
    if value in names(Group.INFERENCE_FUNCTIONS):
        return True
    parts: tuple[str | int, ...] = tuple(plain(key).split("."))
    node, _ = schema.find(parts)
    words = node.words if node is not None else {}
    listed = [words.get("default"), words.get("default_value")]
    for word in ("enum", "valid_options", "option_weights"):
        listed += words[word] if isinstance(words.get(word), list) else []
    for part in parts:
        template = template.get(part) if isinstance(template, dict) else None
    return value not in (*listed, template)


def inference_functions(skill: Skill) -> Iterator[Diagnostic]:
    """Every function that a skill names is registered: one of ours, or of an installed package."""
    for action in skill.actions:
        for key, said in action.spec_params.items():
            if not isinstance(said, str) or not names_function(said, *_shape(skill, action), key):
                continue
            if why := _wrong(said):
                line = locate(skill, action.origin, "spec_params:", f"  {action.name}:", f"{key}:")
                message = f"{action.name}: {key} {why}"
                yield Diagnostic("error", "unknown-function", message, action.origin, line)
    for row in skill.inference_table:
        action_name = row.action.rpartition("/")[2]
        declared = {a.spec_params.get(row.field) for a in skill.actions if a.name == action_name}
        if _NAME.fullmatch(row.function) and row.function not in declared and (why := _wrong(row.function)):
            message = f"{action_name}: {row.field} {why}"
            yield Diagnostic("error", "unknown-function", message, row.path, row.line)


def _shape(skill: Skill, action: Action) -> tuple[SpecSchema, object]:
    return skill.schema(action), skill.template(action)[0]


def _wrong(name: str) -> str:
    """Say what is wrong with the name of a function; nothing when it can be applied."""
    try:
        found = offer(Group.INFERENCE_FUNCTIONS, name)
        if found is None:
            near = did_you_mean(name, names(Group.INFERENCE_FUNCTIONS))
            return (
                f"names the inference function '{named(name)}'{near}, which is not registered: correct the "
                "name, or install the package that brings it."
            )
        found.load(callable, "a function of a skillbank.plan.inference.Context")
    except PluginError as error:
        return f"names an inference function that cannot be used: {error.sentence}."
    return ""
