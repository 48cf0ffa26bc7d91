"""A client of FastMCP."""

from __future__ import annotations

import asyncio
from typing import Any

import fastmcp
import mcp_types as types
from fastmcp.client.transports import StdioTransport
from lines import read, told, write


async def main() -> None:
    """Connect, list the tools, and make the calls that are read."""
    settings = told()
    transport = StdioTransport(settings["command"], settings["args"], env=settings["env"], keep_alive=False)
    async with fastmcp.Client(transport, elicitation_handler=answer if settings["asks"] else None) as client:
        write(tools=[tool.name for tool in await client.list_tools()])
        while (call := await asyncio.to_thread(read)) is not None:
            result = await client.call_tool_mcp(call["tool"], call["arguments"])
            write(result=result.model_dump(mode="json", by_alias=True, exclude_none=True))


async def answer(message: str, response_type: Any, params: Any, context: Any) -> Any:
    """Let the test answer a question."""
    write(question=message)
    return types.ElicitResult.model_validate(await asyncio.to_thread(read))


asyncio.run(main())
