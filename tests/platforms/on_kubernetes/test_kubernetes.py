"""The Kubernetes platform against a server that speaks the protocol and pods that are real processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.jobs.record import JobState
from skillbank.jobs.service import Jobs
from tests.platforms.on_kubernetes.conftest import MakePlan
from tests.platforms.on_kubernetes.server import Server

pytestmark = pytest.mark.slow


def text(jobs: Jobs, job: str) -> str:
    return "".join(jobs.logs(job))


def test_a_job_runs_in_a_pod_and_leaves_results_and_log(
    jobs: Jobs, make_plan: MakePlan, server: Server
) -> None:
    plan = make_plan("cat $0; echo hello $$; echo made > made; ls / > /left-inside; sleep 0.5")
    plan = plan.model_copy(update={"command": (*plan.command, "{config_path}")})
    record = jobs.launch(plan)
    assert record.native_id == f"kubernetes:vision/{record.id}"
    [_] = server.cluster.pods()
    record = jobs.wait(record.id)
    assert record.state is JobState.COMPLETE and record.exit_code == 0, record
    said = text(jobs, record.id)
    assert said.startswith(f"results_dir: {record.results_dir}\nhello ") and said.split()[-1].isdigit()
    assert Path(record.results_dir, "made").read_text() == "made\n"
    assert not Path("/left-inside").exists()
