"""A client on the first line of the Python SDK, of any release from 1.2 on."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from lines import read, told, write
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    """Connect, list the tools, and make the calls that are read."""
    settings = told()
    parameters = StdioServerParameters(
        command=settings["command"], args=settings["args"], env=settings["env"]
    )
    more: dict[str, Any] = {}
    if settings["asks"]:
        more["elicitation_callback"] = answer
        assert "elicitation_callback" in inspect.signature(ClientSession).parameters
    async with (
        stdio_client(parameters) as (reading, writing),
        ClientSession(reading, writing, **more) as client,
    ):
        await client.initialize()
        write(tools=[tool.name for tool in (await client.list_tools()).tools])
        while (call := read()) is not None:
            try:
                result = await client.call_tool(call["tool"], call["arguments"])
                write(result=result.model_dump(mode="json", by_alias=True, exclude_none=True))
            except Exception as error:
                write(result=f"the client raised {type(error).__name__}: {error}")


async def answer(context: Any, params: Any) -> Any:
    """Let the test answer a question."""
    from mcp.types import ElicitResult

    write(question=params.message)
    return ElicitResult.model_validate(await asyncio.to_thread(read))


asyncio.run(main())
