"""Specs of the programs of skillbank itself: their blocks, read and checked, and told as JSON Schema."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from skillbank.bank.documents import read_yaml
from skillbank.errors import SkillFormatError, SpecError
from skillbank.misfits import misfit

__all__ = ["MISSING", "Block", "leaves", "read_spec", "refuse_missing", "schema_entry"]

MISSING = "???"
"""The family's mark for a value that has to be filled in before an action can run."""


class Block(BaseModel):
    """Base of every block of a spec: fixed keys, exact types."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        field_title_generator=lambda name, _info: name.replace("_", " "),
    )


SpecT = TypeVar("SpecT", bound=Block)


class _Node(TypedDict, total=False):
    """The words of a node of a schema that are read or added here; a block has properties."""

    properties: dict[str, _Node]
    default: object


def read_spec(path: Path, kind: type[SpecT]) -> SpecT:
    """Read a spec.

    Raises
    ------
    SpecError
        When the file cannot be read, or holds what no spec may: all faults are listed.
    """
    try:
        document = read_yaml(path)
    except SkillFormatError as error:
        raise SpecError(f"the spec cannot be read: {error.sentence}") from None
    try:
        return kind.model_validate({} if document is None else document)
    except ValidationError as error:
        known = [key for key, _ in leaves(kind().model_dump())]
        faults = (f"{misfit(detail, known=known)}." for detail in error.errors(include_url=False))
        raise SpecError(" ".join(faults)) from None


def refuse_missing(action: str, keys: Sequence[str]) -> None:
    """Refuse a spec in which these keys have no value yet."""
    if keys:
        raise SpecError(f"{' and '.join(keys)} has no value yet, and {action} needs one.")


def leaves(node: Mapping[str, object], above: Sequence[str] = ()) -> Iterator[tuple[str, object]]:
    """Yield the values of a spec by their dotted keys."""
    for name, value in node.items():
        path = (*above, name)
        if isinstance(value, dict):
            yield from leaves(value, path)
        else:
            yield ".".join(path), value


def schema_entry(action: str, kind: type[Block], title: str, about: str) -> dict[str, Any]:
    """Return ``{"schema": ..., "defaults": ...}`` of a spec, for ``skillbank schemas generate``."""
    raw = kind.model_json_schema(mode="validation")
    body: _Node = _inlined(raw, raw.pop("$defs", {}))
    defaults = kind().model_dump()
    _default(body["properties"], defaults)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": about,
        "type": "object",
        "additionalProperties": False,
        "properties": body["properties"],
        "default": defaults,
        "x_schema": {"action": action, "schema_version": 1},
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
