"""What a call that is taken back takes with it, and what it leaves: seen in real processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import Awaitable, Iterator
from pathlib import Path

import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from skillbank import JobState, Runtime
from skillbank.agent.mcp_server.cancellations import Cancellations
from skillbank.agent.mcp_server.server import build_server
from skillbank.agent.toolbox import Toolbox
from skillbank.platforms import keeper
from skillbank.platforms.base import job_dir
from tests.agent.conftest import until
from tests.agent.mcp_clients import HttpServer, Place, SdkDoor, http_server, sdk_client

pytestmark = pytest.mark.slow

SETTINGS = [{"key": "train.seconds", "value_json": "120"}]


@pytest.fixture(autouse=True)
def nothing_stays(runtime: Runtime) -> Iterator[None]:
    """Stop what a test that fails would leave behind."""
    yield
    for record in runtime.jobs.store.list():
        if not runtime.jobs.refresh(record.id).state.terminal:
            runtime.jobs.cancel(record.id)


def alive(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pid_of(runtime: Runtime, count: int = 1) -> int:
    """Return the process of the newest of so many jobs, once it runs."""
    until(lambda: len(runtime.jobs.store.list()) == count)
    file = job_dir(Path(runtime.jobs.store.get("last").results_dir)) / keeper.PROCESS
    until(file.exists)
    pid = int(json.loads(file.read_text())["pid"])
    assert alive(pid)
    return pid


async def train(door: SdkDoor, data: Path) -> str:
    planned, _ = await door.call("plan", {"text": f"train the toy detector on {data}", "settings": SETTINGS})
    return str(planned["plans"][0]["plan_id"])


async def canceled_while_running(
    call: Awaitable[object], runtime: Runtime, count: int = 1
) -> tuple[int, float]:
    """Cancel a call when its job's process runs; return the process and when that was."""
    task = asyncio.ensure_future(call)
    pid = await asyncio.to_thread(pid_of, runtime, count)
    await asyncio.sleep(0.5)
    assert not task.done()
    start = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return pid, start


async def gone(pid: int, start: float) -> float:
    """Wait until a process is gone and return the seconds since `start`."""
    while alive(pid):
        assert time.monotonic() - start < 5, "the process was still there after 5 s"
        await asyncio.sleep(0.02)
    return time.monotonic() - start


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_a_launch_that_is_taken_back_stops_its_process(
    transport: str, bank: Path, data: Path, environment: dict[str, str], runtime: Runtime
) -> None:
    async def work(http: HttpServer | None) -> None:
        for count, mode in enumerate(("auto", "legacy"), 1):
            await taken_back(Place(bank, approving, http), mode, count)

    async def taken_back(place: Place, mode: str, count: int) -> None:
        async with sdk_client(place, mode) as client:
            door = SdkDoor(client)
            plan_id = await train(door, data)
            call = door.call("launch", {"plan_id": plan_id, "wait": True})
            pid, start = await canceled_while_running(call, runtime, count)
            print(f"{transport} {mode}: gone after {await gone(pid, start):.2f} s")
            until(lambda: runtime.jobs.refresh("last").state is JobState.CANCELED, 5)
            listed, failed = await door.call("list_jobs", {})
            assert not failed and listed["jobs"][0]["state"] == "CANCELED", "the server goes on"

    approving = {**environment, "SKILLBANK_APPROVE": "launch=always"}
    if transport == "stdio":
        asyncio.run(work(None))
    else:
        with http_server(bank, approving) as server:
            asyncio.run(work(server))


def test_a_launch_that_is_taken_back_before_there_is_a_job_leaves_none_running(
    bank: Path, data: Path, environment: dict[str, str], runtime: Runtime
) -> None:
    """The launch is held at its first write by a lock on the database, taken back, and let go."""

    async def work() -> None:
        place = Place(bank, {**environment, "SKILLBANK_APPROVE": "launch=always"})
        async with sdk_client(place) as client:
            door = SdkDoor(client)
            plan_id = await train(door, data)
            file = Path(environment["SKILLBANK_HOME"]) / "skillbank.db"
            assert runtime.jobs.store.list() == []  # a plan alone has made no database
            with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                call = asyncio.ensure_future(door.call("launch", {"plan_id": plan_id}))
                await asyncio.sleep(1)
                assert not call.done() and runtime.jobs.store.list() == []
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                await asyncio.sleep(0.5)
                other.execute("ROLLBACK")
            await asyncio.to_thread(until, lambda: bool(runtime.jobs.store.list()))
            jobs = runtime.jobs
            await asyncio.to_thread(until, lambda: jobs.refresh("last").state is JobState.CANCELED, 5)

    asyncio.run(work())


