"""A team at work: agents that plan, people that review and look, one server on PostgreSQL, and kills.

    python -m benchmarks.team_server --seconds 300 --kills 5

Each agent plans a training of Grounding DINO, lists jobs, and now and then launches a toy that a person
approves at once; each reviewer takes pictures of a label set, marks them as reviewed, and looks at jobs and
questions. The store holds many jobs of earlier days, written by SQL. Said are the times of all answers, the
memory of the server's processes at the beginning and at the end, and whether a launch, a decision or an
approval was lost or doubled.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa
from tests.cli.conftest import INFO, PROGRAM, TEMPLATE
from tests.postgres import cluster, programs
from tests.team_server.conftest import DECIDES, WORKS, People, serving
from tests.team_server.test_kills import children
from tests.web.sets import make_set, write_truth

from skillbank.jobs.database import APPROVALS, JOBS, TRANSITIONS
from skillbank.jobs.record import JobRecord
from skillbank.jobs.store import JobStore
from skillbank.sets.store import SetStore
from skillbank.team.acting import acting_as
from skillbank.team.person import Person

PROJECT, SET = "cars", "shared"
_LOOKS = 3.0
"""Seconds between two pictures of a reviewer."""
_LAUNCH_EVERY = 40
"""Of an agent's plans one in so many is launched."""


@dataclass
class Seen:
    """What the clients have measured; ``ms`` by what was asked."""

    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    again: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    launched: dict[str, str] = field(default_factory=dict)
    decided: list[int] = field(default_factory=list)


