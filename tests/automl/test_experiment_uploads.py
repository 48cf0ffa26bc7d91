"""Results on S3: trials bring theirs away, and the experiment its report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from skillbank.automl.controller import Controller
from skillbank.home import database_url
from skillbank.jobs.record import JobState
from tests.automl.simulated import make_plan, open_jobs


def test_trials_and_report_arrive(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)
    jobs, _ = open_jobs(database_url(), tmp_path / "logs")
    plan = make_plan(max_recommendations=2).model_copy(update={"results_root": "s3://bucket/root"})
    record = jobs.launch(plan)
    assert Controller(jobs, record.id).run().state is JobState.COMPLETE
    # Supervisors, processes of their own, know no simulated platform: one that finds its trial running dies,
    # and the next look starts another.
    deadline = time.monotonic() + 120
    while waiting := [job.id for job in jobs.store.list() if job.uploaded is None]:
        assert time.monotonic() < deadline, f"the results of {waiting} are not brought away"
        for job in waiting:
            jobs.look(job)
        time.sleep(0.2)
    jobs.store.close()
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="bucket")["Contents"]]
    assert f"root/{record.id}/report.html" in keys and f"root/{record.id}/train/status.json" in keys
    assert sum(key.endswith(".pth") for key in keys) >= 1
