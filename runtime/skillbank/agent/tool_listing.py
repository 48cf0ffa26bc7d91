"""A tool as ``skillbank mcp`` lists it, and ``skillbank tools --format mcp`` prints it: a document of MCP."""

from __future__ import annotations

from skillbank.agent.tool import Tool

__all__ = ["WAIT", "listing"]

WAIT = "wait"
"""An argument of ``launch`` that only the server of MCP takes."""
_WAIT_SCHEMA = {
    "type": ["boolean", "null"],
    "description": "Answer when the job has ended, with progress; canceling this call then stops the job",
}
_TYPED = ("launch", "cancel_job")
"""Whose results a client's own code goes on from, by the job's id; the others are read by models, which few
clients show an output schema, and all of which are sent the list."""


def listing(tool: Tool) -> dict[str, object]:
    """Return a tool with its schemas and hints; ``launch`` can also wait, which only a door can do.

    A model pays for every character of the list with every request, so that nothing stands in it twice or as
    it would be understood anyway: no title, and no hints about the changes of a tool that changes nothing.
    """
    schema = tool.arguments.model_json_schema()
    if tool.name == "launch":
        schema = {**schema, "properties": {**schema["properties"], WAIT: _WAIT_SCHEMA}}
    changes = (
        {} if tool.read_only else {"destructiveHint": tool.destructive, "idempotentHint": tool.idempotent}
    )
    made = {"name": tool.name, "description": tool.description, "inputSchema": schema}
    if tool.name in _TYPED:
        made["outputSchema"] = _open(tool.result.model_json_schema())
    hints = {"readOnlyHint": tool.read_only, **({} if tool.read_only else changes), "openWorldHint": False}
    return {**made, "annotations": hints}


def _open(schema: dict[str, object]) -> dict[str, object]:
    """Return a result's schema that an error's document also keeps to.

    Some clients read the text of an error as structured content and hold it to the schema: one that
    demanded a job would have them show that there is none, in place of the error.
    """
    return {key: schema[key] for key in schema if key not in ("required", "additionalProperties")}
