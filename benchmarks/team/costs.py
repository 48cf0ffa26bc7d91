"""What one call of each kind costs: processor time of the server and of PostgreSQL, one client at a time."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.team_server.conftest import Served

from benchmarks.team.client import Seen
from benchmarks.team.watching import Watch
from benchmarks.team.work import Desk, toy, train

__all__ = ["costs"]

_LAUNCHES = 5


async def costs(server: Served, secrets: dict[str, str], data: Path, database: int, each: int) -> Seen:
    """Call, and print a line for each kind; return what was told.

    The processor counts in hundredths of a second, so that few calls say little.
    """
    seen = Seen()
    desk = Desk(server.url, secrets, seen, 0.0, 0.0, 1, data)
    agent, reviewer, lead = desk.client("agent-0"), desk.client("reviewer-0"), desk.client("lead")

    async def plan(number: int) -> None:
        asked = train(900_000 + number)
        desk.checked(await desk.plan_by_rest(agent, asked), asked)

    async def plan_mcp(number: int) -> None:
        asked = train(800_000 + number)
        desk.checked(await desk.plan_by_mcp(agent, asked), asked)

    async def look(number: int) -> None:
        await desk.next_picture(reviewer)

    async def review(number: int) -> None:
        await desk.review(reviewer, "reviewer-0", 1 + number)

    async def launch(number: int) -> None:
        asked = toy(data, 700_000 + number)
        plan_id = desk.checked(await desk.plan_by_rest(agent, asked), asked)
        await desk.launch(agent, lead, str(plan_id), f"cost-{number}")

    async def list_jobs(number: int) -> None:
        await desk.list_jobs(agent)

    kinds: list[tuple[str, int, Callable[[int], Awaitable[None]]]] = [
        ("plan (REST)", each, plan),
        ("plan (MCP)", each, plan_mcp),
        ("list of jobs", each, list_jobs),
        ("next picture", each, look),
        ("picture and decision", min(each, 20), review),
        ("plan, approval and launch", _LAUNCHES, launch),
    ]
    print(f"{'one of':26} {'server ms':>10} {'PostgreSQL ms':>14} {'wall ms':>8}")
    for what, count, call in kinds:
        await call(count)  # what is only done once is done now
        watch, began = Watch(server.process.pid, database), time.monotonic()
        for number in range(count):
            await call(number)
        wall, spent = 1000 * (time.monotonic() - began) / count, watch.processor()
        server_ms, database_ms = (1000 * spent[part] / count for part in ("server", "PostgreSQL"))
        print(f"{what:26} {server_ms:10.1f} {database_ms:14.1f} {wall:8.1f}")
    seen.ms.clear()
    return seen
