"""What the library hands to a handler of requests, and the server that holds these."""

from __future__ import annotations

from typing import TypeAlias

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

__all__ = ["Context", "Handlers"]

Context: TypeAlias = ServerRequestContext[object, object]
"""A request: whatever lives as long as the server, and as the connection, is not ours."""
Handlers: TypeAlias = Server[object]
"""A server, whatever lives as long as it does."""
