"""What the library hands to a handler of requests, and the server that holds these."""

from __future__ import annotations

from typing import Any, TypeAlias

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

__all__ = ["Context", "Handlers"]

Context: TypeAlias = ServerRequestContext[Any, Any]
"""A request: whatever lives as long as the server, and as the connection, is not ours."""
Handlers: TypeAlias = Server[Any]
"""A server, whatever lives as long as it does."""
