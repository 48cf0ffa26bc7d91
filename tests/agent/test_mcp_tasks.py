"""Jobs as MCP tasks: made only of durable jobs, read by any server, and stopped for real."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, Literal

import mcp_types as types
import pytest
from mcp import Client
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.shared.exceptions import MCPError

from skillbank import JobState, Runtime
from skillbank.agent.mcp_server.cancellations import Cancellations
from skillbank.agent.mcp_server.server import build_server
from skillbank.agent.mcp_server.tasks import EXTENSION, TaskParams, UpdateParams
from skillbank.agent.toolbox import Toolbox
from tests.agent.conftest import until
from tests.agent.mcp_clients import Place, SdkDoor, http_server, sdk_client
from tests.agent.test_mcp_cancel import alive, nothing_stays, pid_of

__all__ = ["nothing_stays"]


class Task(types.Result):
    """What ``tasks/*`` answer; acknowledgements have none of it."""

    result_type: str = "complete"
    task_id: str | None = None
    status: str | None = None
    status_message: str | None = None
    created_at: str | None = None
    last_updated_at: str | None = None
    ttl_ms: int | None = None
    poll_interval_ms: int | None = None
    result: dict[str, Any] | None = None


class CreatedTask(types.Result):
    """The CreateTaskResult."""

    result_type: Literal["task"] = "task"
    task_id: str
    status: str


class GetTask(types.Request[TaskParams, Literal["tasks/get"]]):
    method: Literal["tasks/get"] = "tasks/get"
    params: TaskParams
    name_param = "taskId"


class CancelTask(types.Request[TaskParams, Literal["tasks/cancel"]]):
    method: Literal["tasks/cancel"] = "tasks/cancel"
    params: TaskParams
    name_param = "taskId"


class UpdateTask(types.Request[UpdateParams, Literal["tasks/update"]]):
    method: Literal["tasks/update"] = "tasks/update"
    params: UpdateParams
    name_param = "taskId"


class TasksClient(ClientExtension):
    """A client that takes a task for an answer and asks until it has ended."""

    identifier = EXTENSION

    def __init__(self) -> None:
        self.seen: list[str] = []

    def claims(self) -> list[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=CreatedTask, resolve=self._resolve)]

    async def _resolve(self, created: CreatedTask, context: ClaimContext) -> types.CallToolResult:
        self.seen.append(created.status)
        while True:
            request = GetTask(params=TaskParams(task_id=created.task_id))
            task = await context.session.send_request(request, Task)
            self.seen.append(str(task.status))
            if task.status in ("completed", "cancelled", "failed"):
                return types.CallToolResult.model_validate(task.result)
            await asyncio.sleep(0.1)


async def get(client: Client, task: str) -> Task:
    return await client.session.send_request(GetTask(params=TaskParams(task_id=task)), Task)


async def planned(door: SdkDoor, data: Path, seconds: float, **settings: str) -> str:
    told = [{"key": "train.seconds", "value_json": str(seconds)}]
    told += [{"key": key, "value_json": value} for key, value in settings.items()]
    answer, _ = await door.call("plan", {"text": f"train the toy detector on {data}", "settings": told})
    return str(answer["plans"][0]["plan_id"])


@pytest.mark.slow
def test_a_launch_that_waits_becomes_a_task(
    bank: Path, data: Path, environment: dict[str, str], runtime: Runtime
) -> None:
    approving = {**environment, "SKILLBANK_APPROVE": "launch=always, cancel_job=never"}

    async def work(place: Place) -> None:
        extension = TasksClient()
        async with sdk_client(place, extensions=[extension]) as client:
            door = SdkDoor(client)
            plan_id = await planned(door, data, 0.5)
            answer, failed = await door.call("launch", {"plan_id": plan_id, "wait": True})
            assert not failed and answer["state"] == "COMPLETE", (
                "validated against launch's own output schema"
            )
            assert extension.seen[0] == "working" and extension.seen[-1] == "completed"
            task = await get(client, answer["job"])
            assert (task.task_id, task.status) == (answer["job"], "completed")
            assert task.created_at is not None and task.created_at.endswith("Z")
            assert task.result is not None and task.result["structuredContent"]["state"] == "COMPLETE"

            failing = await planned(door, data, 0, fail='"boom"')
            answer, failed = await door.call("launch", {"plan_id": failing, "wait": True})
            assert answer["state"] == "ERROR" and "job_logs" in answer["next"]
            assert (await get(client, answer["job"])).status == "completed", "failed is for protocol errors"

            with pytest.raises(MCPError, match="switched off"):
                stop = CancelTask(params=TaskParams(task_id=answer["job"]))
                await client.session.send_request(stop, types.EmptyResult)

            answer, _ = await door.call("launch", {"plan_id": plan_id})
            assert "job" in answer, "what does not wait is no task"

    with http_server(bank, approving) as server:
        asyncio.run(work(Place(bank, approving, server)))


@pytest.mark.slow
def test_a_task_outlives_its_server_and_is_canceled_through_another(
    bank: Path, data: Path, environment: dict[str, str], runtime: Runtime
) -> None:
    place = Place(bank, {**environment, "SKILLBANK_APPROVE": "launch=always"})

    async def first() -> str:
        async with sdk_client(place, extensions=[TasksClient()]) as client:
            plan_id = await planned(SdkDoor(client), data, 120)
            created = await client.session.call_tool(
                "launch", {"plan_id": plan_id, "wait": True}, allow_claimed=True
            )
            assert isinstance(created, CreatedTask)
            assert runtime.jobs.store.get(created.task_id).id == created.task_id, "durable before the reply"
            return created.task_id

    async def second(task: str, pid: int) -> None:
        async with sdk_client(place, extensions=[TasksClient()]) as client:
            assert (await get(client, task)).status == "working"
            await client.session.send_request(UpdateTask(params=UpdateParams(task_id=task)), Task)
            start = time.monotonic()
            await client.session.send_request(CancelTask(params=TaskParams(task_id=task)), Task)
            assert not alive(pid) and time.monotonic() - start < 5
            assert (await get(client, task)).status == "cancelled"
            await client.session.send_request(CancelTask(params=TaskParams(task_id=task)), Task)

    task = asyncio.run(first())
    pid = pid_of(runtime)
    asyncio.run(second(task, pid))
    assert runtime.jobs.refresh(task).state is JobState.CANCELED
    until(lambda: not alive(pid))


@pytest.mark.slow
def test_tasks_are_named_whole_and_asked_for_only_by_those_who_know_them(
    data: Path, runtime: Runtime, trusted: Toolbox
) -> None:
    async def work() -> None:
        server = build_server(trusted, Cancellations())
        async with Client(server, extensions=[TasksClient()]) as client:
            door = SdkDoor(client)
            answer, _ = await door.call("launch", {"plan_id": await planned(door, data, 0), "wait": True})
            for name in ("last", answer["job"][:-1], "no-such-job", ""):
                with pytest.raises(MCPError) as unknown:
                    await get(client, name)
                assert unknown.value.code == types.INVALID_PARAMS
        async with Client(server) as client:
            with pytest.raises(MCPError) as undeclared:
                await get(client, answer["job"])
            assert undeclared.value.code == types.MISSING_REQUIRED_CLIENT_CAPABILITY
            assert EXTENSION in str(undeclared.value.error.data)
            answer, _ = await SdkDoor(client).call("launch", {"plan_id": answer["plan_id"], "wait": True})
            assert answer["state"] == "COMPLETE", "who does not know tasks waits in the call"

    asyncio.run(work())
