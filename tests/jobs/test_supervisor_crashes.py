"""kill -9 of launcher and supervisor at each of their steps: nothing lost, nothing twice, no wrong state."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.command_lines import processes_of
from tests.gate import open_gate
from tests.warm import Warm

from skillbank.jobs.attendance import attend, work_left
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.jobs.supervisor import Supervisor
from skillbank.plan.model import Plan

MakePlan = Callable[..., Plan]

# The first attempt ends by a failure of the infrastructure, the next ones do their work.
PROGRAM = """
import os, sys, yaml
out = yaml.safe_load(open(sys.argv[1]))["results_dir"]
with open(RUNS, "a+") as runs:
    print(os.environ["SKILLBANK_JOB_ID"], file=runs, flush=True)
    runs.seek(0)
    first = len(runs.readlines()) == 1
os.makedirs(out + "/train")
for i in range(3):
    with open(f"{out}/train/{i}.bin", "w") as file:
        file.write(str(i) * 1000)
if first:
    sys.exit("RuntimeError: NCCL error: remote process exited")
"""

DRIVER = "import sys; from tests.jobs.crash_driver import main; main(*sys.argv[1:])"
POINTS = [
    f"{name}:{when}:{number}"
    for name, numbers in {
        "create": (1, 2),
        "spec": (1, 2),
        "submit": (1, 2),
        "bind": (1, 2),
        "transition": (1, 2, 3, 4),
        "upload": (1, 2),
        "send": (2, 4),
        "again": (1,),
        "update": (3, 4, 5),
    }.items()
    for number in numbers
    for when in ("before", "after")
]


def recover(store: JobStore) -> list[JobRecord]:
    """Look at the jobs as any later command does, and finish what is left."""
    jobs = Jobs(store, open_gate)
    for _ in range(10):
        for record in store.list():
            if work_left(jobs.refresh(record.id)) or not record.state.terminal:
                Supervisor(jobs, first_pause=0.05).run(record.id)
    return store.list()[::-1]


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm("tests.jobs.crash_driver") as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_kill_9_at_a_step(
    point: str, store: JobStore, make_plan: MakePlan, tmp_path: Path, s3: Any, home: Path, warm: Warm
) -> None:
    runs = tmp_path / "runs"
    plan = make_plan(f"RUNS = {str(runs)!r}\n{PROGRAM}", results_root="s3://bucket")
    (tmp_path / "plan.json").write_text(plan.model_dump_json())
    done = warm.run(DRIVER, str(tmp_path / "plan.json"), point)
    assert done.returncode == -signal.SIGKILL, f"the point was not reached: {done.stderr}"

    records = recover(store)
    started = runs.read_text().split() if runs.exists() else []
    by_id = {record.id: record for record in records}
    assert len(set(started)) == len(started), "launched twice"
    assert set(started) <= set(by_id), "a job without a record"
    followers = [record.retry_of for record in records if record.retry_of]
    assert len(set(followers)) == len(followers), "two attempts follow the same job"
    for record in records:
        end = Path(record.results_dir) / "job" / "exit.json"
        assert record.state.terminal and record.settled is not None and not work_left(record)
        if record.id in started and end.exists():
            code = json.loads(end.read_text())["exit_code"]
            assert (record.state, record.exit_code) == (
                JobState.ERROR if code else JobState.COMPLETE, code
            ), "a wrong state"  # fmt: skip
            sent = s3.list_objects_v2(Bucket="bucket", Prefix=f"{record.id}/train/")["Contents"]
            assert record.uploaded and len(sent) == 3, "results lost"
        else:
            assert record.failure is not None and record.failure.name == "launcher_died"
    if started:
        assert records[-1].state is JobState.COMPLETE, "the work was lost"
        assert (
            s3.get_object(Bucket="bucket", Key=f"{records[-1].id}/train/2.bin")["Body"].read() == b"2" * 1000
        )


@pytest.mark.slow
def test_a_supervisor_that_was_killed_is_followed_by_another(
    jobs: Jobs, store: JobStore, make_plan: MakePlan, tmp_path: Path, s3: Any
) -> None:
    go = tmp_path / "go"
    code = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.05)"
    record = jobs.launch(make_plan(code, results_root="s3://bucket"))
    killed = set()
    for _ in range(3):
        deadline = time.monotonic() + 120
        while not attend(record):
            assert time.monotonic() < deadline, "the duty of a dead process did not end"
            time.sleep(0.05)
        while not (found := processes_of("skillbank.background.supervisor", record.id)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(1.5)
        for pid in found:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
    go.touch()
    deadline = time.monotonic() + 120
    while jobs.look(record.id).settled is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert store.get(record.id).uploaded is not None and len(killed) >= 3
