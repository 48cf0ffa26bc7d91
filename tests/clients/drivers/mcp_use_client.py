"""A client of mcp-use, whose user is asked by its own callback."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from lines import read, told, write

os.environ["MCP_USE_ANONYMIZED_TELEMETRY"] = "false"

from mcp.types import ElicitRequestParams, ElicitResult
from mcp_use import MCPClient


async def answer(context: Any, params: ElicitRequestParams) -> ElicitResult:
    """Let the test answer a question."""
    write(question=params.message)
    return ElicitResult.model_validate(await asyncio.to_thread(read))


async def main() -> None:
    """Connect, list the tools, and make the calls that are read."""
    settings = told()
    server = {name: settings[name] for name in ("command", "args", "env")}
    asks = {"elicitation_callback": answer} if settings["asks"] else {}
    client = MCPClient.from_dict({"mcpServers": {"skillbank": server}}, **asks)
    try:
        session = await client.create_session("skillbank")
        write(tools=[tool.name for tool in await session.list_tools()])
        while (call := await asyncio.to_thread(read)) is not None:
            result = await session.call_tool(call["tool"], call["arguments"])
            write(result=result.model_dump(mode="json", by_alias=True, exclude_none=True))
    finally:
        await client.close_all_sessions()


asyncio.run(main())
