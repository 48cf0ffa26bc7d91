"""Calls of a kind: few at once, first come first served, and no kind behind another."""

from __future__ import annotations

import threading
from pathlib import Path

import anyio
import pytest

from skillbank import Runtime
from skillbank.agent.catalogue import TOOLS
from skillbank.agent.lanes import Lane, in_lane


@pytest.mark.parametrize("lane", [each for each in Lane if each is not Lane.OPEN])
def test_few_are_worked_on_at_once_in_the_order_in_which_they_came(lane: Lane) -> None:
    lock, came, most, now = threading.Lock(), list[int](), 0, 0

    def work(number: int) -> None:
        nonlocal most, now
        with lock:
            came.append(number)
            now += 1
            most = max(most, now)
        threading.Event().wait(0.005)
        with lock:
            now -= 1

    async def all_of_them() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(in_lane, lane, lambda number=number: work(number))

    anyio.run(all_of_them)
    assert most == lane.at_once
    assert all(abs(place - number) < lane.at_once for place, number in enumerate(came)), came


def test_no_kind_waits_for_another() -> None:
    """Where all of the other lanes are full, a call of each still runs."""

    async def one(lane: Lane) -> None:
        over, began = threading.Event(), threading.Semaphore(0)

        def wait() -> None:
            began.release()
            over.wait(30)

        async with anyio.create_task_group() as tasks:
            others = [each for each in Lane if each is not lane]
            for other in others:
                for _ in range(other.at_once + 1):
                    tasks.start_soon(in_lane, other, wait)
            for _ in range(sum(other.at_once for other in others)):
                await in_lane(lane, lambda: began.acquire(timeout=30))
            over.set()

    for lane in Lane:
        anyio.run(one, lane)


def test_what_waits_for_others_is_in_the_open_lane() -> None:
    assert {tool.name for tool in TOOLS if tool.lane is not Lane.OPEN} == {"plan"}


def test_the_store_is_not_waited_for_while_a_plan_is_made(tmp_path: Path) -> None:
    with Runtime(database_url=f"sqlite:///{tmp_path}/store.db") as runtime:
        runtime.jobs  # noqa: B018 - opened
        found = list[object]()
        with runtime.reading:
            other = threading.Thread(target=lambda: found.append(runtime.jobs.store), daemon=True)
            other.start()
            other.join(10)
        assert found == [runtime.jobs.store]