def main() -> None:
    """Serve, fill, work, and say how it went."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--plans", type=float, default=1000, help="Plans a minute, of all agents together")
    parser.add_argument("--jobs", type=int, default=100_000, help="Jobs that the store holds before")
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--kills", type=int, default=0, help="Server processes killed at random moments")
    told = parser.parse_args()
    bin_dir = programs()
    if bin_dir is None:
        sys.exit("PostgreSQL is not installed here (apt-get install postgresql)")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(cluster(bin_dir)).url()
        os.environ |= {"SKILLBANK_HOME": str(folder / "home"), "SKILLBANK_DATABASE_URL": url}
        os.environ["SKILLBANK_TRUST"] = f"{folder}@*"
        people = People(url)
        for name, rights, agent in (("robot", WORKS, True), ("ann", DECIDES, False)):
            people.add(name, PROJECT, rights, agent=agent)
        fill(url, folder, told.jobs, told.pictures)
        options = ("--processes", str(told.processes))
        server = stack.enter_context(serving(os.environ, toy(folder), folder / "log", *options))
        seen = Seen()
        before = memory(server.process.pid)
        with killing(server.process.pid, told.kills, told.seconds):
            asyncio.run(work(server.url, people, told, seen, folder))
        say(told, seen, before, memory(server.process.pid))
        check(url, seen)


def toy(folder: Path) -> Path:
    """Write the toy bank of the tests, whose jobs take a moment."""
    program, skill = folder / "program.py", folder / "bank" / "toy-detector"
    (skill / "references").mkdir(parents=True)
    program.write_text(PROGRAM)
    (skill / "SKILL.md").write_text(
        "---\nname: toy-detector\ndescription: A toy that detects toys.\n---\n# Toy\n"
    )
    info = INFO.format(python=sys.executable, program=program)
    (skill / "references" / "skill_info.yaml").write_text(info)
    for action in ("train", "evaluate"):
        (skill / "references" / f"spec_template_{action}.yaml").write_text(TEMPLATE)
    (folder / "data").mkdir()
    (folder / "data" / "data.txt").write_text("forty-two")
    return folder / "bank"


def fill(url: str, folder: Path, jobs: int, pictures: int) -> None:
    """Write jobs that have ended, one by the store and all others by SQL after it, and a set."""
    from skillbank import Runtime

    person = Person("ann", PROJECT, DECIDES)
    with JobStore(url) as store, Runtime(database_url=url) as runtime, acting_as(person):
        make_set(store, SET, write_truth(folder / "photos", pictures))
        [plan] = runtime.plan("train Grounding DINO on s3://b/old, no HPO")
        fields = {"plan_id": plan.plan_id, "plan": plan.model_dump(mode="json"), "skill": plan.skill.name}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        first = JobRecord.model_validate(
            {**fields, "id": "old-0", "created": now, "action": "train", "platform": "local",
             "results_dir": str(folder / "old"), "state": "COMPLETE", "project": PROJECT}
        )  # fmt: skip
        store.create(first)
        columns = ", ".join(c.name for c in JOBS.columns if c.name not in ("seq", "id", "idempotency_key"))
        lines = ", ".join(c.name for c in TRANSITIONS.columns if c.name not in ("seq", "job_id"))
        with store.engine.begin() as db:
            db.execute(
                sa.text(
                    f"INSERT INTO jobs (id, {columns}) SELECT 'old-' || n, {columns} "
                    "FROM jobs, generate_series(1, :jobs) n WHERE id = 'old-0'"
                ),
                {"jobs": jobs - 1},
            )
            db.execute(
                sa.text(
                    f"INSERT INTO transitions (job_id, {lines}) SELECT 'old-' || n, {lines} "
                    "FROM transitions, generate_series(1, :jobs) n WHERE job_id = 'old-0'"
                ),
                {"jobs": jobs - 1},
            )
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.execute(sa.text("ANALYZE"))


async def work(url: str, people: People, told: Any, seen: Seen, folder: Path) -> None:
    """Let all agents and reviewers work until the time is over."""
    end = time.monotonic() + told.seconds
    limits = httpx2.Limits(max_connections=told.agents + told.reviewers + 5)
    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits) as web:
        desk = Desk(web, people.secrets, seen, end, folder)
        pause = 60 * told.agents / told.plans
        agents = (desk.agent(number, pause) for number in range(told.agents))
        reviewers = (desk.reviewer(number) for number in range(told.reviewers))
        await asyncio.gather(*agents, *reviewers)


@dataclass
class Desk:
    """What clients do."""

    web: httpx2.AsyncClient
    secrets: dict[str, str]
    seen: Seen
    end: float
    folder: Path

    async def ask(self, who: str, what: str, method: str, path: str, **more: Any) -> httpx2.Response:
        """Ask, again where the server's process was killed meanwhile, and note how long the answer took."""
        headers = {"authorization": f"Bearer {self.secrets[who]}", **more.pop("headers", {})}
        while True:
            began = time.perf_counter()
            try:
                answer = await self.web.request(method, path, headers=headers, **more)
            except httpx2.HTTPError:
                self.seen.again += 1
                await asyncio.sleep(0.1)
                continue
            self.seen.ms[what].append(1000 * (time.perf_counter() - began))
            if answer.status_code >= 400 and answer.status_code not in (409, 412):
                self.seen.refused[f"{what} {answer.status_code}"] += 1
            return answer

    async def agent(self, number: int, pause: float) -> None:
        """Plan at a steady pace, and launch now and then."""
        await asyncio.sleep(random.random() * pause)
        turn = 0
        while (began := time.monotonic()) < self.end:
            turn += 1
            launches = turn % _LAUNCH_EVERY == number % _LAUNCH_EVERY
            words = (
                f"train the toy detector on {self.folder / 'data'}"
                if launches
                else "train Grounding DINO on s3://b/t, no HPO"
            )
            body = {"text": words, "epochs": 1 + 1000 * number + turn}
            planned = (await self.ask("robot", "plan", "POST", "/api/plans", json=body)).json()
            if turn % 4 == 0:
                await self.ask("robot", "list jobs", "GET", "/api/jobs")
            if launches and "plans" in planned:
                await self.launch(planned["plans"][0]["plan_id"], f"agent-{number}-{turn}")
            await asyncio.sleep(max(0.0, began + pause - time.monotonic()))

    async def launch(self, plan: str, key: str) -> None:
        """Launch a plan by the approval of a person."""
        body = {"plan_id": plan, "idempotency_key": key}
        for _ in range(20):
            answer = (await self.ask("robot", "launch", "POST", "/api/launches", json=body)).json()
            if "job" in answer:
                self.seen.launched[key] = answer["job"]
                return
            subject = answer.get("approval", {}).get("subject")
            waiting = (await self.ask("ann", "questions", "GET", "/api/questions")).json()["questions"]
            for each in (each for each in waiting if each["subject"] == subject):
                yes = {"approve": True, "question": each["question"]}
                await self.ask("ann", "approve", "POST", f"/api/questions/{each['number']}", json=yes)

    async def reviewer(self, number: int) -> None:
        """Take a picture, say that it is reviewed, look at the jobs."""
        await asyncio.sleep(random.random() * _LOOKS)
        one = f"/api/sets/{SET}"
        while time.monotonic() < self.end:
            [*pictures] = (
                (await self.ask("ann", "next", "GET", f"{one}/next?count=1")).json().get("pictures", [])
            )
            for picture in pictures:
                found = await self.ask("ann", "picture", "GET", f"{one}/pictures/{picture}")
                edit = {"seconds": 2, "operations": [{"op": "review"}]}
                match = {"if-match": found.headers.get("etag", '"0"')}
                path = f"{one}/pictures/{picture}/edits"
                answer = await self.ask("ann", "review", "POST", path, json=edit, headers=match)
                if answer.status_code == 200:
                    self.seen.decided.append(picture)
            if number % 4 == 0:
                await self.ask("ann", "list jobs", "GET", "/api/jobs")
            await asyncio.sleep(_LOOKS)


