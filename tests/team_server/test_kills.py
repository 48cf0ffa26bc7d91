"""Two server processes on PostgreSQL, one killed during launches: none is lost, none is doubled."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from skillbank.jobs.database import APPROVALS, JOBS
from skillbank.jobs.store import JobStore
from tests.postgres import Cluster
from tests.team_server.conftest import DECIDES, WORKS, People, Served, serving

pytestmark = pytest.mark.slow
LAUNCHES, AT_ONCE = 6, 3


def children(process: int) -> list[int]:
    """Return the server processes below the one that watches over them."""
    return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))


def insist(server: Served, token: str, method: str, path: str, body: Any = None) -> httpx2.Response:
    """Ask until there is an answer, as a client does whose server was killed."""
    end = time.monotonic() + 120
    while True:
        try:
            with server.client(token) as client:
                return client.request(method, path, json=body)
        except httpx2.HTTPError:
            assert time.monotonic() < end
            time.sleep(0.1)


def launched(server: Served, people: People, data: Path, number: int) -> str:
    robot, ann = people.secrets["robot"], people.secrets["ann"]
    words = {"text": f"train the toy detector on {data}", "epochs": number + 1}
    answer = insist(server, robot, "POST", "/api/plans", words).json()
    [plan] = answer["plans"]
    launch = {"plan_id": plan["plan_id"], "idempotency_key": f"launch-{number}"}
    for _ in range(20):
        answer = insist(server, robot, "POST", "/api/launches", launch).json()
        if "job" in answer:
            return str(answer["job"])
        assert answer["error"]["code"] == "needs_approval", answer
        subject = answer["approval"]["subject"]
        for asked in insist(server, ann, "GET", "/api/questions").json()["questions"]:
            if asked["subject"] == subject:
                yes = {"approve": True, "question": asked["question"]}
                insist(server, ann, "POST", f"/api/questions/{asked['number']}", yes)
    raise AssertionError("never launched")


def test_a_killed_process_loses_and_doubles_nothing(
    postgres: Cluster, environment: dict[str, str], bank: Path, data: Path, tmp_path: Path
) -> None:
    url = postgres.url()
    people = People(url)
    people.add("robot", "cars", WORKS, agent=True)
    people.add("ann", "cars", DECIDES)
    told = {**environment, "SKILLBANK_DATABASE_URL": url}
    with serving(told, bank, tmp_path / "log", "--processes", "2") as server:
        working = children(server.process.pid)
        assert len(working) == 2
        with ThreadPoolExecutor(AT_ONCE) as pool:
            waiting = [pool.submit(launched, server, people, data, number) for number in range(LAUNCHES)]
            wait(waiting, return_when=FIRST_COMPLETED)
            os.kill(working[0], signal.SIGKILL)
            jobs = [each.result() for each in waiting]
        metrics = insist(server, people.secrets["ann"], "GET", "/metrics").text
        assert "skillbank_requests_total" in metrics
    with JobStore(url) as store, store.engine.connect() as db:
        kept = Counter(key for (key,) in db.execute(sa.select(JOBS.c.idempotency_key)) if key)
        used = db.scalar(sa.select(sa.func.count()).where(APPROVALS.c.used.is_not(None)))
        left = db.scalar(sa.select(sa.func.count()).where(APPROVALS.c.used.is_(None)))
    assert len(set(jobs)) == LAUNCHES and set(kept.values()) == {1}
    assert len([key for key in kept if "launch-" in key]) == LAUNCHES
    assert (used, left) == (LAUNCHES, 0), "every approval started one job"
