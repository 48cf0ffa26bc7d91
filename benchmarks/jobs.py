"""Run many short jobs on a few slots of the local platform and print what skillbank adds to them.

python -m benchmarks.jobs [--jobs 200] [--slots 8] [--seconds 1.0] [--database URL]

Each slot launches a job, supervises it to its end and takes the next one, as an experiment does. Ideal is
jobs times seconds over slots; what is above it is the cost of records, processes and looking. Processor time
tells more than wall time on a machine that others use too.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.gate import open_gate

from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.jobs.supervisor import Supervisor
from skillbank.plan.model import Plan, Policy, Route, SkillRef


def make_plan(seconds: float) -> Plan:
    """Return a plan whose program waits: what it costs itself is next to nothing."""
    return Plan(
        skill=SkillRef(name="benchmark", version="1", digest="d", bank="b"),
        action="train",
        route=Route(name="direct", reason="policy off"),
        automl_policy=Policy(value="off", source="user"),
        platform="local",
        image=None,
        command=("sleep", str(seconds)),
        spec={"results_dir": "{results_dir}"},
    )


def main() -> None:
    """Run all jobs and print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--database", help="SQLAlchemy URL; by default SQLite in a temporary home")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["SKILLBANK_HOME"] = home
        with JobStore(arguments.database or f"sqlite:///{Path(home) / 'skillbank.db'}") as store:
            measure(
                Jobs(store, open_gate),
                arguments.jobs,
                arguments.slots,
                make_plan(arguments.seconds),
                arguments.seconds,
            )


def measure(jobs: Jobs, count: int, slots: int, plan: Plan, seconds: float) -> None:
    """Run the jobs in as many threads as there are slots."""
    launches: list[float] = []

    def one(_: int) -> JobRecord:
        start = time.perf_counter()
        record = jobs.launch(plan)
        launches.append(time.perf_counter() - start)
        return Supervisor(jobs).run(record.id)

    start, before = time.perf_counter(), processor_seconds()
    with ThreadPoolExecutor(slots) as pool:
        records = list(pool.map(one, range(count)))
    wall, processor = time.perf_counter() - start, processor_seconds() - before
    assert all(record.state is JobState.COMPLETE and record.settled for record in records)
    assert len({record.id for record in records}) == count
    ideal = count * seconds / slots
    print(f"{os.cpu_count()} processors; {count} jobs of {seconds} s on {slots} slots")
    print(
        f"wall {wall:.1f} s (ideal {ideal:.1f}), {count / wall:.2f} jobs/s, "
        f"busy slots {count * seconds / wall:.1f}"
    )
    print(
        f"launch: median {statistics.median(launches) * 1000:.0f} ms, longest {max(launches) * 1000:.0f} ms"
    )
    print(f"processor time for each job, its own processes included: {processor / count * 1000:.0f} ms")


def processor_seconds() -> float:
    """Return what this process and its children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
