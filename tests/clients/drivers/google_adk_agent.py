"""An agent of google-adk, behind it a model that is asked by the Gemini protocol."""

from __future__ import annotations

import asyncio
import os

from google.adk.agents import LlmAgent
from google.adk.models import Gemini
from google.adk.runners import InMemoryRunner
from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
from lines import told
from mcp import StdioServerParameters


async def main() -> None:
    """Give the agent its task and let it work to the end."""
    settings = told()
    os.environ["GOOGLE_API_KEY"] = "none"
    started = StdioServerParameters(command=settings["command"], args=settings["args"], env=settings["env"])
    tools = McpToolset(connection_params=StdioConnectionParams(server_params=started, timeout=120))
    model = Gemini(model="gemini-2.5-flash", base_url=settings["model"])
    runner = InMemoryRunner(LlmAgent(name="worker", model=model, tools=[tools]), app_name="worker")
    try:
        await runner.run_debug(settings["task"], quiet=True)
    finally:
        await tools.close()


asyncio.run(main())
