"""The specs as JSON Schema 2020-12, as the bank keeps them beside its skills."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, TypedDict

from skillbank.data_program.spec import SPECS

__all__ = ["all_schemas"]

SCHEMA_VERSION = 1


class _Node(TypedDict, total=False):
    """The words of a node of a schema that are read or added here; a block has properties."""

    properties: dict[str, _Node]
    default: object


def all_schemas(actions: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return ``{action: {"schema": ..., "defaults": ...}}`` for ``skillbank schemas generate``."""
    return {action: _entry(action) for action in actions}


def _entry(action: str) -> dict[str, object]:
    raw = SPECS[action].model_json_schema(mode="validation")
    body: _Node = _inlined(raw, raw.pop("$defs", {}))
    defaults = SPECS[action]().model_dump()
    _default(body["properties"], defaults)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"data set {action}",
        "description": f"Spec of the {action} action on data sets.",
        "type": "object",
        "additionalProperties": False,
        "properties": body["properties"],
        "default": defaults,
        "x_schema": {"action": action, "schema_version": SCHEMA_VERSION},
    }
    return {"schema": schema, "defaults": copy.deepcopy(defaults)}


def _inlined(node: object, definitions: dict[str, Any]) -> Any:
    """Put definitions where they are referred to; a value that has no default of its own keeps none."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        node = {**target, **{word: value for word, value in node.items() if word != "$ref"}}
    return {word: _inlined(value, definitions) for word, value in node.items()}


def _default(properties: dict[str, _Node], defaults: dict[str, Any]) -> None:
    for name, child in properties.items():
        if "properties" in child:
            child["default"] = copy.deepcopy(defaults[name])
            _default(child["properties"], defaults[name])
