"""The last step of every answer over MCP: whatever handler made it, nothing in it is hidden."""

from __future__ import annotations

from enum import Enum
from typing import Any

from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel

from skillbank.agent.mcp_server.context import Context
from skillbank.visible import visible, visible_values

__all__ = ["shown"]


async def shown(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Middleware that writes out what cannot be seen, in results and in errors."""
    try:
        result: HandlerResult = _seen(await call_next(ctx))
        return result
    except MCPError as error:
        raise MCPError(
            code=error.error.code,
            message=visible(error.error.message),
            data=visible_values(error.error.data),
        ) from None


def _seen(result: object) -> Any:
    """Return a result with visible texts at every depth."""
    if isinstance(result, BaseModel):
        texts = {name: _seen(getattr(result, name)) for name in type(result).model_fields}
        changed = {name: value for name, value in texts.items() if value is not getattr(result, name)}
        return result.model_copy(update=changed) if changed else result
    if isinstance(result, list | tuple):
        return type(result)(_seen(each) for each in result)
    if isinstance(result, dict):
        return {_seen(key): _seen(value) for key, value in result.items()}
    return visible(result) if isinstance(result, str) and not isinstance(result, Enum) else result
