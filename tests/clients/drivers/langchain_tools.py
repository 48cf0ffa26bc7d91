"""Tools of langchain-mcp-adapters, called as an agent's graph calls them."""

from __future__ import annotations

import asyncio

from langchain_core.tools import ToolException
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from lines import read, told, write


async def main() -> None:
    """Load the tools and make the calls that are read."""
    settings = told()
    server = {name: settings[name] for name in ("command", "args", "env")}
    client = MultiServerMCPClient({"skillbank": {"transport": "stdio", **server}})
    async with client.session("skillbank") as session:
        tools = {tool.name: tool for tool in await load_mcp_tools(session)}
        write(tools=[*tools])
        while (call := read()) is not None:
            try:
                write(result=await tools[call["tool"]].ainvoke(call["arguments"]))
            except ToolException as error:
                write(result=f"ToolException: {error}")


asyncio.run(main())