def test_what_leaves_the_process_alone(
    bank: Path, data: Path, environment: dict[str, str], runtime: Runtime
) -> None:
    """Taking back a wait of job_status, looking on at another call's job, and going away altogether."""
    place = Place(bank, {**environment, "SKILLBANK_APPROVE": "launch=always"})

    async def work() -> int:
        async with sdk_client(place) as client:
            door = SdkDoor(client)
            arguments = {"plan_id": await train(door, data), "idempotency_key": "one"}
            launched, failed = await door.call("launch", arguments)
            assert not failed
            waiting = door.call("job_status", {"job": launched["job"], "wait_seconds": 60})
            pid, _ = await canceled_while_running(waiting, runtime)
            repeated = door.call("launch", {**arguments, "wait": True})
            assert (await canceled_while_running(repeated, runtime))[0] == pid
            await asyncio.sleep(1)
            assert alive(pid)
            # The client goes away while a launch of its own waits.
            another = {"plan_id": await train(door, data), "idempotency_key": "two", "wait": True}
            left = asyncio.ensure_future(door.call("launch", another))
            own = await asyncio.to_thread(pid_of, runtime, 2)
            await asyncio.sleep(0.5)
        with pytest.raises(MCPError) as ended:
            await left
        assert ended.value.code == types.CONNECTION_CLOSED
        assert alive(pid)
        return own

    own = asyncio.run(work())
    time.sleep(1)
    assert alive(own), "a job outlives its client"


def test_a_server_that_stops_leaves_jobs_alone(
    bank: Path, data: Path, environment: dict[str, str], runtime: Runtime
) -> None:
    async def work(server: HttpServer) -> int:
        pids: list[int] = []
        try:
            async with sdk_client(Place(bank, environment, server)) as client:
                door = SdkDoor(client)
                plan_id = await train(door, data)
                call = asyncio.ensure_future(door.call("launch", {"plan_id": plan_id, "wait": True}))
                pids.append(await asyncio.to_thread(pid_of, runtime))
                await asyncio.sleep(0.5)
                server.process.terminate()
                # Who waits is told what is known now; whether that arrives in time is the server's pace.
                answer, refused = await call
                assert (answer["state"], refused) == (JobState.RUNNING, False)
        except (MCPError, ExceptionGroup) as failed:
            broken = (MCPError, httpx2.RemoteProtocolError)
            assert isinstance(failed, MCPError) or failed.subgroup(broken) is not None
        return pids[0]

    with http_server(bank, {**environment, "SKILLBANK_APPROVE": "launch=always"}) as server:
        pid = asyncio.run(work(server))
        server.process.wait(timeout=120)
    time.sleep(0.5)
    assert alive(pid)


@pytest.mark.parametrize("seconds", [2.0, "2"])
def test_however_the_seconds_are_written_a_wait_keeps_no_thread_and_tells_progress(
    seconds: object, trusted: Toolbox, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some clients send every number as a fraction; such waits had filled the threads of all calls."""
    [plan] = trusted.plan(text=f"train the toy detector on {data}", settings=SETTINGS).plans
    job = trusted.launch(plan_id=plan.plan_id).job
    waited = []
    monkeypatch.setattr(type(trusted.runtime.jobs), "wait", lambda *_, **__: waited.append(1))

    async def work() -> list[str | None]:
        told: list[str | None] = []

        async def tell(progress: float, total: float | None, message: str | None) -> None:
            told.append(message)

        async with Client(build_server(trusted, Cancellations())) as client:
            answer = await client.call_tool(
                "job_status", {"job": job, "wait_seconds": seconds}, progress_callback=tell
            )
            assert not answer.is_error
        return told

    assert asyncio.run(work()) and not waited