@contextmanager
def killing(process: int, kills: int, seconds: float) -> Iterator[None]:
    """Kill server processes at random moments, from a process of its own."""
    if not kills:
        yield
        return
    killer = os.fork()
    if killer == 0:
        for _ in range(kills):
            time.sleep(seconds / (kills + 1) * random.uniform(0.6, 1.2))
            if working := children(process):
                os.kill(random.choice(working), signal.SIGKILL)
        os._exit(0)
    try:
        yield
    finally:
        os.waitpid(killer, 0)


def memory(process: int) -> float:
    """Return the resident memory of the server's processes, MB."""
    pages = 0
    for each in children(process) or [process]:
        pages += int(Path(f"/proc/{each}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def say(told: Any, seen: Seen, before: float, after: float) -> None:
    """Print the table."""
    print(f"{'asked':12} {'count':>7} {'median ms':>10} {'p99 ms':>8} {'worst ms':>9}")
    every = [ms for found in seen.ms.values() for ms in found]
    for what, found in [*sorted(seen.ms.items()), ("all", every)]:
        ranked = sorted(found)
        p99 = ranked[min(len(ranked) - 1, int(0.99 * len(ranked)))]
        print(f"{what:12} {len(ranked):7} {statistics.median(ranked):10.1f} {p99:8.0f} {ranked[-1]:9.0f}")
    rate = 60 * len(seen.ms["plan"]) / told.seconds
    print(
        f"{rate:.0f} plans a minute; memory {before:.0f} MB before, {after:.0f} MB after; "
        f"asked again {seen.again}"
    )
    print(f"refused: {dict(seen.refused) or 'nothing'}; load {os.getloadavg()[0]:.1f}")


def check(url: str, seen: Seen) -> None:
    """Compare what clients were told with what the store holds."""
    with JobStore(url) as store, store.engine.connect() as db:
        keys = Counter(key for (key,) in db.execute(sa.select(JOBS.c.idempotency_key)) if key)
        used = db.scalar(sa.select(sa.func.count()).where(APPROVALS.c.used.is_not(None)))
        reviewer = Person("ann", PROJECT, DECIDES)
        with acting_as(reviewer):
            reviewed = SetStore(store.engine).open(SET).summary().reviewed
    doubled = sum(1 for count in keys.values() if count > 1)
    print(
        f"launches told {len(seen.launched)}, kept {len(keys)}, doubled {doubled}; approvals used {used}; "
        f"pictures told as reviewed {len(set(seen.decided))}, kept {reviewed}"
    )


if __name__ == "__main__":
    main()
