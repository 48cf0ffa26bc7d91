"""How fast a store of many jobs lists, filters and shows the newest.

python -m benchmarks.many_jobs [--jobs 100000] [--home DIR]

The jobs are rows as a training leaves them, each with a plan of its own and four lines of history; one in ten
is a trial of an experiment. Medians of processor time, of commands what they take more than with few jobs.
The goal is 100 ms for each question. A home that was made before is used again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.detect import machine
from benchmarks.jobs import make_plan
from skillbank.jobs.database import JOBS, TRANSITIONS
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.store import JobStore
from skillbank.runtime import Runtime
from skillbank.stored import now

_ROUNDS = 7
_FEW = 40
_GOAL = 100.0
_ACTIONS = ("train", "evaluate", "inference", "export")
_SKILLS = ("tao-train-grounding-dino", "tao-train-rtdetr", "tao-train-segformer")
_SPEC = {f"block{block}": {f"key{key}": key / 7 for key in range(20)} for block in range(10)}


def main() -> int:
    """Make the store, measure and print a table; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder) / "many"
        os.environ.pop("SKILLBANK_DATABASE_URL", None)
        few = Path(folder) / "few"
        with opened(few) as runtime:
            fill(runtime.jobs.store, _FEW)
        measures = measured(home, few, given.jobs)
    print(f"{machine()}; {given.jobs:,} jobs, load {os.getloadavg()[0]:.1f}")
    print("| question | processor ms |\n|---|---|")
    for question, spent in measures.items():
        print(f"| {question} | {spent:.1f}{'' if spent <= _GOAL else ', MISSED'} |")
    return int(max(measures.values()) > _GOAL)


def measured(home: Path, few: Path, count: int) -> dict[str, float]:
    """Return the processor time of each question, in milliseconds."""
    from skillbank.web.browsing import Browsing

    with opened(home) as runtime:
        store = runtime.jobs.store
        fill(store, count)
        oldest, newest = f"bench{0:08d}xyz", f"bench{count - 1:08d}xyz"
        browsing: Any = Browsing(runtime)
        measures = {
            "the newest 20": median(lambda: store.list(limit=20)),
            "the newest 20 that are no trials": median(lambda: store.newest(20, trials=False)),
            "20 that failed": median(lambda: store.list(state=JobState.ERROR, limit=20)),
            "20 that run, of which there are none": median(
                lambda: store.list(state=JobState.RUNNING, limit=20)
            ),
            "20 evaluations of one skill": median(
                lambda: store.list(action="evaluate", skill=_SKILLS[1], limit=20)
            ),
            "20 of a platform that has none": median(lambda: store.list(platform="slurm", limit=20)),
            "`last`": median(lambda: store.get("last")),
            "`last:train` of a skill": median(lambda: store.get("last:train", skill=_SKILLS[0])),
            "one job by its id, the oldest": median(lambda: store.get(oldest)),
            "one job by the end of its id": median(lambda: store.get(newest[-9:])),
            "the page's `/api/jobs`": median(lambda: browsing.jobs(None)),
        }
    for words in (("jobs",), ("status", "last:train")):
        more = statistics.median(command(home, *words) - command(few, *words) for _ in range(_ROUNDS))
        measures[f"`skillbank {' '.join(words)}`, beyond what it takes with {_FEW} jobs"] = more
    return measures


def opened(home: Path) -> Runtime:
    """Return a runtime of a home."""
    os.environ["SKILLBANK_HOME"] = str(home)
    return Runtime()


def fill(store: JobStore, count: int) -> None:
    """Write the jobs that are lacking."""
    with store.engine.begin() as db:
        there = db.scalar(sa.select(sa.func.count()).select_from(JOBS)) or 0
        for first in range(there, count, 1000):
            jobs, lines = [], []
            for number in range(first, min(first + 1000, count)):
                row, history = job(number)
                jobs.append(row)
                lines += history
            db.execute(JOBS.insert(), jobs)
            db.execute(TRANSITIONS.insert(), lines)


def job(number: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the row of a job that has ended, and the lines of its history."""
    plan = json.loads(json.dumps(_plan()))
    plan["spec"]["seed"] = number
    name, at = f"bench{number:08d}xyz", now() + timedelta(seconds=number)
    ended = JobState.ERROR if number % 9 == 0 else JobState.COMPLETE
    row = {
        **_template(),
        "id": name,
        "created": at,
        "plan": plan,
        "plan_id": f"{number:064x}",
        "skill": _SKILLS[number % len(_SKILLS)],
        "action": _ACTIONS[number % len(_ACTIONS)],
        "state": ended.value,
        "experiment": f"search{number // 1000}" if number % 10 == 0 else None,
        "settled": at,
    }
    states = (JobState.PENDING, JobState.RUNNING, JobState.RUNNING, ended)
    return row, [{"job_id": name, "at": at, "state": each.value, "message": "as told"} for each in states]


def _plan() -> dict[str, Any]:
    plan: dict[str, Any] = make_plan(0).model_dump(mode="json")
    return {**plan, "spec": {**_SPEC}}


def _template() -> dict[str, Any]:
    plan = make_plan(0)
    record = JobRecord(
        id="x",
        created=now(),
        plan_id=plan.plan_id,
        plan=plan.model_dump(mode="json"),
        skill="s",
        action="train",
        platform="local",
        results_dir=tempfile.gettempdir(),
        state=JobState.COMPLETE,
    )
    return record.model_dump(mode="json", exclude={"history", "created", "uploaded", "settled"})


def median(question: Callable[[], Any]) -> float:
    """Return the median processor time of a question, in milliseconds."""
    spent = []
    for _ in range(_ROUNDS):
        before = time.process_time()
        question()
        spent.append(1000 * (time.process_time() - before))
    return statistics.median(spent)


def command(home: Path, *words: str) -> float:
    """Return the processor time of a command, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "skillbank", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SKILLBANK_HOME": str(home)},
    )
    if done.returncode > 1:  # 1 is the status of a job that failed
        raise SystemExit(done.stderr or done.stdout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


if __name__ == "__main__":
    sys.exit(main())
