"""The tools in the form of each provider, from one definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from skillbank.agent.catalogue import TOOLS
from skillbank.agent.openai_tools import openai_tools
from skillbank.agent.tool import Tool
from skillbank.agent.tool_listing import listing

__all__ = ["FORMATS", "Format", "tools_as"]

Format: TypeAlias = Literal["openai", "responses", "anthropic", "gemini", "mcp"]
FORMATS: tuple[Format, ...] = get_args(Format)


def tools_as(form: Format, strict: bool = True) -> Sequence[Mapping[str, Any]]:
    """Return the value of ``tools`` of a provider's request, or the definitions in the words of MCP.

    Parameters
    ----------
    form
        ``openai`` (chat completions), ``responses`` (OpenAI's Responses API), ``anthropic`` (Messages),
        ``gemini`` (``generateContent``) or ``mcp``, as ``skillbank mcp`` lists them.
    strict
        For the two of OpenAI: in strict mode, see `openai_tools`.
    """
    if form == "openai":
        return openai_tools(strict)
    if form == "responses":
        return [{"type": "function", "strict": strict, **tool["function"]} for tool in openai_tools(strict)]
    if form == "anthropic":
        return [
            {
                "name": tool.name,
                "description": tool.description,
                "input_schema": tool.arguments.model_json_schema(),
            }
            for tool in TOOLS
        ]
    if form == "gemini":
        return [{"functionDeclarations": [_declaration(tool) for tool in TOOLS]}]
    return [listing(tool) for tool in TOOLS]


def _declaration(tool: Tool) -> dict[str, object]:
    schema = tool.arguments.model_json_schema()
    made: dict[str, object] = {"name": tool.name, "description": tool.description}
    return (
        {**made, "parameters": _openapi(schema, schema.get("$defs", {}))}
        if schema.get("properties")
        else made
    )


def _openapi(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, object]:
    """Return a JSON Schema in the subset of OpenAPI 3.0: no references, no null type, no closed objects."""
    if "$ref" in schema:
        named = parts[schema["$ref"].rpartition("/")[2]]
        return _openapi({**named, **{k: v for k, v in schema.items() if k != "$ref"}}, parts)
    if "anyOf" in schema:
        return _any_of(schema, parts)
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    [kind] = [name for name in types if name != "null"]
    values = [value for value in schema.get("enum", ()) if value is not None]
    made = {
        "type": kind.upper(),
        "nullable": "null" in types,
        "description": schema.get("description"),
        "format": "enum" if values else None,
        "enum": values,
        "items": _openapi(schema["items"], parts) if "items" in schema else None,
        "properties": {name: _openapi(each, parts) for name, each in schema.get("properties", {}).items()},
        "required": list(schema.get("required", ())),
    }
    return {key: value for key, value in made.items() if value}


def _any_of(schema: Mapping[str, Any], parts: Mapping[str, object]) -> dict[str, object]:
    others = [each for each in schema["anyOf"] if each != {"type": "null"}]
    described = {"description": schema["description"]} if "description" in schema else {}
    nullable = {"nullable": True} if len(others) < len(schema["anyOf"]) else {}
    if len(others) == 1:
        return {**_openapi(others[0], parts), **nullable, **described}
    return {"anyOf": [_openapi(each, parts) for each in others], **nullable, **described}
