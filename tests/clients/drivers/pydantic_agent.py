"""An agent of pydantic-ai, behind it a model that is asked by the chat-completions protocol."""

from __future__ import annotations

import asyncio

from fastmcp.client.transports import StdioTransport
from lines import told
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


async def main() -> None:
    """Give the agent its task and let it work to the end."""
    settings = told()
    provider = OpenAIProvider(base_url=f"{settings['model']}/v1", api_key="none")
    tools = MCPToolset(
        StdioTransport(settings["command"], settings["args"], env=settings["env"]), init_timeout=60
    )
    agent = Agent(OpenAIChatModel("scripted", provider=provider), toolsets=[tools])
    async with agent:
        await agent.run(settings["task"])


asyncio.run(main())
