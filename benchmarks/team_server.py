"""A team at work: agents that plan, people that review and look, one server on PostgreSQL, and kills.

    python -m benchmarks.team_server --kills 5

Each agent plans a training of Grounding DINO, half of them by REST and half over MCP, lists jobs, and now and
then launches a toy that a person approves at once; each reviewer takes pictures of a label set, marks them as
reviewed, and looks at jobs. The store holds many jobs of earlier days, written by SQL. Every answer is
checked. Said are the times of all answers, the processor time by part, the memory of each server process once
it is warm and at its end, and what a row weighs. It ends with 1 where a launch, a decision, an approval or a
plan was lost or doubled, or an answer was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.cli.conftest import INFO, PROGRAM, TEMPLATE
from tests.postgres import cluster, programs
from tests.team_server.conftest import serving

from benchmarks.team.client import Seen
from benchmarks.team.costs import costs
from benchmarks.team.store import faults, fill, people, weights
from benchmarks.team.upgrades import upgrades
from benchmarks.team.watching import Watch, killing
from benchmarks.team.work import Desk
from skillbank.jobs.store import JobStore


@dataclass(frozen=True)
class Told:
    """The options."""

    seconds: float
    agents: int
    reviewers: int
    plans: float
    launches: int
    jobs: int
    pictures: int
    processes: int
    kills: int
    each: int
    upgrade: bool


def main() -> int:
    """Serve, fill, work, and say how it went."""
    told, began = options(), time.monotonic()

    def tell(what: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s: {what}", file=sys.stderr, flush=True)

    bin_dir = programs()
    if bin_dir is None:
        sys.exit("PostgreSQL is not installed here (apt-get install postgresql)")
    if told.upgrade:
        upgrades(bin_dir, told.jobs)
        return 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        database = stack.enter_context(cluster(bin_dir, durable=True))
        url = database.url()
        os.environ |= {"SKILLBANK_HOME": str(folder / "home"), "SKILLBANK_DATABASE_URL": url}
        os.environ["SKILLBANK_TRUST"] = f"{folder}@*"
        secrets = people(url, told.agents, told.reviewers)
        fill(url, folder, told.jobs, told.pictures)
        tell("the store is filled")
        log = folder / "log"
        server = stack.enter_context(
            serving(os.environ, toy(folder), log, "--processes", str(told.processes))
        )
        seen = Seen()
        if told.each:
            seen = asyncio.run(costs(server, secrets, folder / "data", database.process, told.each))
            tell("the costs are known")
        watch = Watch(server.process.pid, database.process)
        tell("the server answers")
        end, pause = time.monotonic() + told.seconds, 60 * told.agents / told.plans
        desk = Desk(server.url, secrets, seen, end, pause, told.launches, folder / "data")
        asyncio.run(work(desk, watch, told, server.process.pid))
        tell("everybody has gone home")
        say(seen, watch)
        with JobStore(url) as store:
            print("; ".join(weights(store.engine)))
            found = [
                *(f"{said} ({times} times)" for said, times in seen.wrong.items()),
                *faults(store.engine, seen),
            ]
        found += [
            line for line in log.read_text(encoding="utf-8").splitlines() if '"level": "error"' in line
        ][:5]
    print("\n".join(found) or "nothing was lost or doubled, every answer was right")
    return 1 if found else 0


def options() -> Told:
    """Read them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--plans", type=float, default=1000, help="Plans a minute, of all agents together")
    parser.add_argument("--launches", type=int, default=100, help="Of an agent's plans one in so many")
    parser.add_argument("--jobs", type=int, default=100_000, help="Jobs that the store holds before")
    parser.add_argument("--pictures", type=int, default=2500)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--kills", type=int, default=0, help="Server processes killed at random moments")
    parser.add_argument("--each", type=int, default=40, help="Calls of each kind whose cost is taken before")
    parser.add_argument(
        "--upgrade", action="store_true", help="Only upgrade stores of 0.1.0 with --jobs jobs"
    )
    return Told(**vars(parser.parse_args()))


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


async def work(desk: Desk, watch: Watch, told: Told, server: int) -> None:
    """Let all agents and reviewers work until the time is over."""
    watching = asyncio.create_task(watch.run())
    await asyncio.gather(
        *(desk.agent(number) for number in range(told.agents)),
        *(desk.reviewer(number) for number in range(told.reviewers)),
        killing(server, told.kills, told.seconds),
    )
    watching.cancel()


def say(seen: Seen, watch: Watch) -> None:
    """Print the table."""
    print(f"{'asked':14} {'count':>7} {'median ms':>10} {'p99 ms':>8} {'worst ms':>9}")
    every = [ms for found in seen.ms.values() for ms in found]
    for what, found in [*sorted(seen.ms.items()), ("all", every)]:
        ranked = sorted(found)
        p99 = ranked[min(len(ranked) - 1, int(0.99 * len(ranked)))]
        print(f"{what:14} {len(ranked):7} {statistics.median(ranked):10.1f} {p99:8.0f} {ranked[-1]:9.0f}")
    plans = sum(len(found) for what, found in seen.ms.items() if what.startswith("plan "))
    print(
        f"{60 * plans / watch.seconds:.0f} plans a minute, {len(seen.launched)} launches, "
        f"{len(seen.decided)} decisions; {seen.lost} answers lost and asked for again"
    )
    spent = watch.processor()
    print(
        "processor, of one core: "
        + ", ".join(f"{part} {100 * seconds / watch.seconds:.0f} %" for part, seconds in spent.items())
        + f"; load {os.getloadavg()[0]:.1f}"
    )
    for seconds, warm, last in watch.growth():
        print(f"memory of a process: {warm:.0f} MB after a minute, {last:.0f} MB {seconds:.0f} s later")


if __name__ == "__main__":
    sys.exit(main())
