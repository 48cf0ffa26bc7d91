"""The tools and their answers as MCP has them."""

from __future__ import annotations

from typing import Any

import mcp_types as types

from skillbank.agent.tool import Tool
from skillbank.agent.toolbox import Answer
from skillbank.visible import json_text

__all__ = ["WAIT", "listed", "rendered"]

WAIT = "wait"
_WAIT_SCHEMA = {
    "type": ["boolean", "null"],
    "description": "Answer when the job has ended, with progress; canceling this call then stops the job",
}
_TYPED = ("launch", "cancel_job")
"""Whose results a client's own code goes on from, by the job's id; the others are read by models, which few
clients show an output schema, and all of which are sent the list."""


def listed(tool: Tool) -> types.Tool:
    """Return a tool with its schemas and hints; ``launch`` can also wait, which only a door can do.

    A model pays for every character of the list with every request, so that nothing stands in it twice or as
    it would be understood anyway: no title, and no hints about the changes of a tool that changes nothing.
    """
    schema = tool.arguments.model_json_schema()
    if tool.name == "launch":
        schema = {**schema, "properties": {**schema["properties"], WAIT: _WAIT_SCHEMA}}
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=schema,
        output_schema=_open(tool.result.model_json_schema()) if tool.name in _TYPED else None,
        annotations=types.ToolAnnotations(
            read_only_hint=tool.read_only,
            destructive_hint=None if tool.read_only else tool.destructive,
            idempotent_hint=None if tool.read_only else tool.idempotent,
            open_world_hint=False,
        ),
    )


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a result's schema that an error's document also keeps to.

    Some clients read the text of an error as structured content and hold it to the schema: one that
    demanded a job would have them show that there is none, in place of the error.
    """
    return {key: schema[key] for key in schema if key not in ("required", "additionalProperties")}


def rendered(answer: Answer) -> types.CallToolResult:
    """Return an answer as structured content, and the same JSON as text for clients that know only text.

    An error is text alone: structured content has to be what the tool's output schema says, and clients that
    check that would show their own complaint in place of the error.
    """
    document: dict[str, Any] = answer.document()
    text = json_text(document, compact=True)
    failed = answer.error is not None
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structured_content=None if failed else document,
        is_error=failed,
    )
