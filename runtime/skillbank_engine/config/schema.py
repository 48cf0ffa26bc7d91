"""Rendering the spec classes of a family as JSON Schema 2020-12 with AutoML words as extensions."""

from __future__ import annotations

import copy
from typing import Any, TypedDict

from skillbank_engine.config.specs import Specs, SpecT

SCHEMA_VERSION = 1


class _Node(TypedDict, total=False):
    """The words of a node of a schema that are read or added here; a block has properties."""

    type: str | list[str]
    properties: dict[str, _Node]
    default: object
    automl_enabled: bool
    automl_default_parameters: list[str]
    automl_disabled_parameters: list[str]
    popular: bool | list[str]
    x_in_template: bool


def spec_schema(specs: Specs[SpecT], action: str) -> dict[str, object]:
    """Give the JSON Schema of an action's spec.

    Parameters
    ----------
    specs
        The family's.
    action
        One of theirs.

    Returns
    -------
    dict
        A self-contained schema. Every block carries its `default`, the AutoML lists of its own
        parameters and the names of its popular ones; the top level carries those of the whole spec,
        lists sorted.
    """
    return _schema(specs, action)[0]


def _schema(specs: Specs[SpecT], action: str) -> tuple[dict[str, object], dict[str, object]]:
    """Give the schema of an action's spec, and its default."""
    raw = specs.by_action[action].model_json_schema(mode="validation")
    definitions = raw.pop("$defs", {})
    body: _Node = _inline(raw, definitions)
    defaults = _annotate(body, "")
    wanted, unwanted = _marked(body, "", True), _marked(body, "", False)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{specs.arch} {action}",
        "description": f"Spec of the {action} action of {specs.title}.",
        "type": "object",
        "additionalProperties": False,
        "properties": body["properties"],
        "default": defaults,
        "popular": _popular(body),
        "automl_default_parameters": sorted(wanted),
        "automl_disabled_parameters": sorted(unwanted),
        "x_schema": {"action": action, "network_arch": specs.arch, "schema_version": SCHEMA_VERSION},
    }
    return schema, defaults


def spec_defaults(specs: Specs[SpecT], action: str) -> dict[str, object]:
    """Give the default spec of an action, as its template holds it.

    Parameters
    ----------
    specs
        The family's.
    action
        One of theirs.

    Returns
    -------
    dict
        Nested plain data without the `engine` block and without keys that have no default.
    """
    return _schema(specs, action)[1]


def all_schemas(specs: Specs[SpecT], actions: list[str] | None = None) -> dict[str, dict[str, object]]:
    """Give the document that the skill's generator reads.

    Parameters
    ----------
    specs
        The family's.
    actions
        Actions to include; all by default.

    Returns
    -------
    dict
        ``{action: {"schema": ..., "defaults": ..., "variants": {"deploy": {"defaults": ...}}}}``;
        `variants` only where the deploy container runs the action too.
    """
    document: dict[str, dict[str, object]] = {}
    for action in actions or list(specs.by_action):
        schema, defaults = _schema(specs, action)
        entry: dict[str, object] = {"schema": schema, "defaults": defaults}
        if action in specs.deploy:
            deploy = copy.deepcopy(defaults)
            block = deploy[action]
            assert isinstance(block, dict), action
            block.update(specs.deploy[action])
            entry["variants"] = {"deploy": {"defaults": deploy}}
        document[action] = entry
    return document


def _inline(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inline(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[1]]
        # What the field says of the block is more to the point than the block's own words.
        node = {**target, **{word: value for word, value in node.items() if word != "$ref"}}
    node = {word: _inline(value, definitions) for word, value in node.items()}
    if "anyOf" in node:
        # Optional values come as anyOf [T, null]; one `type` list says the same, bounds in plain sight.
        choices = node.pop("anyOf")
        value = next(choice for choice in choices if choice["type"] != "null")
        node = {**value, **node, "type": [value["type"], "null"]}
    if "const" in node and "enum" not in node and "type" in node:
        node["enum"] = [node.pop("const")]
    return node


def _annotate(node: _Node, path: str) -> dict[str, object]:
    """Add default, AutoML lists and popular names to a block, inside out; give the default."""
    defaults: dict[str, object] = {}
    children = node["properties"]
    for name, child in children.items():
        shown = child.pop("x_in_template", True)
        if "properties" in child:
            child["default"] = _annotate(child, f"{path}{name}.")
        if child.get("type") == "object" and "default" not in child:
            child["default"] = {}
        if child.get("default") is None and "null" not in child["type"]:
            child.pop("default", None)
        if shown and "default" in child:
            defaults[name] = copy.deepcopy(child["default"])
    if path:
        _list_own(node, path)
    return defaults


def _list_own(node: _Node, path: str) -> None:
    """Add to a block, whose blocks have theirs, the AutoML lists and popular names of its own parameters."""
    children = node["properties"].items()
    enabled = {name: child.get("automl_enabled") for name, child in children}
    if wanted := sorted(f"{path}{name}" for name, is_wanted in enabled.items() if is_wanted is True):
        node["automl_default_parameters"] = wanted
    if unwanted := sorted(f"{path}{name}" for name, is_wanted in enabled.items() if is_wanted is False):
        node["automl_disabled_parameters"] = unwanted
    popular = sorted(name for name, child in children if child.get("popular"))
    if popular:
        node["popular"] = popular


def _marked(node: _Node, path: str, wanted: bool) -> list[str]:
    found: list[str] = []
    for name, child in node["properties"].items():
        if child.get("automl_enabled") is wanted:
            found.append(f"{path}{name}")
        if "properties" in child:
            found += _marked(child, f"{path}{name}.", wanted)
    return found


def _popular(node: _Node) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, child in node["properties"].items():
        if "properties" in child:
            inner = _popular(child)
            if inner:
                values[name] = inner
        elif child.get("popular"):
            values[name] = copy.deepcopy(child["default"])
    return values
