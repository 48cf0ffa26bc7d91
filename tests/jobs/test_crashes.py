from __future__ import annotations

import os
import random
import signal
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.gate import open_gate
from tests.warm import Warm

from skillbank.jobs.record import JobState
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan

LAUNCHER = """
    import sys
    from pathlib import Path
    from skillbank.home import database_url
    from skillbank.jobs.service import Jobs
    from skillbank.jobs.store import JobStore
    from skillbank.plan.model import Plan
    from tests.gate import open_gate
    jobs = Jobs(JobStore(database_url()), open_gate)
    plan = Plan.model_validate_json(Path(sys.argv[1]).read_text())
    print("ready", flush=True)
    jobs.wait(jobs.launch(plan).id)
"""


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_nothing_and_starts_nothing_twice(
    store: JobStore, make_plan: Callable[..., Plan], tmp_path: Path
) -> None:
    jobs, runs = Jobs(store, open_gate), tmp_path / "runs"
    code = f"""
import os, time
with open({str(runs)!r}, "a") as runs:
    print(os.environ["SKILLBANK_JOB_ID"], file=runs)
time.sleep(0.2)
"""
    (tmp_path / "plan.json").write_text(make_plan(code).model_dump_json())
    draw = random.Random(0)
    with Warm("skillbank.jobs.service", "skillbank.platforms.local.platform", "tests.gate") as warm:
        for _ in range(30):
            launcher = warm.begin(textwrap.dedent(LAUNCHER), str(tmp_path / "plan.json"))
            deadline = time.monotonic() + 60
            while not warm.out.read_text():
                assert time.monotonic() < deadline, warm.err.read_text()
                time.sleep(0.005)
            time.sleep(draw.uniform(0, 0.25))
            os.killpg(launcher, signal.SIGKILL)
            assert warm.end().returncode == -signal.SIGKILL
    records = [jobs.wait(record.id, timeout=120) for record in store.list()]
    # A machine so busy that every launcher was killed before it began to launch has nothing to show.
    started = runs.read_text().split() if runs.exists() else []
    assert len(started) == len(set(started))
    ended = {record.id for record in records if record.state is JobState.COMPLETE}
    never = {record.id for record in records if record.failure and record.failure.name == "launcher_died"}
    assert ended | never == {record.id for record in records}
    assert ended <= set(started)
    # A program that had hardly started when its launcher was found dead may have been stopped again.
    assert len(set(started) & never) <= 1
