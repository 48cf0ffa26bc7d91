"""The tools as OpenAI function tools, in strict mode unless an endpoint does not know it."""

from __future__ import annotations

from typing import Any

from skillbank.agent.catalogue import TOOLS
from skillbank.language_model.messages import FunctionTool, ToolFunction

__all__ = ["openai_tools"]


def openai_tools(strict: bool = True) -> list[FunctionTool]:
    """Return the value of ``tools`` in a chat completion request.

    Parameters
    ----------
    strict
        Every argument is then required, and what may be left unsaid takes null. Endpoints that do not know
        strict mode get the same schemas with the optional arguments optional.
    """
    tools: list[FunctionTool] = []
    for tool in TOOLS:
        parameters = tool.arguments.model_json_schema()
        function: ToolFunction = {
            "name": tool.name,
            "description": tool.description,
            "parameters": parameters,
        }
        if strict:
            function["strict"], function["parameters"] = True, _strict(parameters)
        tools.append({"type": "function", "function": function})
    return tools


def _strict(schema: object) -> Any:
    """Require every property, at every depth."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _strict(value) for name, value in schema.items()}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object":
        made["required"] = list(made["properties"])
    return made
