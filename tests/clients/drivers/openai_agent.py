"""An agent of openai-agents, behind it a model that is asked by the Responses protocol."""

from __future__ import annotations

import asyncio

from agents import Agent, OpenAIResponsesModel, Runner, set_tracing_disabled
from agents.mcp import MCPServerStdio
from lines import told
from openai import AsyncOpenAI


async def main() -> None:
    """Give the agent its task and let it work to the end."""
    settings = told()
    set_tracing_disabled(True)
    started = {name: settings[name] for name in ("command", "args", "env")}
    model = OpenAIResponsesModel("scripted", AsyncOpenAI(base_url=f"{settings['model']}/v1", api_key="none"))
    async with MCPServerStdio(started, client_session_timeout_seconds=120) as server:
        agent = Agent("worker", model=model, mcp_servers=[server])
        await Runner.run(agent, settings["task"], max_turns=30)


asyncio.run(main())
