"""Errors of the protocol as one sentence each: what the library, or a fault of ours, would leave unsaid."""

from __future__ import annotations

import logging

import mcp_types as types
from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from skillbank.agent.failures import explain, misunderstood
from skillbank.agent.mcp_server.context import Context
from skillbank.errors import SkillbankError
from skillbank.misfits import misfit

__all__ = ["explained"]

_LOG = logging.getLogger("skillbank.agent")
_UNSAID = "Invalid request parameters"
"""All that the library says of whatever comes before a client has begun."""


async def explained(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Middleware that says of each error what is wrong, and of a fault of ours nothing secret."""
    try:
        return await call_next(ctx)
    except MCPError as error:
        if error.error.message != _UNSAID:
            raise
        said = (
            f"{ctx.method} comes before the beginning; send initialize and notifications/initialized first."
        )
        raise MCPError(code=error.error.code, message=said) from None
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        said = f"{ctx.method}: {misfit(problem)}."
        raise MCPError(code=types.INVALID_PARAMS, message=said) from None
    except SkillbankError as error:
        failure = explain(error)
        said = f"{failure.message} {failure.hint}".strip()
        raise MCPError(code=types.INTERNAL_ERROR, message=said) from None
    except Exception as error:
        _LOG.exception("%s failed", ctx.method)
        raise MCPError(code=types.INTERNAL_ERROR, message=misunderstood(ctx.method, error).message) from None
