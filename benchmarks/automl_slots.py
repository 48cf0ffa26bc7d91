"""How busy a search keeps its slots: a rung of trials with sampled durations, as real processes.

python -m benchmarks.automl_slots [--trials 27] [--slots 8] [--seconds 10]

Each trial is a job on the platform local that sleeps for its sampled time and reports a metric. Ideal is the
same list of durations on slots that hand over in no time. Busy slots are counted while trials wait to be
started: at the end of a rung slots are empty because there is nothing left to do.
"""

from __future__ import annotations

import argparse
import heapq
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.gate import open_gate

from skillbank.automl.charter import Charter, objectives_of
from skillbank.automl.controller import Controller
from skillbank.automl.events import EventLog
from skillbank.automl.experiment import Experiment
from skillbank.automl.platform import ExperimentPlatform
from skillbank.jobs.record import SEARCH, RetryPolicy
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan, Policy, Route, SkillRef
from skillbank.platforms.base import Platform
from skillbank.platforms.registry import get_platform

PROGRAM = r"""
seconds=$(sed -n 's/^  seconds: //p' "$1"); out=$(sed -n 's/^results_dir: //p' "$1")/train
mkdir -p "$out"; sleep "$seconds"
echo '{"epoch": 0, "max_epoch": 1, "kpi": {"val_mAP50": '"$seconds"'}}' > "$out/status.json"
"""


def schema(seconds: float) -> dict[str, Any]:
    """Return a space whose one parameter is how long a trial takes: from half to twice the mean."""
    number = {"type": "number", "default": seconds, "minimum": seconds / 2, "maximum": seconds * 2}
    return {
        "type": "object",
        "automl_default_parameters": ["train.seconds"],
        "properties": {"train": {"type": "object", "properties": {"seconds": number}}},
    }


def make_plan(trials: int, slots: int, seconds: float) -> Plan:
    """Return the plan of the search."""
    return Plan(
        skill=SkillRef(name="benchmark", version="1", digest="d", bank="b"),
        action="train",
        route=Route(name="automl", reason="benchmark"),
        automl_policy=Policy(value="on", source="user"),
        platform="local",
        image=None,
        command=("sh", "-c", PROGRAM, "sh", "{config_path}"),
        spec={"results_dir": "{results_dir}", "train": {"seconds": seconds}},
        metric="val_mAP50",
        metric_direction="maximize",
        automl={
            "algorithm": "random",
            "max_recommendations": trials,
            "parallel": slots,
            "metrics": ["val_mAP50"],
            "directions": ["maximize"],
        },
    )


def open_jobs(url: str, seconds: float) -> Jobs:
    """Return jobs that know the benchmark's space."""

    def charter(plan: Plan, retry: RetryPolicy) -> Charter:
        return Charter(schema_document=schema(seconds), retry=retry)

    def platform(name: str) -> Platform:
        return ExperimentPlatform(jobs, charter) if name == SEARCH else get_platform(name)

    jobs = Jobs(JobStore(url), open_gate, platforms=platform)
    return jobs


def ideal(durations: list[float], slots: int) -> float:
    """Return how long the durations take in their order on slots that hand over in no time."""
    free = [0.0] * slots
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)


def busy(stands: Experiment) -> float:
    """Return the mean number of slots whose program runs, from the first start to the last.

    A trial counts from its start to its own sampled time later; what the controller takes to see its end and
    to start the next one is idle time.
    """
    spans = [
        (t.started.timestamp(), t.started.timestamp() + t.values["train.seconds"])
        for t in stands.trials.values()
        if t.started is not None
    ]
    begun, last = min(a for a, _ in spans), max(a for a, _ in spans)
    return float(sum(max(0.0, min(b, last) - a) for a, b in spans) / (last - begun))


def main() -> None:
    """Run one rung and print what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=27)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--database", help="SQLAlchemy URL; by default SQLite in a temporary home")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["SKILLBANK_HOME"] = home
        jobs = open_jobs(arguments.database or f"sqlite:///{Path(home) / 'skillbank.db'}", arguments.seconds)
        plan = make_plan(arguments.trials, arguments.slots, arguments.seconds)
        record = jobs.launch(plan)
        cpu, begun = time.process_time(), datetime.now(UTC)
        ended = Controller(jobs, record.id).run()
        used = time.process_time() - cpu
        stands = Experiment(objectives_of(plan), EventLog(jobs.store.engine).read(record.id))
        jobs.store.close()
    durations = [trial.values["train.seconds"] for trial in stands.trials.values()]
    wall = (max(trial.ended or begun for trial in stands.trials.values()) - begun).total_seconds()
    best = ideal(durations, arguments.slots)
    print(f"{arguments.trials} trials of {min(durations):.1f} to {max(durations):.1f} s: {ended.state}")
    print(f"{'ideal':<34}{best:8.1f} s")
    print(f"{'taken':<34}{wall:8.1f} s   {wall / best:.2f}x")
    print(f"{'slots busy while trials wait':<34}{busy(stands):8.2f} of {arguments.slots}")
    print(f"{'processor time of the controller':<34}{used:8.1f} s")


if __name__ == "__main__":
    main()
