"""Where a skill speaks twice: tables against skill_info, both against schema and template."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillbank.bank.actions import Action
from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.keys import is_key, plain
from skillbank.bank.skill import Skill
from skillbank.bank.tables import DatasetRow

_SOURCE = re.compile(r"\w+_datasets?")


def data_tables(skill: Skill) -> Iterator[Diagnostic]:
    """Compare the dataset tables with ``data_sources``, key by key."""
    declared = {
        (a.name, plain(s.key)): (s.source, s.path)
        for a in skill.actions
        for s in a.data_sources
        if not s.by_format
    }
    spoken = {name for name, _ in declared}
    known = {a.name for a in skill.actions}
    for row in skill.dataset_table:
        action = row.action.rpartition("/")[2]
        if action not in known and known:
            message = f"the table speaks of an action '{row.action}' that skill_info does not have."
            yield Diagnostic("warning", "table-action", message, row.path, row.line)
        elif action in spoken and _SOURCE.fullmatch(row.source):
            for key, path in _bound_by(row):
                difference = _difference(row.source, path, declared.get((action, key)))
                if difference:
                    message = f"{action}: {key} is {difference}."
                    yield Diagnostic("warning", "table-data", message, row.path, row.line)


def _bound_by(row: DatasetRow) -> list[tuple[str, str]]:
    """Return the keys that a row binds, with the path of each."""
    if row.files.kind == "map":
        return [(f"{plain(row.key)}.{sub}", path) for sub, path, _ in row.files.parts]
    return [(plain(row.key), row.files.path)] if row.files.kind in ("file", "root") else []


def _difference(source: str, path: str, declared: tuple[str, str] | None) -> str:
    """Say how a key of the table differs from what is declared of it; empty where it does not."""
    if declared is None:
        return "in the table and not in data_sources"
    if declared != (source, path) and (path or declared[0] != source):
        return f"{source}/{path} in the table, {'/'.join(declared)} in skill_info"
    return ""


def function_tables(skill: Skill) -> Iterator[Diagnostic]:
    """Compare the inference tables with ``spec_params``; a table may serve both variants."""
    declared: dict[tuple[str, str], set[str]] = {}
    for action in skill.actions:
        for key, function in action.spec_params.items():
            declared.setdefault((action.name, key), set()).add(str(function))
    spoken = {name for name, _ in declared}
    listed = set()
    for row in skill.inference_table:
        action_name = row.action.rpartition("/")[2]
        listed.add((action_name, row.field))
        if action_name not in spoken:
            continue
        functions = declared.get((action_name, row.field))
        if functions is None:
            message = f"{action_name}: {row.field} is in the table and not in spec_params."
        elif row.function not in functions:
            said = ", ".join(sorted(functions))
            message = f"{action_name}: {row.field} is {row.function} in the table, {said} in skill_info."
        else:
            continue
        yield Diagnostic("warning", "table-function", message, row.path, row.line)
    tabled = {name for name, _ in listed}
    for action in skill.actions:
        for key in action.spec_params:
            if action.name in tabled and (action.name, key) not in listed:
                message = f"{action.name}: {key} is in spec_params and not in the table."
                line = locate(skill, action.origin, "spec_params:", f"  {action.name}:", f"{key}:")
                yield Diagnostic("warning", "table-function", message, action.origin, line)


def keys(skill: Skill) -> Iterator[Diagnostic]:
    """Every key that skill_info names exists in the action's schema or template."""
    for action in skill.actions:
        named = {
            "inputs": [i.key for i in action.inputs],
            "data_sources": [s.key for s in action.data_sources],
            "spec_params": list(action.spec_params),
        }
        for section, section_keys in named.items():
            for key in section_keys:
                if not knows(skill, action, key):
                    line = locate(skill, action.origin, f"{section}:", f"{key}:")
                    message = f"{action.name}: {section} names {key}, which neither schema nor template has."
                    yield Diagnostic("warning", "unknown-key", message, action.origin, line)
    for origin in {a.origin for a in skill.actions}:
        yield from _shorthands(skill, origin)


def _shorthands(skill: Skill, origin: str) -> Iterator[Diagnostic]:
    """Find shorthands of a document that lead to a key which none of its actions has."""
    actions = [a for a in skill.actions if a.origin == origin]
    for name, key in actions[0].shorthands.items():
        if not any(knows(skill, action, key) for action in actions):
            line = locate(skill, origin, "spec_shorthand_keys:", f"{name}:")
            message = f"the shorthand {name} leads to {key}, which no action has."
            yield Diagnostic("warning", "unknown-key", message, origin, line)


def unbound_inputs(skill: Skill) -> Iterator[Diagnostic]:
    """Every required input comes from a data set, an inference function, or is one of several."""
    for action in skill.actions:
        bound = _bound_keys(skill, action)
        for declared in action.inputs:
            if not declared.optional and plain(declared.key) not in bound:
                line = locate(skill, action.origin, f"  {action.name}:", f"{declared.key}:")
                message = f"{action.name}: nothing says where the required input {declared.key} comes from."
                yield Diagnostic("warning", "unbound-input", message, action.origin, line)


def _bound_keys(skill: Skill, action: Action) -> set[str]:
    """Return the keys of an action that something fills, or that are one of several."""
    bound = {plain(s.key) for s in action.data_sources} | {plain(k) for k in action.spec_params}
    bound |= {plain(k) for group in action.one_of for k in group}
    for row in skill.dataset_table:
        if row.action.rpartition("/")[2] == action.name and _SOURCE.fullmatch(row.source):
            bound |= {plain(row.key), *(f"{plain(row.key)}.{sub}" for sub, _, _ in row.files.parts)}
    return bound | {r.field for r in skill.inference_table if r.action.rpartition("/")[2] == action.name}


def knows(skill: Skill, action: Action, key: str) -> bool:
    """Whether an action's schema or template has a key; where neither is packaged, anything may be."""
    schema = skill.schema(action)
    template, origin = skill.template(action)
    if origin == "empty" and not schema.keys:
        return True
    if not is_key(key):
        return False
    parts: tuple[str | int, ...] = tuple(plain(key).split("."))
    return schema.knows(parts) or _in_template(template, parts)


def _in_template(node: object, parts: tuple[str | int, ...]) -> bool:
    """Follow names only: lists are looked through, an empty one may hold anything."""
    for part in parts:
        if isinstance(node, list):
            if not node:
                return True
            node = node[0]
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def locate(skill: Skill, file: str, *needles: str) -> int | None:
    """Return the line of the last needle, each looked for after the one before; None when one is missing."""
    lines = skill.lines(skill.root / file)
    at = -1
    for needle in needles:
        at = next((i for i in range(at + 1, len(lines)) if needle in lines[i]), -2)
        if at < 0:
            return None
    return at + 1
