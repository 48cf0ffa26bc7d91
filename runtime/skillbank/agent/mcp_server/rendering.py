"""The tools and their answers as MCP has them."""

from __future__ import annotations

import mcp_types as types

from skillbank.agent.tool import Tool
from skillbank.agent.tool_listing import listing
from skillbank.agent.toolbox import Answer
from skillbank.visible import json_text

__all__ = ["listed", "rendered"]


def listed(tool: Tool) -> types.Tool:
    """Return a tool as the list has it."""
    return types.Tool.model_validate(listing(tool))


def rendered(answer: Answer) -> types.CallToolResult:
    """Return an answer as structured content, and the same JSON as text for clients that know only text.

    An error is text alone: structured content has to be what the tool's output schema says, and clients that
    check that would show their own complaint in place of the error.
    """
    document: dict[str, object] = answer.document()
    text = json_text(document, compact=True)
    failed = answer.error is not None
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structured_content=None if failed else document,
        is_error=failed,
    )
