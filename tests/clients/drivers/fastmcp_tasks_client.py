"""A client of FastMCP with its package for tasks: launches that wait are tasks, and stopped as such."""

from __future__ import annotations

import asyncio
from typing import Any

import fastmcp
from fastmcp.client.transports import StdioTransport
from fastmcp_tasks import ToolTask, call_tool_task
from lines import read, told, write


async def main() -> None:
    """Connect, list the tools, and make the calls that are read."""
    settings = told()
    transport = StdioTransport(settings["command"], settings["args"], env=settings["env"], keep_alive=False)
    task: ToolTask | None = None
    async with fastmcp.Client(transport) as client:
        write(tools=[tool.name for tool in await client.list_tools()])
        while (call := await asyncio.to_thread(read)) is not None:
            name, arguments = call["tool"], call["arguments"]
            if arguments.get("wait"):
                task = await call_tool_task(client, name, arguments)
                write(result={"task": task.task_id, "status": (await task.status()).status})
            elif name.startswith("tasks/"):
                assert task is not None
                write(result=await driven(task, name))
            else:
                result = await client.call_tool_mcp(name, arguments)
                write(result=result.model_dump(mode="json", by_alias=True, exclude_none=True))


async def driven(task: ToolTask, method: str) -> Any:
    """Wait for a task's result, or stop it and say how it stands."""
    if method == "tasks/result":
        return (await task.result()).structured_content
    await task.cancel()
    return {"task": task.task_id, "status": (await task.status()).status}


asyncio.run(main())
