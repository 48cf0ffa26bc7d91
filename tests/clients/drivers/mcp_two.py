"""A client on the second line of the Python SDK."""

from __future__ import annotations

import asyncio
from typing import Any

import mcp_types as types
from lines import read, told, write
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    """Connect, list the tools, and make the calls that are read."""
    settings = told()
    server = StdioServerParameters(command=settings["command"], args=settings["args"], env=settings["env"])
    asks = answer if settings["asks"] else None
    async with Client(stdio_client(server), elicitation_callback=asks) as client:
        write(tools=[tool.name for tool in (await client.list_tools()).tools])
        while (call := await asyncio.to_thread(read)) is not None:
            result = await client.call_tool(call["tool"], call["arguments"])
            write(result=result.model_dump(mode="json", by_alias=True, exclude_none=True))


async def answer(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
    """Let the test answer a question."""
    write(question=params.message)
    return types.ElicitResult.model_validate(await asyncio.to_thread(read))


asyncio.run(main())
